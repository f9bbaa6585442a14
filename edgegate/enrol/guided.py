"""A guided session: frames in, instructions told as they change, photos out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgegate.camera import Source
from edgegate.enrol.guidance import Guide, Instruction, Say, View
from edgegate.enrol.judging import Enroller, PhotoVerdict
from edgegate.types import Frame
from edgegate.vision.faces import Face, FaceFault

_SAID_AFTER = 3  # frames that must ask the same before it is said: nobody follows words that flicker


@dataclass(frozen=True, slots=True)
class Prompt:
    """The words for the person, `at` seconds after the first frame, with so many photos taken by then."""

    at: float
    say: Say
    taken: int


def take_photos(
    source: Source, enroller: Enroller, guide: Guide, tell: Callable[[Prompt], object]
) -> list[PhotoVerdict]:
    """The session's photos, until its end or the source's; raises CameraError."""
    photos: list[PhotoVerdict] = []
    prompter = _Prompter(tell)
    started: float | None = None
    while (frame := source.read()) is not None:
        started = frame.at if started is None else started
        face, faults = enroller.look(frame)
        step = guide.observe(_view(frame, face, faults))
        if step.keep is not None and face is not None:
            source_name = f"camera, {step.keep}"
            photos.append(PhotoVerdict(source_name, enroller.photo(source_name, frame, face)))
        prompter.tell(step, frame.at - started, guide.taken)
        if step.over:
            break
    return photos


def _view(frame: Frame, face: Face | None, faults: tuple[FaceFault, ...]) -> View:
    if face is None or face.quality is None:
        return View(frame.at, faults=faults)
    return View(frame.at, face.box.width / frame.image.shape[1], face.quality.yaw, faults, face.embedding)


class _Prompter:
    """Says what is new, once it has been asked for over some frames; photos and the end at once."""

    def __init__(self, tell: Callable[[Prompt], object]) -> None:
        self._tell = tell
        self._said: Say | None = None
        self._asked: Say | None = None
        self._times = 0

    def tell(self, step: Instruction, at: float, taken: int) -> None:
        self._times = self._times + 1 if step.say is self._asked else 1
        self._asked = step.say
        urgent = step.keep is not None or step.over or self._said is None
        if urgent or (self._times == _SAID_AFTER and step.say is not self._said):
            self._said = step.say
            self._tell(Prompt(at, step.say, taken))
