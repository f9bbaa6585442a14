"""One visit at a whole door, with every call that it makes able to fail: the real gate, loop, journal, socket, keeper,
spool and lock, on mock pins and a virtual clock, and a witness at the pin that believes nobody.
"""

from __future__ import annotations

import json
import queue
import socket
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin

from edgegate import journal as journals
from edgegate.access.gate import Gate, GateRules
from edgegate.access.observation import Sighting
from edgegate.clock import VirtualClock, rfc3339
from edgegate.errors import JournalError
from edgegate.events.cloudevents import CloudEvent, Origin
from edgegate.events.vocabulary import Event
from edgegate.journal import Journal
from edgegate.keeper.__main__ import listen
from edgegate.keeper.client import KEEPER, KeeperClient, parse_reference
from edgegate.keeper.server import Server
from edgegate.keeper.spool import Spool
from edgegate.lock.controller import LockController
from edgegate.lock.wiring import Wiring
from edgegate.loop.turn import Loop
from tests.support.failing import Calls, FailingDisk, Socket, database
from tests.support.fakes import FakePipeline, frame_at, seen

RULES = GateRules(
    unlock_seconds=3.0, max_frame_age=0.5, rearm_seconds=2.0, decide_after_frames=3, refuse_after_frames=3
)
WIRING = Wiring(
    pins="mock", unlock_seconds=3.0, exit_seconds=4.0, lock_pin=17, exit_pin=20, contact_pin=21, stuck_seconds=3600.0
)


class Pin(MockPin):
    """A pin with a switch to ground where it is an input, and with somebody who watches where it is an output."""

    grounded = False
    watch: Any = None

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        if self.grounded:
            self._change_state(False)

    def _change_state(self, value: bool) -> bool:
        changed: bool = super()._change_state(value)
        if changed and self.watch is not None:
            self.watch(value)
        return changed


class Witness:
    """Sees the lock's pin, and at each edge what the journal's file held at that moment."""

    def __init__(self, path: Path, clock: VirtualClock) -> None:
        self._path, self._clock = path, clock
        self.pressing = False
        self.grants_used = 0
        self.unlocks = 0
        self.allowed_until = float("-inf")
        self.wrong: list[str] = []

    def __call__(self, level: bool) -> None:
        now = self._clock.monotonic()
        if level:
            self._unlocked(now)
        elif now > self.allowed_until + 1e-6:
            self.wrong.append(f"at {now:g} it was unlocked beyond {self.allowed_until:g}")

    def press(self) -> None:
        self.pressing = True
        self.allowed_until = max(self.allowed_until, self._clock.monotonic() + WIRING.exit_seconds)

    def _unlocked(self, now: float) -> None:
        self.unlocks += 1
        if self.pressing:
            return
        with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT event FROM events WHERE event LIKE '%access.granted%' ORDER BY seq").fetchall()
        granted = [json.loads(text) for (text,) in rows]
        if len(granted) <= self.grants_used:
            self.wrong.append(f"at {now:g} it unlocked and no new grant was in the journal")
            return
        self.grants_used = len(granted)
        age = now - seconds(granted[-1]["data"]["frame_at"])
        if not -0.001 <= age <= RULES.max_frame_age + 0.001:
            self.wrong.append(f"at {now:g} it unlocked by evidence {age:g} s old")
        self.allowed_until = max(self.allowed_until, now + RULES.unlock_seconds)


def seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


