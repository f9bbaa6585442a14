"""`edgegate run`: the door in service. It goes on without camera, broker or disk, says so, and recovers."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from edgegate import __version__, app, live
from edgegate.broker import Topics, Uplink
from edgegate.camera import health_of, is_recording, open_source
from edgegate.capture import HANG_SECONDS, Capture, Slot
from edgegate.clock import SystemClock
from edgegate.config import NO_LIVENESS, TRACKER_ALONE, Config
from edgegate.errors import GalleryError, JournalError
from edgegate.events import CloudEvent, Origin
from edgegate.gallery_watch import GalleryWatch
from edgegate.keeper.client import KeeperClient
from edgegate.lock_keeper import LockKeeper
from edgegate.loop import Loop, Turn
from edgegate.privacy import Retention
from edgegate.thermal import HeatWatch
from edgegate.types import Event, EventType

log = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
"""How long each thread is waited for at the end."""


class Daemon:
    """One door. `run` blocks until `stopping` is set, or a recording that serves as the camera has ended."""

    def __init__(self, config: Config, stopping: threading.Event) -> None:
        self._config = config
        self._stopping = stopping
        self._journal_trouble: str | None = None
        self._seen = False
        self._keeper: KeeperClient | None = None

    def run(self) -> None:
        """Build everything in order, run, and take it down in the mirror order: the lock locks whatever happens."""
        config = self._config
        clock = SystemClock()
        origin = app.origin_of(config)
        changes: queue.SimpleQueue[Event] = queue.SimpleQueue()
        with ExitStack() as stack:
            # The lock comes first and goes last: from here on the pin has its locked level.
            lock = app.open_lock(config, clock, changes.put)
            stack.callback(lock.close)
            journal = app.open_journal(config, origin, clock)
            stack.callback(journal.close)
            clock.raise_floor(journal.last_time())
            if isinstance(lock, KeeperClient):
                self._keeper = lock
                lock.start(app.last_of_keeper(config))
            self._recognition = app.build_recognition(config)
            self._start_keeping_private(stack, origin, clock)
            self._uplink = self._start_uplink(stack, origin, clock)
            loop = app.build_loop(config, self._recognition, journal, lock, changes, clock, self._tell)
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
            self._scores = app.build_score_keeper(config, self._recognition.analyzer.pack, clock)
            if self._scores is not None:
                stack.callback(self._scores.close)
            self._watch = GalleryWatch(self._recognition.identifier, self._stopping)
            with self._in_service(loop, lock, clock):
                self._watch.start()
                stack.callback(self._watch.close, CLOSE_SECONDS)
                self._capture.start()
                stack.callback(self._capture.close, CLOSE_SECONDS)
                self._serve(loop, lock, slot, clock)

    def _serve(self, loop: Loop, lock: LockKeeper, slot: Slot, clock: SystemClock) -> None:
        """Turn until there is a reason to stop. A journal that cannot be written lets nobody in, and that is all."""
        while not (self._stopping.is_set() or self._capture.ended):
            try:
                for turn in live.turns(
                    loop, self._capture, slot, self._health, clock, self._stopping, self._heat.cooling
                ):
                    self._note_first(turn)
                    if self._scores is not None:
                        self._scores.turn(turn)
                    self._note_journal(None)
                    self._housekeep(lock)
            except JournalError as error:
                self._note_journal(str(error))
                self._housekeep(lock)

    @contextmanager
    def _in_service(self, loop: Loop, lock: LockKeeper, clock: SystemClock) -> Iterator[None]:
        self._announce()
        self._write(loop, EventType.SERVICE_STARTED, clock, {"version": __version__, "liveness": "off"})
        try:
            yield
        finally:
            lock.close()
            self._write(loop, EventType.SERVICE_STOPPED, clock, {})
            self._tell_the_end(lock)

    def _write(self, loop: Loop, what: EventType, clock: SystemClock, data: dict[str, str]) -> None:
        try:
            loop.settle()
            loop.write([Event(what, clock.monotonic(), data=data)])
        except JournalError as error:
            self._note_journal(str(error))

    def _tell_the_end(self, lock: LockKeeper) -> None:
        """Wait until a broker that is there has heard everything; the others get it at the next start."""
        if self._uplink is not None and self._uplink.status.connected:
            self._uplink.set_state(self._state(lock))
            self._uplink.flush(CLOSE_SECONDS)

    def _start_uplink(self, stack: ExitStack, origin: Origin, clock: SystemClock) -> Uplink | None:
        config = self._config
        if not config.mqtt.enabled:
            return None
        uplink = Uplink(
            config.mqtt,
            Topics(config.site.name, config.site.door),
            lambda: app.open_journal(config, origin, clock),
            app.names_of(config),
        )
        uplink.start()
        stack.callback(uplink.close, CLOSE_SECONDS)
        return uplink

    def _start_keeping_private(self, stack: ExitStack, origin: Origin, clock: SystemClock) -> None:
        config = self._config
        try:
            self._recognition.gallery.carry_over()
        except GalleryError as error:
            log.warning("templates are not encrypted yet: %s", error)
        self._retention = Retention(
            self._recognition.gallery,
            lambda: app.open_journal(config, origin, clock),
            app.open_scores(config),
            clock,
            config.privacy.retention_days,
            self._stopping,
        )
        self._retention.start()
        stack.callback(self._retention.close, CLOSE_SECONDS)

    def _announce(self) -> None:
        log.warning(NO_LIVENESS)
        log.info("%s", app.promise_in_words(self._config, self._recognition.identifier))
        if (trouble := self._recognition_trouble()) is not None:
            log.warning("%s", trouble)
        if (trouble := self._recognition.gallery.trouble()) is not None:
            log.error("%s", trouble)
        for person in self._recognition.identifier.foreign:
            if person.unreadable:
                continue
            log.warning("%s was enrolled with another embedder and cannot be recognised: enrol again", person.id)
        if self._config.door.pins == "mock":
            log.warning("door.pins = mock: nothing is wired, no lock will open")

    def _tell(self, event: CloudEvent) -> None:
        log.info("%s %s", event["type"], event["data"].get("reason", ""))
        if self._keeper is not None:
            self._keeper.written(event)
        if self._uplink is not None:
            self._uplink.notify()

    def _housekeep(self, lock: LockKeeper) -> None:
        """Publish the state as it is now; a thread that has died takes the process with it."""
        self._heat.look()
        for thread in (self._watch, self._retention, self._keeper, self._uplink):
            if thread is not None and thread.failed is not None:
                raise thread.failed
        if self._uplink is not None:
            self._uplink.set_state(self._state(lock))

    def _state(self, lock: LockKeeper) -> dict[str, object]:
        troubles = {
            "camera": self._health.trouble(self._capture.complaint),
            "gallery": self._watch.trouble or self._unreadable(),
            "journal": self._journal_trouble,
            "lock": lock.trouble,
            "recognition": self._recognition_trouble(),
            "scores": self._scores.trouble if self._scores is not None else None,
            "temperature": self._heat.cooling.trouble,
        }
        by = "tracker alone" if self._config.recognition.tracker_alone else "tracker and embedder"
        status = lock.status()
        return {
            "lock": "locked" if status.locked else "unlocked",
            "door": status.door,
            "mode": "fire" if status.fire else status.mode,
            "liveness": self._config.liveness.mode,
            **({"recognition": by} if self._recognition.tracker else {}),
            "degraded": {part: reason for part, reason in troubles.items() if reason is not None},
        }

    def _recognition_trouble(self) -> str | None:
        """What keeps the tracker network from doing what was hoped of it; None without one."""
        tracker = self._recognition.tracker
        missing = app.unenrolled(tracker, self._recognition.identifier) if tracker else ()
        remarks = [TRACKER_ALONE] if self._config.recognition.tracker_alone else []
        remarks += [f"the tracker network names {', '.join(missing)}: not enrolled"] if missing else []
        return "; ".join(remarks) or None

    def _unreadable(self) -> str | None:
        """Whose key is lost, in number: `check` and `people list` say who they are."""
        lost = self._recognition.identifier.unreadable
        return f"the key of {lost} people's templates is missing" if lost else None

    def _note_first(self, turn: Turn | None) -> None:
        if turn is not None and not self._seen:
            self._seen = True
            log.info("the first frame is processed: the door is in service")

    def _note_journal(self, trouble: str | None) -> None:
        if trouble != self._journal_trouble and trouble is not None:
            log.error("nobody is let in until this is mended: %s", trouble)
        self._journal_trouble = trouble
