"""Reading the configuration again while the door is in service (SIGHUP, `systemctl reload`).

Rules
-----
1. A configuration that has a mistake in it is refused as a whole: the one in force stays.
2. What is looked up at every decision changes between two frames: visits and tracks go on, a pulse that is running
   ends as it began, events are numbered on. What was built at the start (camera, models, pins, broker) needs a
   restart, and goes on as it is. Where a lock keeper drives the pins, it reads `[door]` at its own start: the daemon
   takes it over only to compare it with the keeper's.
3. What is put in force is what a start would build (`app`), and it is in the journal before it counts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgegate import app
from edgegate.app import Recognition
from edgegate.clock import Clock
from edgegate.config import Config
from edgegate.errors import EdgegateError
from edgegate.events.vocabulary import Event, EventType
from edgegate.loop.turn import Loop
from edgegate.loop.visit_scores import ScoreKeeper
from edgegate.service.retention import Retention
from edgegate.system import logs
from edgegate.system.systemd import notify

log = logging.getLogger(__name__)

APPLIES = frozenset(
    {
        "access",
        "door.unlock_seconds",
        "enrolment",  # `enroll` reads it at each call
        "privacy.retention_days",
        "recognition.decide_after_frames",
        "recognition.false_accept_rate",
        "recognition.max_frame_age_ms",
        "recognition.refuse_after_frames",
        "service.log_level",
        "service.log_names",
    }
)
"""Keys, and whole tables, that change without a restart."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The outcome of a reload: the changed keys, and the configuration in force with those that apply."""

    config: Config
    applied: tuple[str, ...]
    needs_restart: tuple[str, ...]

    @property
    def restart(self) -> tuple[str, ...]:
        """Returns the services that must restart for `needs_restart` to apply."""
        keepers = {key for key in self.needs_restart if key.startswith("door.")} if self.config.door.keeper else set()
        waiting = {"edgegate-lock": keepers, "edgegate": {*self.needs_restart} - keepers | {"door.keeper"} & keepers}
        return tuple(service for service, keys in waiting.items() if keys)

    def event(self, at: float) -> Event:
        data = {name: list(getattr(self, name)) for name in ("applied", "needs_restart", "restart")}
        return Event(EventType.SERVICE_RELOADED, at, data=data)


def compare(running: Config, wanted: Config) -> Changes:
    """Sorts the keys that differ into those that apply now and those that do not; as `table.key`, in written order."""
    changed = [
        (table, key)
        for table in Config.model_fields
        for key in type(getattr(wanted, table)).model_fields
        if getattr(getattr(wanted, table), key) != getattr(getattr(running, table), key)
    ]
    apply = [(table, key) for table, key in changed if APPLIES & {table, f"{table}.{key}"}]
    keepers = [(table, key) for table, key in changed if table == "door" and key != "keeper" and running.door.keeper]
    tables: dict[str, Any] = {}
    for table, key in {*apply, *keepers}:
        before = tables.get(table, getattr(running, table))
        tables[table] = before.model_copy(update={key: getattr(getattr(wanted, table), key)})
    return Changes(
        running.model_copy(update=tables),
        tuple(f"{table}.{key}" for table, key in apply),
        tuple(f"{table}.{key}" for table, key in changed if (table, key) not in apply),
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a running door that can be changed."""

    loop: Loop
    recognition: Recognition
    retention: Retention
    scores: ScoreKeeper | None

    def prepare(self, config: Config) -> Callable[[], None]:
        """Builds what follows from `config`; raises EdgegateError where a start would.

        Returns a function that puts it in force, and cannot fail.
        """
        recognition, settings = self.recognition, config.recognition
        deciding = app.gate_rules(config, recognition.analyzer.pack)
        following = app.tracking_rules(config, recognition.identifier)

        def put_in_force() -> None:
            recognition.identifier.change_rate(settings.false_accept_rate, settings.decide_after_frames)
            self.loop.change_rules(deciding, following)
            self.retention.change_days(config.privacy.retention_days)
            if self.scores is not None:
                self.scores.change_rules(settings.decide_after_frames, config.access.rearm_seconds)
            logs.set_level(config.service.log_level)

        return put_in_force


class Reload:
    """A reload, asked for by a signal and done by the daemon between two turns.

    `read` reads the configuration as it is now, from where the start had it; raises EdgegateError.
    """

    def __init__(self, read: Callable[[], Config]) -> None:
        self._read = read
        self.asked = False

    def ask(self) -> None:
        """Asks for a reload, at any moment; a signal handler may do no more."""
        self.asked = True

    def carry_out(self, running: Config, parts: Parts, clock: Clock) -> Config:
        """Returns the configuration in force afterwards. Notifies the service manager of the beginning and the end."""
        self.asked = False
        notify(f"RELOADING=1\nMONOTONIC_USEC={round(clock.monotonic() * 1_000_000)}")
        try:
            changes = compare(running, self._read())
            put_in_force = parts.prepare(changes.config)
            parts.loop.settle()
            parts.loop.write([changes.event(clock.monotonic())])
        except EdgegateError as error:
            self._refuse(error, parts, clock)
            return running
        else:
            put_in_force()
            return changes.config
        finally:
            notify("READY=1")

    def _refuse(self, error: EdgegateError, parts: Parts, clock: Clock) -> None:
        reason = logs.without_passwords("; ".join(str(error).splitlines()))
        try:
            parts.loop.settle(Event(EventType.RELOAD_REFUSED, clock.monotonic(), data={"reason": reason}))
        except EdgegateError as fault:
            log.error("the old configuration stays: %s; and %s", reason, fault)  # noqa: TRY400  one line says it