class Door:
    """The daemon's side and the keeper's, either of which can be killed."""

    def __init__(self, folder: Path, calls: Calls) -> None:
        self._folder, self._calls = folder, calls
        self.path = folder / "journal.db"
        self.clock = VirtualClock()
        self.witness = Witness(self.path, self.clock)
        self.told: list[CloudEvent] = []
        self.view: tuple[Sighting, ...] = ()
        self._factory = MockFactory(pin_class=Pin)
        self._pin(WIRING.contact_pin).grounded = True
        self._pin(WIRING.lock_pin).watch = self.witness
        self._start_keeper()
        self._start_daemon()

    def see(self, *view: Sighting, after: float = 0.25) -> None:
        """A frame; before it the keeper's news is asked for, as a thread does in the daemon."""
        self.clock.advance(self.clock.monotonic() + after)
        self._pause()
        self._client._listen_once()
        self._pipeline.view = view
        with suppress(JournalError):  # as the daemon does
            self._loop.turn(frame_at(self.clock.monotonic() - 0.05))
        self._pause()

    def rest(self) -> None:
        """Nobody is there until everything has locked, been published and been acknowledged."""
        for _ in range(7):
            self.see(after=1.0)

    def press_exit(self) -> None:
        self.witness.press()
        self._pin(WIRING.exit_pin).drive_low()
        assert self.unlocked, "egress always works"
        self._pin(WIRING.exit_pin).drive_high()
        self.witness.pressing = False
        self._pause()

    def swing(self) -> None:
        """The door opens, and closes again."""
        self._pin(WIRING.contact_pin).drive_high()
        self.clock.advance(self.clock.monotonic() + 0.1)
        self._pin(WIRING.contact_pin).drive_low()
        self._pause()

    @property
    def unheard(self) -> Counter[tuple[str, str]]:
        """Events of the lock since its keeper was last started that are not in the journal."""
        said = Counter((f"io.edgegate.{event.type}", rfc3339(event.at)) for event in self.said)
        return said - Counter((event["type"], event["time"]) for event in self.written())

    @property
    def unlocked(self) -> bool:
        return bool(self._pin(WIRING.lock_pin).state)

    @property
    def waiting(self) -> int:
        """The number of events that the keeper has published and the daemon has not acknowledged."""
        return len(self._spool.pending(0, 1000))

    def written(self) -> list[CloudEvent]:
        return list(journals.read(self.path))

    def kill_daemon(self) -> None:
        """And start it again: what was in its memory is gone."""
        self._leave()
        self._start_daemon()

    def kill_keeper(self) -> None:
        """And start it again: what its file held at that moment is all that stays."""
        kept = self._spool.path.read_bytes()
        self._stop_keeper()
        self._spool.path.write_bytes(kept)
        self._start_keeper()

    def close(self) -> None:
        self._leave()
        self._stop_keeper()

    def _start_keeper(self) -> None:
        self._rounds = threading.Semaphore(0)
        self._spool = Spool(self._folder / "events", disk=FailingDisk(self._calls))
        self._listener = Socket.of(self._calls, "keeper", listen(self._folder / "keeper.sock", 0o600, None))
        self._server = Server(self._listener, self._spool, self.clock, self._rounds.release)
        self.said: list[Event] = []
        self._lock = LockController(WIRING, self.clock, self._factory, self._hear)
        self._thread = threading.Thread(target=self._server.run, args=(self._lock,))
        self._thread.start()
        self._pause()

    def _stop_keeper(self) -> None:
        self._server.stop()
        self._thread.join(10)
        self._lock.close()
        self._listener.close()
        self._spool.close()

    def _start_daemon(self) -> None:
        changes: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._client = KeeperClient(self._folder / "keeper.sock", self.clock, changes.put, self._socket)
        origin = Origin("home", "front", "b1")
        self._journal = Journal(self.path, origin=origin, clock=self.clock, outbox=True, factory=database(self._calls))
        last = journals.last_with(self.path, KEEPER)
        self._client.take_up_after(None if last is None else parse_reference(last))
        self._pipeline = FakePipeline()
        gate = Gate(RULES, "embedder-1")
        self._loop = Loop(
            self._pipeline, gate, self._journal, self._client, changes, self.clock, lambda _: None, self._tell
        )

    def _leave(self) -> None:
        self._client.close()
        self._journal.close()

    def _hear(self, event: Event) -> None:
        """Hands an event of the lock to the keeper, and keeps it for the test."""
        self.said.append(event)
        self._server.tell(event)

    def _tell(self, event: CloudEvent) -> None:
        self.told.append(event)
        self._client.written(event)

    def _socket(self, *args: Any) -> socket.socket:
        return Socket.of(self._calls, "daemon", socket.socket(*args))

    def _pin(self, number: int) -> Pin:
        pin: Pin = self._factory.pin(number)
        return pin

    def _pause(self) -> None:
        """Wait until the keeper has gone round twice: it has heard what was, and done what follows."""
        while self._rounds.acquire(blocking=False):
            pass
        for _ in range(2):
            self._server.waker.send(b"\0")
            assert self._rounds.acquire(timeout=30), "the keeper died"


def visit(door: Door) -> Iterator[None]:
    """Somebody unknown, then Ann, who goes in; somebody goes out. It yields after each step."""
    for view, frames in [((seen(None),), 4), ((), 2), ((seen(track=2),), 4)]:
        for _ in range(frames):
            door.see(*view)
            yield
    for act in (door.swing, door.see, door.press_exit, door.see, door.see):
        act()
        yield


def afterwards(door: Door) -> None:
    """Nothing fails any more: everything comes to rest, and somebody comes and goes once more."""
    door.rest()
    for _ in range(4):
        door.see(seen(track=9))
    door.rest()
    door.press_exit()
    door.rest()
