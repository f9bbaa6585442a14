"""Guides somebody before a camera from pose to pose, and says which frames to keep as photos. Pure.

The rules:

- The first pose is straight; the others are measured from it, so that nobody's anatomy and no camera's place counts:
  turned a bit to either side, closer, further away. Each photo so differs from each other in yaw or in size.
- A pose counts when it is held: over some frames in a row, without a fault, without turning or moving on.
- One person at a time, and the same one from the first photo to the last.
- Who cannot get a pose right, or has no room for it, is asked for the next one after a while. Only the first has no
  way around it. The whole takes limited time, by the frames' own clock.

There is no pose with the chin up or down: the detector's keypoints do not tell it. Their nose, between eyes and
mouth, moves as much from mirroring a picture as from raising a chin a bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from edgegate.types import Embedding
from edgegate.vision.faces import FaceFault
from edgegate.vision.pooling import pool


class Pose(StrEnum):
    """In the order they are asked for. Left and right are those of the person.

    The second turn comes late: an embedder that looks at every face mirrored, too, has seen most of it in the first.
    """

    STRAIGHT = "straight"
    LEFT = "left"
    CLOSER = "closer"
    RIGHT = "right"
    BACK = "back"


class Say(StrEnum):
    """The instruction for the person now; `WORDS` has it in words."""

    COME = "come"
    ONE_AT_A_TIME = "one_at_a_time"
    LOOK_STRAIGHT = "look_straight"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    TURN_LESS = "turn_less"
    COME_CLOSER = "come_closer"
    STEP_BACK = "step_back"
    INTO_THE_MIDDLE = "into_the_middle"
    MORE_LIGHT = "more_light"
    LESS_LIGHT = "less_light"
    HOLD_STILL = "hold_still"
    SAME_PERSON = "same_person"
    DONE = "done"
    TIME_IS_UP = "time_is_up"


WORDS = {
    Say.COME: "step in front of the camera",
    Say.ONE_AT_A_TIME: "one person at a time: everybody else, step out of view",
    Say.LOOK_STRAIGHT: "look straight at the camera",
    Say.TURN_LEFT: "turn your head a bit to your left",
    Say.TURN_RIGHT: "turn your head a bit to your right",
    Say.TURN_LESS: "not so far: turn your head back a bit",
    Say.COME_CLOSER: "come closer",
    Say.STEP_BACK: "step back a bit",
    Say.INTO_THE_MIDDLE: "move into the middle: your face is cut off",
    Say.MORE_LIGHT: "turn towards the light: your face is too dark",
    Say.LESS_LIGHT: "turn away from the light: your face is too bright",
    Say.HOLD_STILL: "hold still",
    Say.SAME_PERSON: "this is not the person of the first photo",
    Say.DONE: "that is all, thank you",
    Say.TIME_IS_UP: "the time is up",
}

_ASKING = {
    Pose.STRAIGHT: Say.LOOK_STRAIGHT,
    Pose.LEFT: Say.TURN_LEFT,
    Pose.RIGHT: Say.TURN_RIGHT,
    Pose.CLOSER: Say.COME_CLOSER,
    Pose.BACK: Say.STEP_BACK,
}

_HINDRANCE = {
    FaceFault.NO_FACE: Say.COME,
    FaceFault.SEVERAL_FACES: Say.ONE_AT_A_TIME,
    FaceFault.TOO_SMALL: Say.COME_CLOSER,
    FaceFault.CUT_OFF: Say.INTO_THE_MIDDLE,
    FaceFault.DARK: Say.MORE_LIGHT,
    FaceFault.OVEREXPOSED: Say.LESS_LIGHT,
    FaceFault.BLURRED: Say.HOLD_STILL,
}


@dataclass(frozen=True, slots=True)
class GuidanceRules:
    """`yaw` is as in `Quality`, left positive; a size is a face's width over the picture's."""

    photos: int = 5
    seconds: float = 60.0
    """The whole session's length, at most."""
    patience_seconds: float = 10.0
    """The time that one pose is asked for while a face is in view."""
    hold_frames: int = 4
    hold_seconds: float = 0.3
    straight: float = 0.15
    """Most of yaw that the first photo may have; later ones the same from there."""
    turned: tuple[float, float] = (0.2, 0.55)
    """Yaw from the first photo's that is a bit to one side."""
    closer: float = 1.25
    back: float = 0.8
    """Sizes over the first photo's."""
    smallest: float = 0.1
    largest: float = 0.5
    """Sizes of the first photo: so that there is something to see, and room to come closer."""
    unsteady_yaw: float = 0.1
    unsteady_size: float = 0.1
    """The change allowed from one held frame to the next, the size relatively."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One frame: `faults` says why its face would not do as a photo; without any it has an embedding."""

    at: float
    size: float = 0.0
    yaw: float = 0.0
    faults: tuple[FaceFault, ...] = (FaceFault.NO_FACE,)
    embedding: Embedding | None = None


