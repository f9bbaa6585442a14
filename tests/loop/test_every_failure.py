"""Every journal statement, commit, socket call and write of the spool in one visit fails, each in its turn.

Nothing may be unlocked wrongly, and nothing may be lost that was acknowledged: by the journal to its readers, by
the spool to the lock, by the daemon to the keeper.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from edgegate import journal as journals
from edgegate.events.cloudevents import CloudEvent
from tests.support.failing import Calls
from tests.support.program import essence
from tests.support.visited import Door, afterwards, visit

GRANTED, UNLOCKED, LOCKED, EXIT = "access.granted recognised", "lock.unlocked", "lock.locked", "exit.requested"
LATE = pytest.mark.parametrize("late", [False, True], ids=["undone", "done"])


class Run:
    """One visit in which calls fail; then perhaps a process dies, so many steps later."""

    def __init__(self, folder: Path, calls: Calls, die: Callable[[Door], None] | None = None, steps: int = 0) -> None:
        folder.mkdir()
        self.calls = calls
        self.door = Door(folder, calls)
        try:
            calls.armed = True
            for _ in visit(self.door):
                steps -= bool(calls.failed)
                if die is not None and steps < 0:
                    calls.armed = False
                    die(self.door)
                    die = None
            calls.armed = False
            self.recovered_at = self.door.clock.monotonic()
            afterwards(self.door)
        finally:
            self.door.close()
        self.events = self.door.written()
        self.happened = Counter(map(essence, self.events))

    def check(self) -> None:
        """Invariants, whatever failed and whichever process died."""
        assert not self.door.unlocked
        assert self.door.witness.wrong == []
        assert self.door.waiting == 0, "the keeper's news has arrived"
        assert not self.door.unheard, "none of it is lost"
        assert journals.verify(self.door.path).intact
        by_id = {event["id"]: event for event in self.events}
        for told in self.door.told:
            assert by_id[told["id"]] == json.loads(json.dumps(told)), "what was told was durable, and still is"
        self._check_the_keepers_events()
        self._check_recovery()

    def check_that_nothing_is_lost(self) -> None:
        """Invariants as long as no process died."""
        happened = self.happened
        assert happened[UNLOCKED] == happened[LOCKED] == self.door.witness.unlocks, "each is in the journal, once"
        assert happened[EXIT] == 2
        assert happened["door.opened"] + happened["door.forced_open"] == happened["door.closed"] == 1
        assert happened["access.denied unknown"] <= 1

    def _check_the_keepers_events(self) -> None:
        """Each is written once, in order; and while the spool lives, none is left out."""
        references = [event["data"]["keeper"].split("/") for event in self.events if "keeper" in event["data"]]
        assert len({spool for spool, _ in references}) == 1
        numbers = [int(number) for _, number in references]
        assert numbers == sorted(set(numbers))

    def _check_recovery(self) -> None:
        """Once nothing fails any more the next visit is as if nothing had ever failed."""
        new = [event for event in self.events if _seconds(event) > self.recovered_at + 7.0]
        assert [essence(event) for event in new] == [
            GRANTED, UNLOCKED, "access.unused", LOCKED, EXIT, UNLOCKED, LOCKED
        ]  # fmt: skip


def _seconds(event: CloudEvent) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


def sweep(
    folder: Path, *, late: bool, at_once: int = 1, die: Callable[[Door], None] | None = None, steps: int = 0
) -> int:
    """Fail at each call in turn, until a visit has none left to fail; the answer is how many there were."""
    for number in itertools.count(1):
        run = Run(folder / str(number), Calls(range(number, number + at_once), late=late), die, steps)
        try:
            run.check()
            if die is None:
                run.check_that_nothing_is_lost()
        except (AssertionError, LookupError) as error:
            error.add_note(f"after the failure of {run.calls.failed}: {list(map(essence, run.events))}")
            raise
        if not run.calls.failed:
            return number - 1
    raise AssertionError


def test_a_visit_in_which_nothing_fails(tmp_path: Path) -> None:
    run = Run(tmp_path / "door", Calls(()))
    run.check()
    run.check_that_nothing_is_lost()
    assert run.happened[GRANTED] == 2
    assert run.happened["access.denied unknown"] == 1


@LATE
def test_each_call_fails_once(tmp_path: Path, *, late: bool) -> None:
    assert sweep(tmp_path, late=late) > 80


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("at_once", [2, 3, 10])
@LATE
def test_each_call_fails_and_those_after_it(tmp_path: Path, at_once: int, *, late: bool) -> None:
    assert sweep(tmp_path, late=late, at_once=at_once) > 80


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("die", [Door.kill_daemon, Door.kill_keeper])
@pytest.mark.parametrize("steps", [0, 1])
@LATE
def test_each_call_fails_and_a_process_dies_soon_after(
    tmp_path: Path, die: Callable[[Door], None], steps: int, *, late: bool
) -> None:
    assert sweep(tmp_path, late=late, die=die, steps=steps) > 80
