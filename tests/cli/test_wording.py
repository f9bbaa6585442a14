"""Words for people on terminals: nothing that steers them, and sums that are right in number and in grammar."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import pytest

from edgegate.cli.replay_words import Summary
from edgegate.cli.wording import in_words, position
from edgegate.clock import VirtualClock
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Journal
from edgegate.loop.turn import Turn
from edgegate.system.terminal import escaped, printable
from tests.support.program import Program
from tests.support.turns import START, denied, granted, sighting, turn

STEERING = "\x1b[2J \x9b2J \u202e \u2066 \u2069 \u200f \u2028 \x00 \ue000 \U000e0041"


def test_what_steers_a_terminal_is_taken_out_of_lines() -> None:
    assert printable(f"Zoë 王小明 {STEERING}").isprintable()
    assert printable("Zoë 王小明").startswith("Zoë 王小明")


@pytest.mark.parametrize("value", [{"a": [STEERING, "Zoë 王小明 😀"]}, "\ud800"])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_escaped_and_means_the_same(value: object, indent: int | None) -> None:
    shown = escaped(json.dumps(value, ensure_ascii=False, indent=indent))
    assert json.loads(shown) == value
    assert all(line.isprintable() for line in shown.split("\n"))
    assert "Zoë 王小明 😀" in shown or value == "\ud800"


def test_the_message_on_a_wrong_call_steers_no_terminal(edgegate: Program) -> None:
    for call in (["replay", "x\x9b\u202e.avi"], ["replay", "x.avi", "--start-time", "\x9b\u202e"], ["\x9b\u202e"]):
        result = edgegate(*call)
        assert result.status == 2
        assert result.problem.isprintable()


def test_lines_of_json_are_escaped_on_a_terminal_and_as_they_are_in_a_pipe(edgegate: Program) -> None:
    journal = Journal(
        edgegate.data / "journal.db", origin=Origin("home", "front", "b"), clock=VirtualClock(), outbox=False
    )
    journal.append([Event(EventType.DEGRADED, 0.0, None, {"part": "camera", "reason": STEERING})])
    journal.close()
    piped, shown = edgegate.run("journal", "export"), edgegate.on_terminal("journal", "export")
    assert shown.events == piped.events
    assert piped.events[0]["data"]["reason"] == STEERING
    assert "\u202e" in piped.out
    assert shown.out.removesuffix("\n").isprintable()


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, "0:00.0"), (3.4, "0:03.4"), (59.96, "1:00.0"), (600.0, "10:00.0"), (3723.45, "1:02:03.4")],
)
def test_positions_are_written_as_players_do(seconds: float, shown: str) -> None:
    assert position(seconds) == shown


def test_an_event_of_a_recording_has_its_time_and_no_door() -> None:
    event = granted("Ada") | {"time": "2026-01-01T00:00:03.400Z"}
    assert in_words(event, start=START) == "0:03.4  access.granted    Ada  recognised  score 0.980, needs 0.950"


def summed_up(turns: Iterable[Turn]) -> str:
    summary = Summary()
    for one in turns:
        summary.add(one)
    return summary.in_words()


def test_where_nobody_came_it_says_so() -> None:
    assert summed_up(turn(seq) for seq in range(481)) == "48 s: nobody was seen"
    assert summed_up([turn(0)]) == "one picture: nobody was seen"
    assert summed_up([turn(0), turn(905)]) == "1 min 30 s: nobody was seen"


def test_visits_are_counted_by_what_came_of_each() -> None:
    first, second, third = sighting(0.98, 1), sighting(0.8, 2), sighting(None, 3)
    turns = [turn(0, [first], [granted(track=1)]), turn(240, [second], [denied(track=2)]), turn(480)]
    assert summed_up(turns) == "48 s, 2 visits, 1 granted, 1 refused"
    assert summed_up([turn(0, [first]), turn(480, [first], [granted()])]) == "48 s, 1 visit, 1 granted"
    undecided = "1 not decided (too brief, too unclear, or behind somebody nearer)"
    assert summed_up([turn(0, [third]), turn(480)]) == f"48 s, 1 visit, {undecided}"
    assert summed_up([*turns, turn(490, [third])]) == f"49 s, 3 visits, 1 granted, 1 refused, {undecided}"


def test_a_visit_counts_once_and_by_the_last_that_was_decided() -> None:
    one = sighting(0.98)
    late = [turn(0, [one], [granted()]), turn(100, [one], [denied("stale")])]
    assert summed_up(late) == "10 s, 1 visit, 1 refused"
    permitted = [turn(0, [one], [denied("not_permitted_now")]), turn(100, [one], [granted()])]
    assert summed_up(permitted) == "10 s, 1 visit, 1 granted"


def test_tracks_that_turn_out_to_be_one_visit_count_as_one() -> None:
    first, again = sighting(0.98, 1), sighting(0.98, 2)
    turns = [turn(0, [first], [granted()]), turn(50, [again]), turn(100, [replace(again, visit=first.visit)])]
    assert summed_up(turns) == "10 s, 1 visit, 1 granted"
