"""`edgegate run`: the door in service. It goes on without camera, broker or disk, says so, and recovers."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

from edgegate import __version__, app
from edgegate.broker import Topics, Uplink
from edgegate.camera import health_of, is_recording, open_source
from edgegate.camera.capture import HANG_SECONDS, Capture, Slot
from edgegate.clock import SystemClock
from edgegate.config import Config
from edgegate.errors import EdgegateError, GalleryError, JournalError, LockError
from edgegate.events.cloudevents import TYPE_PREFIX, CloudEvent, Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import last_time
from edgegate.keeper.client import KeeperClient
from edgegate.lock.controller import LockController
from edgegate.loop import live
from edgegate.loop.turn import Turn
from edgegate.service.gallery_watch import GalleryWatch
from edgegate.service.reload import Parts, Reload
from edgegate.service.retention import Retention
from edgegate.service.startup import log_summary, private_names, warn_of_rules
from edgegate.service.status import Ask, DoorStatus, lock_fault, recognition_fault, unreadable
from edgegate.system import logs
from edgegate.system.disk import DiskSpace
from edgegate.system.thermal import HeatWatch
from edgegate.system.watchdog import Watchdog

log = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
"""Seconds that each thread is waited for at the end."""

LOOK_SECONDS = 0.25
"""Seconds between looks at the parts."""

LOOP_PATIENCE_SECONDS = 2.0
"""Seconds that a turn waits for a journal that another process keeps locked, and as many that the look at the parts
waits after it: both are over before the watchdog takes the loop for hung, however long the journal stays locked. What
was not written waits."""


class Daemon:
    """One door. `run` blocks until `stopping` is set, or a recording that serves as the camera has ended.

    Every thread is essential, and one that dies ends the process, to be started again; but for the broker's, which
    the door can do without. A loop that hangs ends the process too: see `watchdog`.
    """

    def __init__(
        self,
        config: Config,
        stopping: threading.Event,
        build_recognition: Callable[[Config], app.Recognition] = app.build_recognition,
        reload: Reload | None = None,
    ) -> None:
        self._config = config
        self._stopping = stopping
        self._build_recognition = build_recognition
        self._reload = reload
        self._clock = SystemClock()
        self._journal_fault: str | None = None
        self._written = False
        """True once the journal took something after that fault."""
        self._looked_at = float("-inf")
        self._seen = False
        self._keeper: KeeperClient | None = None

    def run(self) -> None:
        """Builds everything in order, runs, and takes it down in the mirror order: the lock locks whatever happens."""
        config, clock = self._config, self._clock
        origin = app.origin_of(config)
        changes: queue.SimpleQueue[Event] = queue.SimpleQueue()
        with ExitStack() as stack:
            # The lock comes first and goes last: from here on the pin has its locked level.
            self._lock = app.open_lock(config, clock, changes.put)
            stack.callback(self._lock.close)
            self._watchdog = stack.enter_context(Watchdog(clock, self._lock.close))
            journal = app.open_journal(config, origin, clock, patience=LOOP_PATIENCE_SECONDS)
            stack.callback(journal.close)
            clock.raise_floor(last_time(journal.path))
            if isinstance(self._lock, KeeperClient):
                self._keeper = self._lock
                self._keeper.start(app.last_of_keeper(config))
            self._recognition = self._build_recognition(config)
            logs.hide(lambda: private_names(self._config, self._recognition))
            self._start_retention(stack, origin)
            self._watch = GalleryWatch(self._recognition.identifier, self._stopping)
            self._uplink = self._start_uplink(stack, origin)
            self._loop = app.build_loop(config, self._recognition, journal, self._lock, changes, clock, self._report)
            slot, self._health = Slot(), health_of(config.camera)
            self._capture = Capture(
                lambda: open_source(config.camera, clock, self._stopping),
                slot,
                config.camera.reopen_max_seconds,
                self._stopping,
                clock,
                None if is_recording(config.camera) else HANG_SECONDS,
            )
            self._heat = HeatWatch(config.camera.frames_per_second, clock)
            self._scores = app.build_score_keeper(config, self._recognition, clock, self._stopping)
            if self._scores is not None:
                self._scores.start()
                stack.callback(self._scores.close, CLOSE_SECONDS)
            self._status = DoorStatus(
                config, self._lock, self._recognition, self._parts(), lambda: self._loop.locked_out_until, clock
            )
            with self._in_service():
                self._watch.start()
                stack.callback(self._watch.close, CLOSE_SECONDS)
                self._capture.start()
                stack.callback(self._capture.close, CLOSE_SECONDS)
                self._serve(slot)

    def _parts(self) -> Mapping[str, Ask]:
        """Returns the parts that can fail, by their name in `state`, the events and `check`; see docs/faults.md."""
        config, scores, uplink = self._config, self._scores, self._uplink
        parts: dict[str, Ask] = {
            "camera": lambda: self._health.fault(self._capture.complaint),
            "clock": self._clock.fault,
            "disk": DiskSpace(config.data_dir, config.journal.min_free_megabytes).fault,
            "gallery": lambda: self._watch.fault or unreadable(self._recognition),
            "journal": self._ask_journal,
            "lock": lambda: lock_fault(self._config, self._lock),
            "lock_spool": lambda: self._lock.status().spool,
            "picture": lambda: None if self._health.stalled else self._health.empty,
            "recognition": lambda: recognition_fault(config, self._recognition),
            "retention": lambda: self._retention.fault,
            "temperature": lambda: self._heat.cooling.fault,
        }
        if scores is not None:
            parts["scores"] = lambda: scores.fault
        if uplink is not None:
            parts["broker"] = lambda: uplink.status.problem
        return parts

    def _serve(self, slot: Slot) -> None:
        """Turns until there is a reason to stop. A journal that cannot be written lets nobody in, and that is all."""
        while not (self._stopping.is_set() or self._capture.ended):
            try:
                for turn in self._turns(slot):
                    self._note_first(turn)
                    if self._scores is not None:
                        self._scores.turn(turn)
                    self._housekeep()
            except JournalError as error:
                self._note_journal(str(error))
                self._housekeep()

    def _turns(self, slot: Slot) -> Iterator[Turn | None]:
        cooling = self._heat.cooling
        return live.turns(self._loop, self._capture, slot, self._health, self._clock, self._stopping, cooling)

    def _housekeep(self) -> None:
        """Looks at every part a few times a second, and publishes the state as it is then; called after each turn."""
        now = self._clock.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._look(now)
        if self._uplink is not None:
            self._uplink.set_state(self._status.state())

    def _look(self, now: float) -> None:
        """Looks at the parts. Every step is quick and none is skipped, so that feeding the watchdog means this: a fresh
        frame went through everything, or the camera is known to be down; the lock was read back; and every fault was
        reported, or waits for the journal, whose own fault is reported.
        """
        self._end_with_threads()
        self._heat.look()
        if isinstance(self._lock, LockController):
            with suppress(LockError):  # the lock has reported it, and `fault` says so
                self._lock.tick()
        self._settle(*self._status.look(now))
        self._watchdog.feed(self._status.in_a_line())
        if self._reload is not None and self._reload.asked:
            self.reload(self._reload)

    def reload(self, reload: Reload) -> None:
        """Puts in force what the configuration says now."""
        parts = Parts(self._loop, self._recognition, self._retention, self._scores)
        self._config = reload.carry_out(self._config, parts, self._clock)
        warn_of_rules(self._config, self._recognition, self._clock.wall())

    def _end_with_threads(self) -> None:
        """An essential thread that has died takes the process with it."""
        for thread in (self._watch, self._retention, self._keeper, self._scores):
            if thread is not None and thread.failed is not None:
                raise thread.failed

    @contextmanager
    def _in_service(self) -> Iterator[None]:
        log_summary(self._config, self._recognition, self._clock.wall())
        ended = {}
        uncleanly = app.ended_uncleanly(self._config)
        self._write(EventType.SERVICE_STARTED, {"version": __version__, "liveness": "off"} | uncleanly)
        try:
            yield
        except BaseException as error:
            ended["reason"] = str(error) if isinstance(error, EdgegateError) else repr(error)
            raise
        finally:
            self._watchdog.stopping()
            self._lock.close()
            self._settle(*self._status.look(self._clock.monotonic()))
            self._write(EventType.SERVICE_STOPPED, ended)
            self._publish_the_end()

    def _write(self, what: EventType, data: dict[str, str]) -> None:
        self._settle(Event(what, self._clock.monotonic(), data=data))

    def _settle(self, *events: Event) -> None:
        """Writes events to the journal, now or as soon as it can be written."""
        try:
            self._loop.settle(*events)
        except JournalError as error:
            self._note_journal(str(error))

    def _publish_the_end(self) -> None:
        """Waits until a connected broker has acknowledged everything; another one gets it at the next start."""
        if self._uplink is not None and self._uplink.status.connected:
            self._uplink.set_state(self._status.state())
            self._uplink.flush(CLOSE_SECONDS)

    def _start_uplink(self, stack: ExitStack, origin: Origin) -> Uplink | None:
        config = self._config
        if not config.mqtt.enabled:
            return None
        uplink = Uplink(
            config.mqtt,
            Topics(config.site.name, config.site.door),
            lambda: app.open_journal(config, origin, self._clock),
            self._watch.name_of,
        )
        uplink.start()
        stack.callback(uplink.close, CLOSE_SECONDS)
        return uplink

    def _start_retention(self, stack: ExitStack, origin: Origin) -> None:
        config = self._config
        try:
            self._recognition.gallery.migrate()
        except GalleryError as error:
            log.warning("templates are not encrypted yet: %s", error)
        self._retention = Retention(
            self._recognition.gallery,
            lambda: app.open_journal(config, origin, self._clock),
            app.open_scores(config),
            self._clock,
            config.privacy.retention_days,
            self._stopping,
        )
        self._retention.start()
        stack.callback(self._retention.close, CLOSE_SECONDS)

    def _report(self, event: CloudEvent) -> None:
        self._written = True
        data = event["data"] if self._config.service.log_names else event["data"] | {"person": None}
        logs.report(log, event["type"].removeprefix(TYPE_PREFIX), data, event.get("subject"))
        if self._keeper is not None:
            self._keeper.written(event)
        if self._uplink is not None:
            self._uplink.notify()

    def _note_first(self, turn: Turn | None) -> None:
        if turn is not None and not self._seen:
            self._seen = True
            log.info("the first frame is processed: the door is in service")

    def _note_journal(self, fault: str) -> None:
        if fault != self._journal_fault:
            log.error("nobody is let in until this is mended: %s", fault)
        self._journal_fault, self._written = fault, False

    def _ask_journal(self) -> str | None:
        """Returns the journal's fault. It lasts until something could be written, and at least until asked for once."""
        fault = self._journal_fault
        if self._written:
            self._journal_fault = None
        return fault
