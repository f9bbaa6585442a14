"""The relock timer: one call to come, at a moment that may be changed."""

from __future__ import annotations

from collections.abc import Callable

from edgegate.clock import Clock
from edgegate.errors import LockError


class RelockTimer:
    """Calls `wake` with the moment for which it was armed, on the clock's thread. Its user guards it."""

    def __init__(self, clock: Clock, wake: Callable[[float], None]) -> None:
        self._clock, self._wake = clock, wake
        self._armed: float | None = None
        self._cancel: Callable[[], None] | None = None

    def arm(self, due: float | None) -> None:
        """Call at `due` instead of at the moment before; raises LockError where that cannot be had, and keeps it."""
        if due == self._armed:
            return
        superseded = self._cancel
        try:
            self._cancel = None if due is None else self._clock.call_at(due, lambda: self._wake(due))
        except Exception as error:  # noqa: BLE001  whatever the reason, without a timer no request opens
            raise LockError(f"the relock timer cannot be armed, so the door stays as it is: {error}") from None
        self._armed = due
        if superseded:
            superseded()

    def ran(self, at: float) -> None:
        """Take note of its call: it is not armed for `at` any more."""
        if self._armed == at:
            self._armed = self._cancel = None

    def disarm(self) -> None:
        self._armed = None
        if self._cancel:
            self._cancel()
            self._cancel = None
