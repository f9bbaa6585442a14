"""The door's status: what staff see in `state`, and every part's fault, from one list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edgegate import app
from edgegate.app import Recognition
from edgegate.clock import Clock, rfc3339, wall_of
from edgegate.config import MODEL_ALONE, Config
from edgegate.events.vocabulary import Event
from edgegate.lock.interface import LockInterface, another_door
from edgegate.service.health import Health

Ask = Callable[[], str | None]
"""Returns the reason that a part does not do all that it should, now; None while it does. It must not wait."""


class DoorStatus:
    """One door's status. `parts` is the list: every part that can fail has a name there and is asked here.

    `locked_out_until` is asked when a lock-out ends, in monotonic seconds; None while there is none.
    """

    def __init__(
        self,
        config: Config,
        lock: LockInterface,
        recognition: Recognition,
        parts: Mapping[str, Ask],
        locked_out_until: Callable[[], float | None],
        clock: Clock,
    ) -> None:
        self._config, self._clock = config, clock
        self._locked_out_until = locked_out_until
        self._lockout_shown: tuple[float | None, str | None] = (None, None)
        """The end of a lock-out, and how `state` names it: always in the same words, whatever the clock does."""
        self._lock = lock
        self._recognition = recognition
        self._parts = parts
        self._health = Health()

    def look(self, now: float) -> list[Event]:
        """Asks every part. Returns the events due."""
        return self._health.look(now, {name: ask() for name, ask in self._parts.items()})

    def state(self) -> dict[str, Any]:
        identity_network = self._recognition.identity_network
        with_whom = "alone" if self._config.recognition.model_alone else "and embedder"
        status = self._lock.status()
        return {
            "lock": "locked" if status.locked else "unlocked",
            "door": status.door,
            "mode": "fire" if status.fire else status.mode,
            "locked_out_until": self._lockout_in_words(),
            "liveness": self._config.liveness.mode,
            **({"recognition": f"{identity_network.pack.task} {with_whom}"} if identity_network else {}),
            "degraded": self._health.degraded,
        }

    def _lockout_in_words(self) -> str | None:
        until = self._locked_out_until()
        if until != self._lockout_shown[0]:
            self._lockout_shown = (until, None if until is None else rfc3339(wall_of(self._clock, until)))
        return self._lockout_shown[1]

    def in_a_line(self) -> str:
        """Returns the line for `systemctl status`."""
        degraded = "; ".join(f"{part}: {reason}" for part, reason in self._health.degraded.items())
        return f"degraded: {degraded}" if degraded else "in service"


def lock_fault(config: Config, lock: LockInterface) -> str | None:
    """Returns the reason that the lock cannot be driven, or that its keeper has another `[door]` than this daemon read.

    The second refuses nobody. The daemon cannot know which of the two is older; the commands in this order mend either.
    """
    if lock.fault is not None:
        return lock.fault
    remark = another_door(lock.status(), config.door.wiring)
    return None if remark is None else f"{remark}; systemctl reload edgegate"


def recognition_fault(config: Config, recognition: Recognition) -> str | None:
    """Returns the faults of the networks, in words; None if there is none."""
    identity_network = recognition.identity_network
    missing = app.unenrolled(identity_network, recognition.identifier) if identity_network else ()
    remarks = [MODEL_ALONE] if config.recognition.model_alone else []
    remarks += (
        [f"{identity_network.pack.name} names {', '.join(missing)}: not enrolled"]
        if identity_network and missing
        else []
    )
    if (slowness := app.slowness_in_words(recognition.analyzer)) is not None:
        remarks.append(slowness)
    return "; ".join(remarks) or None


def unreadable(recognition: Recognition) -> str | None:
    """Returns how many people's key is lost, in words; `check` and `people list` name them. None if nobody's is."""
    lost = recognition.identifier.unreadable
    return f"the key of {lost} people's templates is missing" if lost else None
