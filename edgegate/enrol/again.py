"""Enrolling everybody again from the pictures that were kept, after a change of the embedder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from edgegate.enrol.judging import Enroller
from edgegate.enrol.pictures import decode_picture
from edgegate.gallery import Gallery, Person, Photo
from edgegate.vision.analyzer import Analyzer

Record = Callable[[str, int], object]


@dataclass(frozen=True, slots=True)
class Again:
    """The outcome for one person: how many photos were `renewed`, and how many can be used now in all."""

    name: str
    renewed: int
    usable: int

    @property
    def must_come(self) -> bool:
        """True if the door cannot recognise them any more."""
        return self.usable == 0


def reenrol(gallery: Gallery, analyzer: Analyzer, record: Record = lambda _person, _photos: None) -> Iterator[Again]:
    """Everybody, by name: photos of another embedder are made again from their pictures.

    `record` is called with a person's id and the number of photos before each person's are written; if it raises,
    they stay as they were. To be interrupted is safe, and to run again takes up what is left. Raises GalleryError.
    """
    embedder = analyzer.pack.sha256
    for person in gallery.people(pictures=True):
        renewed = _renewed(person, analyzer)
        if renewed:
            gallery.renew(person.name, renewed, embedder, partial(_note, record, len(renewed)))
        usable = sum(photo.embedder == embedder for photo in person.photos) + len(renewed)
        yield Again(person.name, len(renewed), usable)


def _note(record: Record, photos: int, person: str) -> None:
    record(person, photos)


def _renewed(person: Person, analyzer: Analyzer) -> list[Photo]:
    """Somebody's photos as the analyzer sees them, of those that another embedder saw and whose picture is there."""
    renewed = []
    for photo in person.photos:
        if photo.embedder != analyzer.pack.sha256 and photo.picture is not None:
            enroller = Enroller(analyzer, person.name, look=photo.look)
            another = enroller.judge(photo.source, decode_picture(photo.picture)).photo
            if another is not None:
                renewed.append(replace(another, source=photo.source, picture=photo.picture))
    return renewed
