"""Lock-outs as the journal tells them: it is the truth about whether one runs, over restarts too.

Every process that may append to the journal may release a lock-out, from another process: the daemon looks there.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from edgegate import journal
from edgegate.clock import Clock
from edgegate.errors import EdgegateError
from edgegate.events.cloudevents import TYPE_PREFIX, CloudEvent
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Journal

log = logging.getLogger(__name__)

ASK_SECONDS = 0.1
"""Seconds that the loop waits for a journal that cannot be read: it asks again a second later."""


def running_until(path: Path, clock: Clock) -> float | None:
    """Returns the end of the lock-out that the journal has, in monotonic seconds; None if it has none.

    One that ended by time while nobody was there to tell is past by now. A clock that was set back makes it no
    longer than it was to be.
    """
    started = _last_start(path)
    if started is None:
        return None
    seconds = float(started["data"]["seconds"])
    gone = clock.wall() - datetime.fromisoformat(started["time"]).timestamp()
    return clock.monotonic() + min(max(seconds - gone, 0.0), seconds)


def is_released(path: Path) -> bool:
    """True if the last lock-out has an end in the journal; False while that cannot be read. The loop asks."""
    try:
        return _last_start(path, ASK_SECONDS) is None
    except EdgegateError as error:
        log.warning("whether staff released the lock-out cannot be known: %s", error)
        return False


def release(log_of_door: Journal, clock: Clock) -> bool:
    """Write down that staff ends the lock-out; False, and nothing is written, if the journal tells of none.

    One of which no end was written may run at the door, whatever this process's clock says: the door has its own.
    """
    if _last_start(log_of_door.path) is None:
        return False
    log_of_door.append([Event(EventType.LOCKOUT_ENDED, clock.monotonic(), data={"reason": "released"})])
    return True


def _last_start(path: Path, patience: float = journal.PATIENCE_SECONDS) -> CloudEvent | None:
    """The start of a lock-out that has no end yet."""
    last = journal.last_of(path, EventType.LOCKOUT_STARTED, EventType.LOCKOUT_ENDED, patience=patience)
    return last if last is not None and last["type"] == TYPE_PREFIX + EventType.LOCKOUT_STARTED else None