@dataclass(frozen=True, slots=True)
class Instruction:
    """The words to say, and the pose that this very frame is to be kept for, if it is."""

    say: Say
    keep: Pose | None = None

    @property
    def over(self) -> bool:
        return self.say in {Say.DONE, Say.TIME_IS_UP}


class Guide:
    """One session. `same` tells which cosine a frame must have with so many photos' mean to be of the same person."""

    def __init__(self, same: Callable[[int], float], rules: GuidanceRules | None = None) -> None:
        self.rules = rules or GuidanceRules()
        self._same = same
        self._poses = list(Pose)
        self._taken: list[View] = []
        self._held: list[View] = []
        self._started: float | None = None
        self._asked_seconds = 0.0
        self._last: View | None = None

    @property
    def taken(self) -> int:
        return len(self._taken)

    def observe(self, view: View) -> Instruction:
        """One step for each frame, in their order; after the one that is `over` there are no more."""
        if self._started is None:
            self._started = view.at
        if view.at - self._started > self.rules.seconds:
            return Instruction(Say.TIME_IS_UP)
        self._count_patience(view)
        if not self._poses:
            return Instruction(Say.DONE)
        say = self._hindrance(view) or self._other_person(view) or self._unlike(self._poses[0], view)
        if say is not None:
            self._held = []
            return Instruction(say)
        if not self._holds(view):
            return Instruction(Say.HOLD_STILL)
        return self._take(view)

    def _take(self, view: View) -> Instruction:
        pose = self._poses.pop(0)
        self._taken.append(view)
        self._held, self._asked_seconds = [], 0.0
        if self.taken == self.rules.photos:
            self._poses = []
        return Instruction(_ASKING[self._poses[0]] if self._poses else Say.DONE, pose)

    def _count_patience(self, view: View) -> None:
        """Give up a pose that was asked for long enough; only time with somebody in view counts."""
        last, self._last = self._last, view
        if last is None or not self._taken or self._empty(last) or self._empty(view):
            return
        self._asked_seconds += view.at - last.at
        if self._asked_seconds > self.rules.patience_seconds:
            self._poses.pop(0)
            self._held, self._asked_seconds = [], 0.0

    @staticmethod
    def _empty(view: View) -> bool:
        return FaceFault.NO_FACE in view.faults or FaceFault.SEVERAL_FACES in view.faults

    def _hindrance(self, view: View) -> Say | None:
        """Returns what must change before the pose matters; a face turned too far is for the pose to say."""
        for fault in view.faults:
            if fault in _HINDRANCE:
                return _HINDRANCE[fault]
        if not view.faults:
            return None
        return Say.TURN_LESS if self._poses[0] in {Pose.LEFT, Pose.RIGHT} else Say.LOOK_STRAIGHT

    def _unlike(self, pose: Pose, view: View) -> Say | None:
        """Returns what the person must do to get into the pose; None when they are."""
        if not self._taken:
            return self._unlike_first(view)
        turn, size = view.yaw - self._taken[0].yaw, view.size / self._taken[0].size
        if pose in {Pose.LEFT, Pose.RIGHT}:
            turn = turn if pose is Pose.LEFT else -turn
            least, most = self.rules.turned
            return None if least <= turn <= most else Say.TURN_LESS if turn > most else _ASKING[pose]
        if abs(turn) > self.rules.straight / 2:
            return Say.LOOK_STRAIGHT
        there = size >= self.rules.closer if pose is Pose.CLOSER else size <= self.rules.back
        return None if there else _ASKING[pose]

    def _unlike_first(self, view: View) -> Say | None:
        if view.size < self.rules.smallest:
            return Say.COME_CLOSER
        if view.size > self.rules.largest:
            return Say.STEP_BACK
        return None if abs(view.yaw) <= self.rules.straight else Say.LOOK_STRAIGHT

    def _other_person(self, view: View) -> Say | None:
        """Not asked of a head turned so far that it may not even be like itself: no photo comes of that."""
        assert view.embedding is not None
        if not self._taken or abs(view.yaw - self._taken[0].yaw) > self.rules.turned[1]:
            return None
        known = pool((photo.embedding, 1.0) for photo in self._taken if photo.embedding is not None)
        return None if float(known @ view.embedding) >= self._same(self.taken) else Say.SAME_PERSON

    def _holds(self, view: View) -> bool:
        """True if the pose has been held long enough, this frame included."""
        if self._held and not self._steady(self._held[-1], view):
            self._held = []
        self._held.append(view)
        held = view.at - self._held[0].at
        return len(self._held) >= self.rules.hold_frames and held >= self.rules.hold_seconds

    def _steady(self, before: View, view: View) -> bool:
        grown = abs(view.size / before.size - 1)
        return abs(view.yaw - before.yaw) <= self.rules.unsteady_yaw and grown <= self.rules.unsteady_size
