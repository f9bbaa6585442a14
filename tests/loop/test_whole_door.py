"""A whole door on virtual time, whatever happens at it: gate, loop, journal and lock, on mock pins and with a disk that
fails. Somebody watches the pin, and afterwards the journal alone must account for all that they saw.
"""

from __future__ import annotations

import math
import queue
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edgegate import journal as journals
from edgegate.access.gate import Gate, GateRules
from edgegate.access.observation import Candidate, Sighting, Validity
from edgegate.clock import VirtualClock
from edgegate.errors import JournalError
from edgegate.events.cloudevents import TYPE_PREFIX, CloudEvent, Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Journal
from edgegate.lock.controller import LockController
from edgegate.lock.wiring import Wiring
from edgegate.loop.turn import Loop
from tests.support.audit import Audit, seconds
from tests.support.fakes import FailingJournal, FakePipeline, frame_at, seen
from tests.support.visited import Pin

RULES = GateRules(
    unlock_seconds=3.0, max_frame_age=0.5, rearm_seconds=2.0, decide_after_frames=3, refuse_after_frames=3
)
WIRING = Wiring(
    pins="mock", unlock_seconds=3.0, exit_seconds=4.0, exit_pin=20, contact_pin=21, fire_pin=22, fire_opens=False
)
SHARED = Path("/dev/shm")  # noqa: S108  mkdtemp makes a folder of its own in it
FAST = str(SHARED) if SHARED.is_dir() else None
"""A folder in memory, where there is one: these tests are about order, not about power cuts."""

views = st.sampled_from([
    (), (), (seen(),), (seen(),), (seen("ben", track=2),), (seen(None, track=3),), (seen(frames=2),),
    (seen(usable=False),), (seen(size=50.0), seen(None, track=3)), (seen(score=0.9),),
    (seen(own=Candidate("ben", 0.99, 0.9, 0.1)),), (seen(validity=Validity(until=20.0)),),
])  # fmt: skip


