"""Following faces: who continues which track, when a track breaks, and which tracks are one visit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.recognition.tracking import Track, Tracker, TrackingRules
from edgegate.vision.faces import Face
from tests.support.fakes import face_at, looks

ANN, BEN = 0.0, 60.0
"""The embeddings of two people, in degrees; the track breaks beyond about 20 and tracks rejoin within about 16."""


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(TrackingRules())


def show(tracker: Tracker, at: float, look: float, x: float = 0.0, frames: int = 1) -> Track:
    """One face in view for some frames at 10 a second, embedded each time."""
    for i in range(frames):
        (track,) = tracker.update(at + i / 10, [face_at(x)])
        track = tracker.add_evidence(track, looks(look), 1.0)
    return track


def ids(tracks: list[Track]) -> list[int]:
    return [track.id for track in tracks]


def test_an_overlapping_box_continues_its_track_and_a_jump_starts_another(tracker: Tracker) -> None:
    assert ids(tracker.update(0.0, [face_at(0)])) == [1]
    assert ids(tracker.update(0.1, [face_at(60)])) == [1]
    assert ids(tracker.update(0.2, [face_at(135)])) == [2]


def test_a_face_that_comes_closer_at_once_is_followed_by_overlap(tracker: Tracker) -> None:
    tracker.update(0.0, [face_at(0, size=80)])
    assert ids(tracker.update(0.1, [face_at(5, size=130)])) == [1]


@pytest.mark.parametrize(("frames_per_second", "step"), [(15, 20), (5, 55), (2, 55)])
def test_a_walking_face_is_followed_down_to_two_frames_a_second(
    tracker: Tracker, frames_per_second: int, step: float
) -> None:
    for frame in range(10):
        tracks = tracker.update(frame / frames_per_second, [face_at(frame * step)])
    assert ids(tracks) == [1]


def test_a_near_face_of_another_size_is_somebody_else(tracker: Tracker) -> None:
    tracker.update(0.0, [face_at(0, size=100)])
    assert ids(tracker.update(0.1, [face_at(0, y=55, size=30)])) == [2]


def test_two_people_side_by_side_keep_their_tracks_in_whatever_order_they_are_found(tracker: Tracker) -> None:
    assert ids(tracker.update(0.0, [face_at(0), face_at(200)])) == [1, 2]
    assert ids(tracker.update(0.1, [face_at(210), face_at(10)])) == [2, 1]


def test_people_who_cross_without_touching_keep_their_tracks(tracker: Tracker) -> None:
    for step in range(21):
        left, right = face_at(step * 20, y=0), face_at(400 - step * 20, y=130)
        assert ids(tracker.update(step / 15, [left, right])) == [1, 2]


@pytest.mark.parametrize(
    ("before", "now", "tracks"),
    [
        pytest.param([0, 50], [0, 50], [1, 2], id="two faces that overlap and stay"),
        pytest.param([100, 0], [60, 100], [2, 1], id="the first face is near both tracks, but another fits better"),
        pytest.param([0, 60], [10, 118], [1, 2], id="a face takes one track and leaves the other"),
    ],
)
def test_the_closest_match_is_taken_first(
    tracker: Tracker, before: list[float], now: list[float], tracks: list[int]
) -> None:
    tracker.update(0.0, [face_at(x) for x in before])
    assert ids(tracker.update(0.1, [face_at(x) for x in now])) == tracks


def test_a_box_that_overlaps_comes_before_one_that_is_merely_near(tracker: Tracker) -> None:
    tracker.update(0.0, [face_at(0, size=100), face_at(62, size=50)])
    assert ids(tracker.update(0.1, [face_at(35, size=50)])) == [2]


def test_a_face_may_be_missed_for_a_moment_but_not_for_longer(tracker: Tracker) -> None:
    tracker.update(0.0, [face_at(0)])
    tracker.update(0.3, [])
    assert tracker.following
    assert ids(tracker.update(0.7, [face_at(0)])) == [1]
    tracker.update(1.41, [])
    assert not tracker.following
    assert ids(tracker.update(1.5, [face_at(0)])) == [2]


def test_a_track_pools_its_latest_frames_and_counts_them_all(tracker: Tracker) -> None:
    track = show(tracker, 0.0, ANN, frames=20)
    assert (track.frames, len(track.pool)) == (20, 5)
    track = show(tracker, 2.0, ANN + 10, frames=5)
    pooled = track.pooled()
    assert pooled is not None
    assert pooled == pytest.approx(looks(ANN + 10), abs=1e-6)


def test_a_better_frame_counts_more(tracker: Tracker) -> None:
    (track,) = tracker.update(0.0, [face_at(0)])
    tracker.add_evidence(track, looks(0), 0.1)
    tracker.add_evidence(track, looks(10), 0.9)
    pooled = track.pooled()
    assert pooled is not None
    assert float(pooled @ looks(9)) > 0.9999


def test_a_track_without_a_usable_frame_has_nothing_pooled(tracker: Tracker) -> None:
    (track,) = tracker.update(0.0, [face_at(0)])
    assert (track.pooled(), track.frames) == (None, 0)


def test_somebody_who_steps_into_a_track_breaks_it_and_starts_from_nothing(tracker: Tracker) -> None:
    show(tracker, 10.0, ANN, frames=5)
    track = show(tracker, 10.5, BEN)
    assert (track.id, track.visit, track.frames) == (2, 2, 1)
    assert show(tracker, 10.6, BEN).id == 2


def test_a_face_that_changes_slowly_stays_on_its_track(tracker: Tracker) -> None:
    for turn in range(40):
        track = show(tracker, turn / 10, ANN + 4 * turn)
    assert track.id == 1


@pytest.mark.parametrize(("away", "visit"), [(1.0, 1), (4.9, 1), (5.2, 2)])
def test_who_comes_back_is_the_same_visit_for_as_long_as_rearming_takes(
    tracker: Tracker, away: float, visit: int
) -> None:
    show(tracker, 0.0, ANN)
    tracker.update(0.8, [])
    track = show(tracker, away, ANN + 5, x=300)
    assert (track.id, track.visit) == (2, visit)


@pytest.mark.parametrize(("look", "visit"), [(ANN + 16, 1), (ANN + 17, 2), (BEN, 2)])
def test_a_new_face_in_the_same_place_rejoins_only_if_it_is_like_the_one_before(
    tracker: Tracker, look: float, visit: int
) -> None:
    show(tracker, 0.0, ANN)
    tracker.update(0.8, [])
    assert show(tracker, 1.0, look).visit == visit


def test_who_steps_back_into_the_picture_after_somebody_else_rejoins_their_own_visit(tracker: Tracker) -> None:
    show(tracker, 0.0, ANN, frames=3)
    assert show(tracker, 0.3, BEN, frames=3).visit == 2
    track = show(tracker, 0.6, ANN + 3)
    assert (track.id, track.visit) == (3, 1)
    assert show(tracker, 0.7, BEN + 3).visit == 2


def test_of_two_that_left_the_one_who_looks_most_like_it_is_rejoined(tracker: Tracker) -> None:
    show(tracker, 0.0, ANN)
    show(tracker, 0.1, ANN + 25, x=300)
    tracker.update(1.0, [])
    assert show(tracker, 1.1, ANN + 14).visit == 2


def test_a_visit_goes_on_over_any_number_of_returns(tracker: Tracker) -> None:
    for coming in range(10):
        assert show(tracker, coming * 4.0, ANN + coming, x=300 * (coming % 2)).visit == 1


centres = st.floats(-300, 300)
faces = st.builds(face_at, centres, centres, st.floats(20, 200))
pictures = st.lists(st.tuples(st.floats(0, 2), st.lists(faces, max_size=4)), max_size=20)


@given(pictures)
def test_every_face_gets_one_track_of_its_own_and_no_number_is_given_twice(
    scene: list[tuple[float, list[Face]]],
) -> None:
    tracker, at = Tracker(TrackingRules()), 0.0
    last_seen: dict[int, float] = {}
    for after, view in scene:
        at += after
        tracks = tracker.update(at, view)
        assert [track.box for track in tracks] == [face.box for face in view]
        assert len(set(ids(tracks))) == len(view)
        for track in tracks:
            is_new = track.id not in last_seen
            assert track.id == max(last_seen, default=0) + 1 if is_new else at - last_seen[track.id] <= 0.7
            last_seen[track.id] = at


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-180, 180)), min_size=1, max_size=30))
def test_a_pool_never_mixes_faces_that_do_not_look_alike(frames: list[tuple[float, float]]) -> None:
    tracker, at = Tracker(TrackingRules()), 0.0
    for after, look in frames:
        at += after
        (track,) = tracker.update(at, [face_at(0)])
        before = track.pooled()
        continued = tracker.add_evidence(track, looks(look), 1.0)
        if before is not None:
            assert (continued is track) == (float(before @ looks(look)) >= TrackingRules().same_face)
        assert continued.visit <= continued.id
        assert len(continued.pool) <= TrackingRules().pool_frames


def test_other_rules_keep_the_tracks_and_pool_fewer_frames_at_once(tracker: Tracker) -> None:
    before = show(tracker, 0.0, ANN, frames=5)
    tracker.change_rules(TrackingRules(pool_frames=2))
    track = show(tracker, 0.5, ANN)
    assert track is before
    assert (track.frames, len(track.pool)) == (6, 2)
