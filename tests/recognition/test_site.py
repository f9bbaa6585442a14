"""Site calibration: what is kept of visits, whether the promise holds by them, and a threshold that only tightens."""

from __future__ import annotations

import stat
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.access.observation import Candidate, Sighting
from edgegate.clock import VirtualClock
from edgegate.errors import EdgegateError, GalleryError
from edgegate.evaluation.site import check
from edgegate.loop.visit_scores import ScoreKeeper, VisitScores
from edgegate.recognition.identification import Identifier
from edgegate.recognition.site_calibration import DAY_SECONDS, ScoredVisit, ScoreStore, read_threshold, write_threshold
from edgegate.recognition.thresholds import Table, rate_bound
from tests.support.brokers import wait_until
from tests.support.fakes import EMBEDDER, FakePeople, looks, person, photo, seen
from tests.support.holding import calls_noted, held
from tests.support.program import Program
from tests.support.turns import denied, granted, turn

NOW = 1767225600.0
THRESHOLD, RATE = 0.95, 1e-2
STRANGER = ScoredVisit(NOW, 0.90, 0.85, THRESHOLD, None, granted=False, frames=5, embedder=EMBEDDER)
ANN = replace(STRANGER, score=0.98, person="id-ann", granted=True)


# What is kept.


def test_the_file_keeps_numbers_for_so_many_days_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    scores = ScoreStore(tmp_path / "data" / "scores.db", days=7)
    assert scores.visits(EMBEDDER) == ()
    assert not scores.path.exists()
    for day in range(10):
        scores.keep(replace(STRANGER, at=NOW + day * DAY_SECONDS))
    scores.keep(replace(ANN, at=NOW + 9 * DAY_SECONDS, embedder="another"))
    assert [visit.at for visit in scores.visits(EMBEDDER)] == [NOW + day * DAY_SECONDS for day in range(2, 10)]
    assert stat.S_IMODE(scores.path.stat().st_mode) == 0o600
    assert scores.visits("another") == (replace(ANN, at=NOW + 9 * DAY_SECONDS, embedder="another"),)


def test_forgetting_somebody_erases_their_visits(tmp_path: Path) -> None:
    scores = ScoreStore(tmp_path / "scores.db", days=7)
    assert scores.forget("id-ann") == 0
    for visit in (STRANGER, ANN, ANN):
        scores.keep(visit)
    assert scores.forget("id-ann") == 2
    assert scores.visits(EMBEDDER) == (STRANGER,)
    assert b"id-ann" not in scores.path.read_bytes()


def sighting(score: float, margin: float = 0.1, track: int = 1, frames: int = 5) -> Sighting:
    pooled = Candidate("id-1", score, THRESHOLD, margin)
    return replace(seen(track=track, frames=frames), pooled=pooled)


def follow(*steps: tuple[float, Sequence[Sighting], Sequence[dict[str, object]]]) -> list[ScoredVisit]:
    visits = VisitScores(EMBEDDER, frames=5, rearm_seconds=5.0)
    over = [visit for now, view, events in steps for visit in visits.turn(now, NOW + now, view, events)]
    return over + visits.close()


def test_a_visit_is_kept_by_its_highest_scores_once_it_is_over() -> None:
    steps = [(0.0, sighting(0.90, 0.02)), (0.1, sighting(0.94, 0.1)), (0.2, sighting(0.92, 0.05))]
    visits = follow(*((at, [view], []) for at, view in steps), (9.0, [sighting(0.7, track=2)], []))
    first, second = visits
    assert (first, second) == (
        replace(STRANGER, score=0.94, runner_up=first.runner_up),
        replace(STRANGER, at=NOW + 9, score=0.7, runner_up=second.runner_up),
    )
    assert [first.runner_up, second.runner_up] == pytest.approx([0.88, 0.6])


def test_a_visit_says_who_it_was_and_whether_they_were_let_in() -> None:
    view = [sighting(0.98, margin=2.0)]
    (let_in,) = follow((0.0, view, []), (0.1, view, [granted()]), (0.2, view, []))
    (not_now,) = follow((0.0, view, [granted() | {"type": "io.edgegate.access.denied"}]))
    (unknown,) = follow((0.0, view, [denied()]))
    assert (let_in.person, let_in.granted, let_in.runner_up) == ("id-1", True, None)
    assert (not_now.person, not_now.granted) == ("id-1", False)
    assert (unknown.person, unknown.granted) == (None, False)


