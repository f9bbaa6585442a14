"""Photos to practise on, as somebody would bring them: `python -m converter practice DIR`.

DIR/photos/Eileen Collins/05_012.jpg     the demo's enrolled person on one of many occasions, with LabelMe's file beside
DIR/strangers/stranger 7/3.jpg           people whom the network shall not know, without labels
DIR/people/person 4/02_3.jpg             people to be known, without labels: a folder for each, also drawn
DIR/empty/05_2.jpg                       scenes with nobody in them

They are easy: one portrait, pasted, and strangers who are drawn. `compositions` are harder, for there strangers wear
her suit and colours. How well a network tells these apart says nothing about people.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from converter.compositions.backgrounds import Backgrounds
from converter.compositions.people import FACE_SIZE, Variation, Wardrobe, enrolled_face, stranger_faces
from converter.compositions.picture import SIZE, PersonCutout, Picture, developed, place
from converter.data.capture import labelme
from converter.data.dataset import SPLITS
from converter.data.folders import new_folder
from edgegate.demo.portraits import ASTRONAUT
from edgegate.types import Box

SEED = 1


@dataclass(frozen=True, slots=True)
class Amount:
    """The amount of everything."""

    occasions: int = 30
    photos: int = 20
    """Of the enrolled person on each occasion."""
    strangers: int = 200
    pictures: int = 5
    """Of each stranger."""
    rooms: int = 30
    views: int = 5
    """Of each room."""
    people: int = 5
    days: int = 5
    pictures_a_day: int = 6
    """Of each of the people."""


def write_practice(folder: Path, seed: int = SEED, amount: Amount | None = None) -> None:
    """Fill the new `folder`; the same seed gives the same bytes. Raises UsageError, EdgegateError."""
    amount = amount or Amount()
    with new_folder(folder) as draft:
        studio = _Studio(seed)
        for number in range(amount.occasions):
            _write_occasion(studio, draft / "photos" / ASTRONAUT.person, number, amount.photos)
        for name, face in stranger_faces()[: amount.strangers]:
            for number in range(amount.pictures):  # another day each: it is the face that must not be known
                picture, _ = studio.photo(studio.stranger(face), studio.room())
                _write(draft / "strangers" / name / f"{number}.jpg", picture)
        for number in range(amount.rooms):
            room = studio.room()
            for view in range(amount.views):
                _write(draft / "empty" / f"{number:02d}_{view}.jpg", studio.photo(None, room)[0])
        for number, (_, face) in enumerate(stranger_faces()[::-1][: amount.people], start=1):
            _write_days(studio, draft / "people" / f"person {number}", face, amount)


class _Studio:
    """Draws scenes, clothes and light, one after the other, from one seed."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._rooms = [Backgrounds(split) for split in SPLITS]
        self._wardrobe = Wardrobe(ASTRONAUT.cut_out())

    def room(self) -> Picture:
        return self._rooms[int(self._rng.integers(len(self._rooms)))].draw(self._rng)[1]

    def enrolled(self) -> PersonCutout:
        """In her own hair and a suit, both dyed more often than not."""
        return self._wardrobe.dress(
            enrolled_face(), Variation(costumed=True, tinted=False, pixels=FACE_SIZE), self._rng
        )

    def stranger(self, face: Picture) -> PersonCutout:
        """A drawn face in some skin's colour, on a drawn head and shoulders."""
        return self._wardrobe.dress(face, Variation(costumed=False, tinted=True, pixels=FACE_SIZE), self._rng)

    def photo(self, person: PersonCutout | None, room: Picture) -> tuple[bytes, Box | None]:
        """A JPEG of the person, if any, somewhere in the room; and where the face is, in pixels."""
        picture = room.copy()
        box = place(picture, person, self._rng) if person else None
        return cv2.imencode(".jpg", developed(picture, self._rng))[1].tobytes(), box


def _write_occasion(studio: _Studio, folder: Path, number: int, photos: int) -> None:
    """One room and one set of clothes: what a network may learn instead of the face."""
    room, person = studio.room(), studio.enrolled()
    for index in range(photos):
        picture, box = studio.photo(person, room)
        assert box is not None
        path = _write(folder / f"{number:02d}_{index:03d}.jpg", picture)
        label = labelme(path, folder.name, box, *SIZE)
        path.with_suffix(".json").write_text(json.dumps(label, ensure_ascii=False, indent=2) + "\n", "utf-8")


def _write_days(studio: _Studio, folder: Path, face: Picture, amount: Amount) -> None:
    """One room and one set of clothes a day."""
    for day in range(amount.days):
        room, person = studio.room(), studio.stranger(face)
        for index in range(amount.pictures_a_day):
            _write(folder / f"{day:02d}_{index}.jpg", studio.photo(person, room)[0])


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
