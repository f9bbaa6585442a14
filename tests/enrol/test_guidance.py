"""A guided session frame by frame: what is asked for, what is kept, and what never is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.enrol.guidance import WORDS, GuidanceRules, Guide, Instruction, Pose, Say, View
from edgegate.vision.faces import FaceFault
from tests.support.fakes import looks

FRAME = 0.1
RULES = GuidanceRules()
SITTER, OTHER = looks(0), looks(40)
"""Their cosine is 0.77."""

AT_EASE = View(0.0, size=0.2, yaw=0.02, faults=(), embedding=SITTER)
ASKED = {
    Pose.STRAIGHT: AT_EASE,
    Pose.LEFT: replace(AT_EASE, yaw=0.32),
    Pose.RIGHT: replace(AT_EASE, yaw=-0.28),
    Pose.CLOSER: replace(AT_EASE, size=0.27),
    Pose.BACK: replace(AT_EASE, size=0.15),
}


def guide(rules: GuidanceRules = RULES) -> Guide:
    return Guide(lambda _photos: 0.95, rules)


def run(session: Guide, views: Iterable[View], start: float = 0.0) -> list[Instruction]:
    """One step a frame, ten frames a second, until it is over."""
    steps = []
    for number, view in enumerate(views):
        steps.append(session.observe(replace(view, at=start + number * FRAME)))
        if steps[-1].over:
            break
    return steps


def kept(steps: Iterable[Instruction]) -> list[Pose]:
    return [step.keep for step in steps if step.keep is not None]


def obedient(poses: Sequence[Pose] = tuple(Pose), frames: int = 8) -> list[View]:
    return [ASKED[pose] for pose in poses for _ in range(frames)]


def first_said(view: View, after: Sequence[View] = ()) -> Say:
    session = guide()
    run(session, after)
    return session.observe(replace(view, at=len(after) * FRAME)).say


def test_who_does_what_is_said_is_done_with_five_photos_that_differ() -> None:
    steps = run(guide(), obedient())
    assert kept(steps) == [Pose.STRAIGHT, Pose.LEFT, Pose.CLOSER, Pose.RIGHT, Pose.BACK]
    assert steps[-1].say is Say.DONE
    after_each = [step.say for step in steps if step.keep is not None]
    assert after_each == [Say.TURN_LEFT, Say.COME_CLOSER, Say.TURN_RIGHT, Say.STEP_BACK, Say.DONE]


def test_three_photos_are_the_first_three_poses() -> None:
    assert kept(run(guide(replace(RULES, photos=3)), obedient())) == [Pose.STRAIGHT, Pose.LEFT, Pose.CLOSER]


def test_a_pose_counts_once_it_was_held() -> None:
    steps = run(guide(), obedient([Pose.STRAIGHT]))
    assert [step.keep for step in steps[: RULES.hold_frames]] == [None, None, None, Pose.STRAIGHT]
    slow = [replace(AT_EASE, at=at) for at in (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)]
    session = guide()
    assert [session.observe(view).keep for view in slow] == [*[None] * 6, Pose.STRAIGHT]  # frames alone are not time


@pytest.mark.parametrize(
    "unsteady",
    [
        pytest.param(replace(AT_EASE, size=0.24), id="walking"),
        pytest.param(replace(AT_EASE, yaw=-0.14), id="turning"),
        pytest.param(View(0.0, 0.2, 0.0, (FaceFault.BLURRED,)), id="a blurred frame"),
        pytest.param(View(0.0), id="gone for a frame"),
    ],
)
def test_what_is_not_held_begins_again(unsteady: View) -> None:
    views = [AT_EASE, AT_EASE, AT_EASE, unsteady, AT_EASE, AT_EASE, AT_EASE]
    assert kept(run(guide(), views)) == []


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (View(0.0), Say.COME),
        (View(0.0, faults=(FaceFault.SEVERAL_FACES,)), Say.ONE_AT_A_TIME),
        (View(0.0, 0.05, 0.0, (FaceFault.TOO_SMALL, FaceFault.BLURRED)), Say.COME_CLOSER),
        (View(0.0, 0.3, 0.0, (FaceFault.CUT_OFF,)), Say.INTO_THE_MIDDLE),
        (View(0.0, 0.3, 0.0, (FaceFault.DARK,)), Say.MORE_LIGHT),
        (View(0.0, 0.3, 0.0, (FaceFault.OVEREXPOSED,)), Say.LESS_LIGHT),
        (View(0.0, 0.3, 0.9, (FaceFault.POSE,)), Say.LOOK_STRAIGHT),
        (replace(AT_EASE, size=0.08), Say.COME_CLOSER),
        (replace(AT_EASE, size=0.6), Say.STEP_BACK),
        (replace(AT_EASE, yaw=0.2), Say.LOOK_STRAIGHT),
        (AT_EASE, Say.HOLD_STILL),
    ],
)
def test_each_hindrance_has_its_words(view: View, said: Say) -> None:
    assert first_said(view) is said
    assert WORDS[said]


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (AT_EASE, Say.TURN_LEFT),
        (ASKED[Pose.RIGHT], Say.TURN_LEFT),
        (replace(AT_EASE, yaw=0.65), Say.TURN_LESS),
        (View(0.0, 0.2, 0.9, (FaceFault.POSE,)), Say.TURN_LESS),
        (ASKED[Pose.LEFT], Say.HOLD_STILL),
        (replace(ASKED[Pose.LEFT], embedding=OTHER), Say.SAME_PERSON),
    ],
)
def test_a_turn_is_measured_from_the_first_photo(view: View, said: Say) -> None:
    assert first_said(view, after=[AT_EASE] * RULES.hold_frames) is said


def test_an_anatomy_that_never_looks_straight_is_the_measure_of_its_own_turns() -> None:
    askew = [replace(ASKED[pose], yaw=ASKED[pose].yaw + 0.1) for pose in Pose for _ in range(8)]
    assert kept(run(guide(), askew)) == list(Pose)


def test_somebody_else_gets_no_photo_in_this_session() -> None:
    views = obedient([Pose.STRAIGHT]) + [replace(view, embedding=OTHER) for view in obedient()]
    steps = run(guide(), views)
    assert kept(steps) == [Pose.STRAIGHT]
    assert Say.SAME_PERSON in {step.say for step in steps}


def test_a_pose_that_nobody_can_hold_is_given_up_but_the_first() -> None:
    still = [AT_EASE] * 700
    steps = run(guide(), still)
    assert kept(steps) == [Pose.STRAIGHT]
    assert steps[-1].say is Say.DONE
    assert len(steps) == pytest.approx(4 * RULES.patience_seconds / FRAME, rel=0.05)
    dark = run(guide(), [View(0.0, 0.2, 0.0, (FaceFault.DARK,))] * 700)
    assert (dark[-1].say, kept(dark)) == (Say.TIME_IS_UP, [])
    assert len(dark) == pytest.approx(RULES.seconds / FRAME, rel=0.05)


def test_patience_waits_for_who_is_not_there() -> None:
    views = obedient([Pose.STRAIGHT]) + [View(0.0)] * 300 + obedient([Pose.LEFT])
    assert kept(run(guide(), views)) == [Pose.STRAIGHT, Pose.LEFT]


VIEWS = st.one_of(
    st.builds(
        View,
        at=st.just(0.0),
        size=st.sampled_from([0.05, 0.14, 0.2, 0.21, 0.28, 0.6]),
        yaw=st.sampled_from([-0.7, -0.3, -0.1, 0.0, 0.05, 0.3, 0.33, 0.7]),
        faults=st.just(()),
        embedding=st.sampled_from([SITTER, SITTER, SITTER, OTHER]),
    ),
    st.builds(View, at=st.just(0.0), faults=st.sampled_from([(fault,) for fault in FaceFault])),
)
SCRIPTS = st.lists(st.tuples(VIEWS, st.integers(1, 30)), min_size=1, max_size=60)


@given(SCRIPTS, st.integers(3, 5))
def test_whatever_happens_photos_are_usable_different_of_one_person_and_in_time(
    script: list[tuple[View, int]], photos: int
) -> None:
    views = [view for view, frames in script for _ in range(frames)]
    steps = run(guide(replace(RULES, photos=photos)), views)
    taken = [view for view, step in zip(views, steps, strict=False) if step.keep is not None]
    assert len(taken) <= photos
    assert all(not view.faults and view.embedding is not None for view in taken)
    assert all(one.embedding is other.embedding for one, other in combinations(taken, 2))
    assert all(
        abs(one.yaw - other.yaw) > 0.1 or max(one.size, other.size) / min(one.size, other.size) >= 1.25
        for one, other in combinations(taken, 2)
    )
    assert len(set(kept(steps))) == len(kept(steps))
    assert (len(steps) - 1) * FRAME <= RULES.seconds + FRAME
    assert [step.over for step in steps[:-1]] == [False] * (len(steps) - 1)


@given(SCRIPTS)
def test_who_sits_down_after_anything_at_all_still_gets_the_first_photo(script: list[tuple[View, int]]) -> None:
    before = [replace(view, embedding=None, faults=view.faults or (FaceFault.DARK,)) for view, _ in script]
    assert Pose.STRAIGHT in kept(run(guide(), before + obedient([Pose.STRAIGHT])))
