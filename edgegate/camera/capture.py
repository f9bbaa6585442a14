"""The capture thread: reads the camera as fast as it gives, keeps the newest frame, reopens what went away."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edgegate.camera import Source
from edgegate.clock import Clock, SystemClock
from edgegate.errors import CameraError
from edgegate.events.vocabulary import CameraFault
from edgegate.types import Frame

log = logging.getLogger(__name__)

FIRST_REOPEN_SECONDS = 0.5
HANG_SECONDS = 30.0
"""A reader that has not come back for so long hangs in its driver for good. Every source here gives up far sooner."""


class Slot:
    """Room for one frame: the newest replaces one that nobody took."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self.dropped = 0
        """Frames replaced before anybody took them."""

    def put(self, frame: Frame) -> None:
        with self._changed:
            self.dropped += self._frame is not None
            self._frame = frame
            self._changed.notify()

    def take(self, timeout: float) -> Frame | None:
        """The newest frame, waited for up to `timeout` seconds; None if none came."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None, timeout)
            frame, self._frame = self._frame, None
            return frame


class Capture:
    """Owns the thread that reads the camera.

    What went wrong is told in attributes, for the main loop to look at each turn. A camera that goes away is
    opened again, 0.5 seconds after the last try began and then twice as long each time, up to
    `reopen_max_seconds`; anything else that goes wrong ends the thread. A read that hangs in a driver cannot be
    noticed here: see `CameraHealth`, and `hung`.

    `stopping` is shared with sources that wait by themselves (a paced recording).
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        slot: Slot,
        reopen_max_seconds: float,
        stopping: threading.Event | None = None,
        clock: Clock | None = None,
        hang_seconds: float | None = None,
    ) -> None:
        self._open_source = open_source
        self._slot = slot
        self._reopen_max_seconds = reopen_max_seconds
        self._stopping = stopping or threading.Event()
        self._clock = clock or SystemClock()
        self._hang_seconds = hang_seconds
        self._asked_at: float | None = None
        self._again = threading.Event()
        self._delay = FIRST_REOPEN_SECONDS
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self.complaint: tuple[CameraFault, str] | None = None
        """The reason why there is no camera now, as a word and in words; None while frames come."""
        self.ended = False
        """The source said that there will be no more frames."""
        self.failed: Exception | None = None
        """The error that ended the thread, though it should not have: the whole process should end with it."""

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout: float) -> bool:
        """Stop, waiting up to `timeout` seconds; False if the thread hangs in a driver and is left behind."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def fault(self) -> str | None:
        """Returns why there is no camera now, in words; None while frames come."""
        return None if self.complaint is None else self.complaint[1]

    def reopen(self) -> None:
        """Have the camera closed and opened again, once its reader comes back."""
        self._again.set()

    @property
    def hung(self) -> bool:
        """The reader has not come back from its driver for `hang_seconds` (None: it may take its time).

        A thread cannot be ended from outside, and the device stays taken while it hangs: only a new process helps.
        """
        asked_at = self._asked_at
        if asked_at is None or self._hang_seconds is None:
            return False
        return self._clock.monotonic() - asked_at >= self._hang_seconds

    def _run(self) -> None:
        try:
            while not self._finished():
                self._watch()
        except Exception as error:  # noqa: BLE001  a thread cannot raise; the main loop does it in its stead
            self.failed = error

    def _finished(self) -> bool:
        return self.ended or self._stopping.is_set()

    def _watch(self) -> None:
        """From opening a source until it ends or goes away."""
        began = self._asked_at = self._clock.monotonic()
        try:
            source = self._open_source()
            try:
                self._pump(source)
            finally:
                source.close()
        except CameraError as error:
            self._note(error)
            self._asked_at = None
            self._stopping.wait(max(0.0, began + self._delay - self._clock.monotonic()))
            self._delay = min(2 * self._delay, self._reopen_max_seconds)

    def _pump(self, source: Source) -> None:
        self._again.clear()
        while not self._finished() and not self._again.is_set():
            self._asked_at = self._clock.monotonic()
            frame = source.read()
            if frame is None:
                self.ended = True
                return
            self._slot.put(frame)
            self.complaint = None
            self._delay = FIRST_REOPEN_SECONDS

    def _note(self, error: CameraError) -> None:
        if self.fault != str(error):  # not at every try
            log.warning("%s", error)
        self.complaint = error.fault, str(error)
