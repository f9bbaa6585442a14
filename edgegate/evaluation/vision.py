"""The faces that the vision room sees in a data set, once: scoring afterwards costs next to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edgegate.app import IdentityNetwork
from edgegate.camera import Recording
from edgegate.enrol import Enroller, read_picture
from edgegate.evaluation.dataset import Labelled, LabelledVisit
from edgegate.evaluation.scores import Evidence, Looks
from edgegate.types import Frame
from edgegate.vision import classifier
from edgegate.vision.analyzer import Analyzer
from edgegate.vision.faces import Face, FaceFault
from edgegate.vision.tracker import TrackerNetwork, TrackerOutput


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One frame of a clip: its time, and the faces in it, the nearest described.

    `guess` is what the network that names people says, if there is one and it was asked.
    """

    at: float
    faces: tuple[Face, ...]
    guess: TrackerOutput | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A photo that has been looked at: `evidence` if it will do, else the `fault` it has."""

    photo: Labelled
    evidence: Evidence | None
    fault: FaceFault | None = None


def judge_photos(analyzer: Analyzer, photos: Iterable[Labelled]) -> Iterator[Judged]:
    """Photos as `edgegate enroll` would take them: what it refuses is not used, for genuine or for stranger."""
    enroller = Enroller(analyzer, name="")
    for photo in photos:
        verdict = enroller.judge(str(photo.file), read_picture(photo.file))
        taken = verdict.photo
        yield Judged(photo, (taken.embedding, taken.quality) if taken is not None else None, verdict.fault)


def look_at_photos(analyzer: Analyzer, visits: Iterable[LabelledVisit]) -> Iterator[Looks]:
    """Returns what each visit's photos show, those that will do."""
    for visit in visits:
        judged = judge_photos(analyzer, (Labelled(file, visit.person, visit.condition) for file in visit.files))
        yield Looks(visit.person, visit.name, tuple(j.evidence for j in judged if j.evidence is not None))


def looks_of_photos(judged: Iterable[Judged]) -> list[Looks]:
    """The same from photos that have been judged, one for each person's visit."""
    visits: dict[tuple[str, str, str], list[Evidence]] = {}
    for one in judged:
        evidence = visits.setdefault((one.photo.person, one.photo.visit, one.photo.condition), [])
        evidence += [one.evidence] if one.evidence is not None else []
    return [Looks(person, f"{condition}/{visit}", tuple(e)) for (person, visit, condition), e in visits.items()]


def look_at_clip(analyzer: Analyzer, visit: LabelledVisit, network: IdentityNetwork | None = None) -> list[Seen]:
    """Every frame of a clip; with a network that names people, its answers too."""
    recording = Recording(visit.files[0])
    try:
        return [_see(analyzer, frame, network) for frame in iter(recording.read, None)]
    finally:
        recording.close()


def _see(analyzer: Analyzer, frame: Frame, network: IdentityNetwork | None) -> Seen:
    guess = network.look(frame) if isinstance(network, TrackerNetwork) else None
    nearest, *others = analyzer.detect(frame) or (None,)
    if nearest is None:
        return Seen(frame.at, (), guess)
    face = analyzer.describe(frame, nearest)
    if isinstance(network, classifier.AnyClassifier) and face.embedding is not None:
        guess = TrackerOutput(network.classify(frame, face), face.box)
    return Seen(frame.at, (face, *others), guess)
