"""Work beside the caller's: done again and again, or waited for only so long."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class Periodic:
    """Calls `look` every `seconds` until `stopping` is set; an exception that ends it is in `failed`."""

    def __init__(
        self,
        name: str,
        look: Callable[[], object],
        seconds: float,
        stopping: threading.Event,
        *,
        at_once: bool = False,
    ) -> None:
        """Prepares the thread. The first call comes `at_once`, or after `seconds` as the others."""
        self._look = look
        self._first = 0.0 if at_once else seconds
        self._seconds = seconds
        self._stopping = stopping
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.failed: Exception | None = None
        """The exception that ended the thread: the whole process should end with it."""

    @property
    def started(self) -> bool:
        return self._thread.ident is not None

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Stops, waiting up to `timeout` seconds for work that is going on; does nothing if never started."""
        self._stopping.set()
        if self.started:
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            wait = self._first
            while not self._stopping.wait(wait):
                self._look()
                wait = self._seconds
        except Exception as error:  # noqa: BLE001  a thread cannot raise; the main loop does it in its stead
            self.failed = error


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """Returns or raises what `work` does; TimeoutError after `seconds`, and then the work is left to itself."""
    done: queue.SimpleQueue[Callable[[], Result]] = queue.SimpleQueue()

    def run() -> None:
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001  a thread cannot raise; the caller does it in its stead
            error = raised

            def answer() -> Result:
                raise error
        else:

            def answer() -> Result:
                return result

        done.put(answer)

    threading.Thread(target=run, daemon=True).start()
    try:
        answer = done.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    return answer()
