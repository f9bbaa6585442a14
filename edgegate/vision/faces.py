"""A face in a frame, how well it can be seen, and why that may not be enough."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edgegate.types import Box, Embedding, Points, Prediction


class FaceFault(StrEnum):
    """The reason why a face, or a photo, is not good enough to say who it is."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "too_small"
    CUT_OFF = "cut_off"
    BLURRED = "blurred"
    DARK = "dark"
    OVEREXPOSED = "overexposed"
    POSE = "pose"
    DUPLICATE_OF = "duplicate_of"
    LOOKALIKE_OF = "lookalike_of"
    NOT_SAME_PERSON = "not_same_person"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Quality:
    """The visibility of a face.

    `size` is the shorter side of the box in pixels; `sharpness` and `brightness` are measured on the aligned
    face (see `vision.quality`); `yaw` is 0 for a frontal face and about ±1 for a profile. `weight`, 0…1, is what
    the frame counts in a pooled embedding.
    """

    size: float
    sharpness: float
    brightness: float
    yaw: float
    weight: float
    faults: tuple[FaceFault, ...] = ()

    @property
    def usable(self) -> bool:
        return not self.faults


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face in one frame. `embedding` is there only if the face was good enough to have one."""

    box: Box
    score: float
    """The detector's confidence, 0…1."""
    keypoints: Points
    """Image-left eye, image-right eye, nose tip, mouth."""
    quality: Quality | None = None
    embedding: Embedding | None = None
    prediction: Prediction | None = None
    """None where no network is asked that names people."""
    mesh: Points | None = None
    """Its 468 landmarks in pixels, where it has been looked at closely."""