@settings(max_examples=100, stateful_step_count=40, deadline=None)
class WholeDoor(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[CloudEvent] = []
        self.folder = Path(tempfile.mkdtemp(dir=FAST))
        self.path = self.folder / "journal.db"
        self.clock = VirtualClock()
        changes: queue.SimpleQueue[Event] = queue.SimpleQueue()
        factory = MockFactory(pin_class=Pin)
        self.exit, self.contact, self.fire, self.line = (factory.pin(number) for number in (20, 21, 22, 17))
        self.contact.grounded = True
        self.line.watch = self.watch
        self.lock = LockController(WIRING, self.clock, factory, changes.put)
        self.kept = Journal(self.path, origin=Origin("home", "front", "b1"), clock=self.clock, outbox=False)
        self.journal = FailingJournal(self.kept)
        self.pipeline = FakePipeline()
        self.loop = Loop(
            self.pipeline,
            Gate(RULES, "embedder-1"),
            self.journal,
            self.lock,
            changes,
            self.clock,
            lambda _: None,
            self.told.append,
        )
        self.edges = self.grants_used = 0
        self.let_in = self.let_out = self.held = -1.0
        self.by_hand = self.burning = False
        self.wrong: list[str] = []

    def teardown(self) -> None:
        """The disk works again, everything ends by itself, and the journal is read."""
        self.journal.room = math.inf
        if self.burning:
            self.end_fire()
        for _ in range(2):
            self.see((), 90_000.0, 0.0)
        assert not self.line.state
        self.lock.close()
        self.kept.close()
        audit = Audit(RULES.unlock_seconds, WIRING.exit_seconds, RULES.max_frame_age)
        events = list(journals.read(self.path))
        assert audit.read(events) == []
        assert audit.unlocks == self.edges, "every unlock is in the journal"
        assert [event["id"] for event in events] == [event["id"] for event in self.told], "told once, in order"
        assert journals.verify(self.path).intact
        shutil.rmtree(self.folder)

    def watch(self, level: bool) -> None:
        """At every edge of the pin. What is raised here would count as a pin that cannot be driven."""
        self.edges += level
        if not level or self.by_hand:
            return
        granted = [event for event in journals.read(self.path) if event["type"] == TYPE_PREFIX + EventType.GRANTED]
        if len(granted) <= self.grants_used:
            self.wrong.append("unlocked before its cause was committed")
        elif abs(self.clock.monotonic() - seconds(granted[-1]["data"]["frame_at"])) > RULES.max_frame_age + 0.001:
            self.wrong.append("unlocked by evidence that was not fresh")
        if self.lock.status().mode == "lockdown":
            self.wrong.append("unlocked in lockdown")

    @rule(
        view=views,
        after=st.sampled_from([0.1, 0.1, 0.1, 0.2, 1.0, 4.0, 30.0]),
        age=st.sampled_from([0.0, 0.05, 0.05, 0.05, 0.5, 0.6, 20.0, -0.3, -2.0]),
    )
    def see(self, view: tuple[Sighting, ...], after: float, age: float) -> None:
        self.clock.advance(self.clock.monotonic() + after)
        self.pipeline.view = view
        written = len(self.told)
        with suppress(JournalError):
            self.loop.turn(frame_at(self.clock.monotonic() - age))
        kinds = [event["type"].removeprefix(TYPE_PREFIX) for event in self.told[written:]]
        if EventType.GRANTED in kinds:
            assert abs(age) <= RULES.max_frame_age
            self.grants_used += 1
            self.let_in = self.clock.monotonic() + RULES.unlock_seconds

    @rule(who=st.sampled_from(["ann", "ben"]), after=st.sampled_from([0.1, 2.5, 2.5]))
    def come(self, who: str, after: float) -> None:
        """Somebody who may come in, mostly after having been away."""
        self.see((seen(who, track=7),), after, 0.05)

    @rule()
    def press_exit(self) -> None:
        self.by_hand = True
        self.exit.drive_low()
        assert self.line.state, "egress always works"
        self.let_out = self.clock.monotonic() + WIRING.exit_seconds
        self.exit.drive_high()
        self.by_hand = False

    @rule(after=st.sampled_from([0.03, 0.6]))
    def swing(self, after: float) -> None:
        """The contact rattles, or somebody passes."""
        self.contact.drive_high()
        self.clock.advance(self.clock.monotonic() + after)
        self.contact.drive_low()

    @precondition(lambda self: not self.burning)
    @rule()
    def burn(self) -> None:
        self.by_hand = self.burning = True
        self.fire.drive_low()
        self.by_hand = False

    @precondition(lambda self: self.burning)
    @rule()
    def end_fire(self) -> None:
        self.fire.drive_high()
        self.burning = False

    @rule(duration=st.sampled_from([0.5, 10.0, 3600.0]))
    def hold(self, duration: float) -> None:
        self.by_hand = True
        if self.lock.hold(duration):
            self.held = self.clock.monotonic() + duration
        self.by_hand = False

    @rule()
    def lockdown(self) -> None:
        self.lock.lockdown()
        self.let_in = self.held = -1.0

    @rule()
    def resume(self) -> None:
        self.lock.resume()
        self.held = -1.0

    @rule(room=st.sampled_from([0, 0, 1, 2, math.inf]))
    def fill_or_free_the_disk(self, room: float) -> None:
        self.journal.room = room

    @invariant()
    def the_pin_is_unlocked_for_a_cause_and_no_longer(self) -> None:
        assert self.wrong == []
        if self.line.state:
            assert self.burning or self.clock.monotonic() < max(self.let_in, self.let_out, self.held)
        if self.burning:
            assert self.line.state, "fire always works"


TestWholeDoor = WholeDoor.TestCase


class ThousandsOfWholeDoors(WholeDoor):
    """The same, for longer."""


TestThousandsOfWholeDoors = pytest.mark.full(pytest.mark.timeout(3600)(ThousandsOfWholeDoors.TestCase))
TestThousandsOfWholeDoors.settings = settings(max_examples=2000, stateful_step_count=60, deadline=None)
