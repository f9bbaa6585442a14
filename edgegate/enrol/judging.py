"""One picture: a photo that will do, or the reason why not, and the way out in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgegate.clock import Clock, rfc3339
from edgegate.enrol.photo_faces import find_faces, only_face
from edgegate.enrol.pictures import crop_around
from edgegate.events.cloudevents import CloudEvent
from edgegate.events.vocabulary import Event, EventType
from edgegate.gallery import Details, Gallery, Photo
from edgegate.journal import Journal
from edgegate.types import Frame, Image
from edgegate.vision.analyzer import Analyzer
from edgegate.vision.faces import Face, FaceFault

ADVICE = {
    FaceFault.NO_FACE: "no face was found; use a photo where the face is large and looks at the camera",
    FaceFault.SEVERAL_FACES: "there is more than one face; crop the photo to the person",
    FaceFault.TOO_SMALL: "the face is too small; come closer, or use a larger photo",
    FaceFault.CUT_OFF: "the face is cut off; leave some room around it",
    FaceFault.BLURRED: "the face is blurred; hold still, or use a sharper photo",
    FaceFault.DARK: "the face is too dark; turn towards the light",
    FaceFault.OVEREXPOSED: "the face is overexposed; turn away from the light",
    FaceFault.POSE: "the face is turned away; look at the camera",
    FaceFault.UNREADABLE: "it cannot be read as a picture",
    FaceFault.NOT_SAME_PERSON: "the face is not like the others'; leave out photos of anybody else, and enrol glasses, "
    "a mask or a beard as a look of its own with --look",
}


@dataclass(frozen=True, slots=True)
class PhotoVerdict:
    """The verdict on one picture: `photo` if it was accepted, else `fault`, and the way out in words.

    `spare` says why an accepted photo is not kept; it is empty for one that is.
    """

    source: str
    photo: Photo | None
    fault: FaceFault | None = None
    advice: str = ""
    spare: str = ""

    @property
    def kept(self) -> bool:
        return self.photo is not None and not self.spare

    def refuse(self, fault: FaceFault, advice: str | None = None) -> PhotoVerdict:
        return PhotoVerdict(self.source, None, fault, ADVICE[fault] if advice is None else advice)


class Enroller:
    """Judges pictures of one person one by one, and writes photos into the gallery.

    With `pictures` each photo carries the crop of its face, to be kept.
    """

    def __init__(self, analyzer: Analyzer, name: str, *, look: str = "", pictures: bool = False) -> None:
        self._analyzer = analyzer
        self.name = name
        self._look = look
        self._pictures = pictures

    def judge(self, source: str, image: Image | None) -> PhotoVerdict:
        """True if this photo will do; `image` is None when it could not be read."""
        verdict = PhotoVerdict(source, None)
        if image is None:
            return verdict.refuse(FaceFault.UNREADABLE)
        found = find_faces(self._analyzer, image)
        face, faults = self._describe(found.frame, found.faces)
        if faults or face is None:
            return verdict.refuse(faults[0])
        return replace(verdict, photo=self.photo(Path(source).name, found.frame, face))

    def look(self, frame: Frame) -> tuple[Face | None, tuple[FaceFault, ...]]:
        """The one face that counts in a camera's frame, described, and all that is wrong with it or its company."""
        return self._describe(frame, self._analyzer.detect(frame))

    def _describe(self, frame: Frame, faces: Sequence[Face]) -> tuple[Face | None, tuple[FaceFault, ...]]:
        face = only_face(faces)
        if isinstance(face, FaceFault):
            return None, (face,)
        face = self._analyzer.describe(frame, face)
        if face.quality is None or face.quality.faults:
            return face, face.quality.faults if face.quality else (FaceFault.NO_FACE,)
        return face, ()

    def photo(self, source: str, frame: Frame, face: Face) -> Photo:
        """A described face without faults as the gallery keeps it."""
        assert face.embedding is not None
        assert face.quality is not None
        picture = crop_around(frame.image, face.box) if self._pictures else None
        embedder = self._analyzer.pack.sha256
        return Photo(face.embedding, face.quality.weight, embedder, source, self._look, picture)

    def keep(
        self,
        photos: Sequence[Photo],
        gallery: Gallery,
        journal: Journal,
        clock: Clock,
        details: Details | None = None,
        apart: dict[str, float] | None = None,
    ) -> list[CloudEvent]:
        """Write the accepted photos into the gallery, all or none, and nobody without a record in the journal."""
        data = {"person": None, "photos": len(photos), "model": self._analyzer.pack.name}
        written: list[CloudEvent] = []

        def record(person: str) -> None:
            written.extend(journal.append([Event(EventType.PERSON_ENROLLED, clock.monotonic(), person, data)]))

        gallery.add(self.name, photos, rfc3339(clock.wall()), record, details or Details(), apart)
        return written