def test_what_nothing_is_decided_on_is_not_kept() -> None:
    assert follow((0.0, [sighting(0.99, frames=4), replace(seen(None, track=2), pooled=None)], [])) == []


class Keeping:
    """A score keeper for visits of the person `id-1`, who is enrolled, and its thread."""

    def __init__(self, path: Path) -> None:
        self.clock, self.stopping = VirtualClock(NOW), threading.Event()
        self.scores, self.names = ScoreStore(path, 7), {"id-1": "Ann"}
        visits = VisitScores(EMBEDDER, 5, 5.0)
        self.keeper = ScoreKeeper(self.scores, visits, self.clock, self.names.get, self.stopping)

    def visit(self, score: float) -> None:
        """Somebody comes, is let in, and has gone."""
        self.keeper.turn(turn(0, [sighting(score)], [granted()]))
        self.clock.advance(self.clock.monotonic() + 10)
        self.keeper.turn(None)


def test_a_disk_that_cannot_be_written_is_told_and_stops_no_door(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keeping = Keeping(tmp_path / "file" / "scores.db")
    keeping.visit(0.9)
    keeping.keeper.close(5)
    assert keeping.keeper.fault is not None
    assert "cannot be kept" in keeping.keeper.fault


def test_a_file_that_somebody_holds_delays_no_turn_and_loses_no_visit(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path / "scores.db")
    keeping.scores.keep(STRANGER)
    keeping.keeper.start()
    with held(keeping.scores.path):
        keeping.visit(0.9)
        wait_until(lambda: keeping.keeper.fault is not None)
        with calls_noted() as calls:
            for score in (0.91, 0.92, 0.93):
                keeping.visit(score)
        assert ("call", "ScoreKeeper.turn") in calls
        assert [name for _, name in calls if name.startswith("Scores.")] == [], "a turn writes nothing"
    wait_until(lambda: keeping.keeper.fault is None)
    keeping.keeper.close(5)
    assert sorted(visit.score for visit in keeping.scores.visits(EMBEDDER)) == [0.9, 0.9, 0.91, 0.92, 0.93]


def test_a_visit_of_somebody_forgotten_before_it_is_written_is_not_kept(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path / "scores.db")
    keeping.visit(0.9)
    del keeping.names["id-1"]
    keeping.keeper.close(5)
    assert keeping.scores.visits(EMBEDDER) == ()


# Whether the promise holds.


def strangers(*scores: float) -> list[ScoredVisit]:
    return [replace(STRANGER, score=score) for score in scores]


def test_without_visits_nothing_is_shown() -> None:
    result = check([], THRESHOLD, RATE)
    assert (result.verdict, result.bound_95, result.tightened) == ("not shown", 1.0, None)


def test_a_few_strangers_who_stay_below_show_nothing_and_many_show_that_it_holds() -> None:
    few, many = (check(strangers(*[0.9] * count), THRESHOLD, RATE) for count in (100, 300))
    assert (few.verdict, few.bound_95) == ("not shown", rate_bound(0, 100))
    assert (many.verdict, many.tightened) == ("holds", None)
    assert many.bound_95 <= RATE


def test_a_promise_that_strangers_break_is_mended_above_the_highest_of_them() -> None:
    genuine = [replace(ANN, score=score, runner_up=None) for score in (0.955, 0.97, 0.98, 0.99)]
    result = check(strangers(*[0.9] * 50, 0.9611, 0.9534) + genuine, THRESHOLD, RATE)
    assert (result.verdict, result.reached, result.strangers) == ("broken", 2, 52)
    assert result.tightened == 0.9612
    assert (result.genuine, result.refused_by_it) == (4, 1)
    assert result.highest[:2] == (0.9611, 0.9534)
    assert "DOES NOT HOLD" in result.in_words()


def test_where_there_are_visits_enough_only_so_many_are_refused_as_the_promise_asks() -> None:
    scores = [0.9] * 1000 + [0.951 + i / 10_000 for i in range(15)]
    result = check(strangers(*scores), THRESHOLD, RATE)
    assert result.tightened is not None
    left = sum(score >= result.tightened for score in scores)
    assert 0 < left < 15
    assert rate_bound(left, len(scores)) <= RATE


def test_an_enrolled_person_is_a_stranger_to_the_others_once_however_often_they_come() -> None:
    visits = [replace(ANN, runner_up=score) for score in (0.91, 0.96, 0.92)]
    result = check([*visits, *strangers(0.9)], THRESHOLD, RATE)
    assert (result.strangers, result.enrolled_as_strangers, result.reached) == (1, 1, 1)
    assert result.tightened == 0.9601


def test_unknown_visits_almost_recognised_may_be_enrolled_people_badly_seen() -> None:
    result = check([*strangers(0.945, 0.90), ANN, ANN, ANN], THRESHOLD, RATE)
    assert (result.near, result.false_reject_at_most) == (1, 0.25)
    assert "badly seen" in result.in_words()


@given(st.lists(st.floats(0.8, 0.99), max_size=60), st.floats(0.85, 0.99), st.floats(1e-3, 0.1))
def test_a_threshold_is_only_ever_tightened_and_then_keeps_the_promise(
    scores: list[float], threshold: float, rate: float
) -> None:
    result = check(strangers(*scores), threshold, rate)
    assert (result.tightened is not None) == (result.verdict == "broken")
    if result.tightened is not None:
        assert result.tightened >= threshold
        assert check(strangers(*scores), result.tightened, rate).verdict != "broken"


# The threshold that was applied.


def test_what_was_written_is_read_for_its_own_embedder(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    assert read_threshold(path, EMBEDDER) == 0.0
    write_threshold(path, EMBEDDER, 0.9612, "52 visits")
    assert (read_threshold(path, EMBEDDER), read_threshold(path, "another")) == (0.9612, 0.0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("threshold = ")
    with pytest.raises(GalleryError, match="delete it"):
        read_threshold(path, EMBEDDER)


@pytest.mark.parametrize(("site", "threshold"), [(0.5, 0.9), (0.96, 0.96)])
def test_the_door_takes_the_stricter_of_the_table_s_and_its_own(site: float, threshold: float) -> None:
    table = Table([{"data": "lfw", "photos": 5, "frames": 5, "rate": 1e-6, "threshold": 0.9, "trials": 9}])
    asked = [0.0]
    people = FakePeople((person("ann", photo(looks(0))),))
    known = Identifier(people, table, EMBEDDER, 1e-3, 5, site=lambda: asked[0])
    before = known.match(looks(0), 5)
    asked[0] = site
    assert not known.refresh(), "the people are the same"
    match = known.match(looks(0), 5)
    assert before is not None
    assert match is not None
    assert (before.threshold, match.threshold, known.door_rate().threshold) == (0.9, threshold, threshold)
    assert ("tightened by this camera" in known.door_rate().in_words()) == (site > 0.9)


def test_a_site_file_that_cannot_be_read_keeps_nobody_enrolled_who_was_forgotten() -> None:
    table = Table([{"data": "lfw", "photos": 5, "frames": 5, "rate": 1e-6, "threshold": 0.9, "trials": 9}])
    people, damaged = FakePeople((person("ann", photo(looks(0))),)), [False]

    def site() -> float:
        if damaged[0]:
            raise GalleryError("site.toml: damaged")
        return 0.0

    known = Identifier(people, table, EMBEDDER, 1e-3, 5, site)
    damaged[0], people.everybody, people.revision = True, (), 1
    with pytest.raises(EdgegateError):
        known.refresh()
    assert known.match(looks(0), 5) is None


# The command.


def embedder() -> str:
    from edgegate import app, config  # noqa: PLC0415 (a model pack is loaded)

    return app.load_embedder(config.load()).sha256


def test_the_command_checks_the_promise_and_tightens_what_it_is_told_to(edgegate: Program) -> None:
    nothing = edgegate("evaluate", "--site")
    assert (nothing.status, "privacy.keep_scores" in nothing.err) == (2, True)
    scores = ScoreStore(edgegate.data / "scores.db", 30)
    for visit in strangers(*[0.9] * 20, 0.975):
        scores.keep(replace(visit, embedder=embedder()))
    told = edgegate("evaluate", "--site")
    assert (told.status, "tightened  0.9751" in told.out) == (1, True)
    applied = edgegate("evaluate", "--site", "--apply", "--json")
    assert (applied.status, applied.json["applied"], applied.json["tightened"]) == (0, True, 0.9751)
    listed = edgegate("people", "list")
    assert "threshold 0.9751" in listed.out
    assert "tightened by this camera's own visits" in listed.out
    again = edgegate("evaluate", "--site", "--json")
    assert (again.status, again.json["verdict"]) == (0, "not shown")
