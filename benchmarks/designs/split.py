"""The people of the comparison of designs, all of lfw-dev, and their faces cut out as each design wants them.

The people to be known and the strangers that are tested on are of the third of lfw-dev that the shipped embedder's
thresholds were not measured on; the other strangers are of the other two. Nobody has two parts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from converter.data.compact import UnitBox
from converter.data.cutting import cut_dataset, cutter
from converter.data.dataset import UNKNOWN, Dataset, Sample, Split, load_dataset
from converter.data.faces import find_face
from edgegate.enrol import read_picture
from edgegate.errors import EdgegateError
from edgegate.evaluation.dataset import Labelled, Part, photos_in
from edgegate.system.progress import progress
from edgegate.vision.packs import InputSpec

Role: TypeAlias = Literal[
    "learnt", "chosen by", "asked", "taught", "taught again", "watched", "watched again", "set", "new"
]
"""Three photos of each person are learnt (an embedder enrols them), one is chosen by, one is asked about. Of the
strangers in training every design is taught a photo, and those of the validation are watched in one; embedders, which
learn from pairs, see another of each. By a photo each of others the threshold is set, and by one of new ones judged."""

ROLES: tuple[Role, ...] = get_args(Role)

SPLIT_OF: dict[Role, Split] = {
    "learnt": "train",
    "taught": "train",
    "taught again": "train",
    "chosen by": "valid",
    "watched": "valid",
    "watched again": "valid",
    "asked": "test",
    "set": "test",
    "new": "test",
}

PEOPLE, TAUGHT, WATCHED, SET, NEW = 40, 200, 40, 300, 400
REPEATED = 2
"""Times that an epoch has each photo of somebody to be known, altered otherwise each time: strangers are many."""


@dataclass(frozen=True, slots=True)
class Given:
    """A photo, and what it is there for."""

    photo: Labelled
    role: Role


def roles(folder: Path) -> list[Given]:
    """Every photo that takes part; raises UsageError where the data is not there."""
    kept, other = _people(folder, "held-out"), _people(folder, "tables")
    known = [photos for photos in kept if len(photos) == 5][:PEOPLE]
    new = [photos for photos in kept if photos not in known][:NEW]
    pairs = [photos for photos in other if len(photos) > 1][: TAUGHT + WATCHED]
    rest = [photos for photos in other if photos not in pairs][:SET]
    of_known: tuple[Role, ...] = ("learnt", "learnt", "learnt", "chosen by", "asked")
    return [
        *(Given(photo, role) for photos in known for photo, role in zip(photos, of_known, strict=True)),
        *_given(pairs[:TAUGHT], "taught", "taught again"),
        *_given(pairs[TAUGHT:], "watched", "watched again"),
        *_given(rest, "set"),
        *_given(new, "new"),
    ]


def _given(people: Sequence[list[Labelled]], *of_each: Role) -> Iterator[Given]:
    for photos in people:
        yield from (Given(photo, role) for photo, role in zip(photos, of_each, strict=False))


def _people(folder: Path, part: Part) -> list[list[Labelled]]:
    """The photos of each person, the people in an order that has nothing to do with their names."""
    grouped = groupby(photos_in(folder, part), key=lambda photo: photo.person)
    return sorted((list(photos) for _, photos in grouped), key=lambda photos: _mixed(photos[0].person))


def _mixed(name: str) -> str:
    return hashlib.sha256(f"designs {name}".encode()).hexdigest()


def faces(folder: Path, spec: InputSpec, out: Path) -> Dataset:
    """Everybody's face cut out as that input wants it; made once, below `out`. Groups are "ROLE/PERSON"."""
    place = out / f"faces-{spec.template if spec.margin is None else 'square'}-{spec.width}"
    if not place.exists():
        _, lost = cut_dataset(_whole_photos(folder, out), place, cutter(spec))
        print(f"{place.name}: {lost} faces could not be cut out")
    return load_dataset(place)


def for_classifier(dataset: Dataset, *, strangers: bool, altered: bool) -> Dataset:
    """Returns the training. Without strangers there is no class for them. Photos are repeated if they are `altered`."""
    left_out = {"taught again", "watched again"} | (set() if strangers else {"taught", "watched"})
    shift = 0 if strangers else 1
    splits: dict[Split, tuple[Sample, ...]] = {
        split: tuple(
            replace(sample, label=sample.label - shift)
            for sample in samples
            if role_of(sample) not in left_out
            for _ in range(REPEATED if altered and role_of(sample) == "learnt" else 1)
        )
        for split, samples in dataset.splits.items()
        if split != "test"
    }
    return Dataset(dataset.classes[shift:], splits | {"test": ()})


def for_embedder(dataset: Dataset) -> Dataset:
    """Returns the training: strangers are people like others, and those of the validation are not in it."""
    used: dict[Split, tuple[Sample, ...]] = {
        "train": dataset.splits["train"],
        "valid": tuple(sample for sample in dataset.splits["valid"] if role_of(sample) != "chosen by"),
    }
    names = sorted({_person(sample) for samples in used.values() for sample in samples})
    number = {name: index for index, name in enumerate(names, start=1)}
    splits: dict[Split, tuple[Sample, ...]] = {
        "train": tuple(replace(sample, label=number[_person(sample)]) for sample in used["train"]),
        "valid": tuple(replace(sample, label=number[_person(sample)]) for sample in used["valid"]),
        "test": (),
    }
    return Dataset((UNKNOWN, *names), splits)


def role_of(sample: Sample) -> str:
    return sample.group.split("/")[0]


def _person(sample: Sample) -> str:
    return sample.group.split("/")[1]


def _whole_photos(folder: Path, out: Path) -> Dataset:
    parts = roles(folder)
    boxes = _boxes([part.photo.file for part in parts], out / "boxes.json")
    known = sorted({part.photo.person for part in parts if part.role == "asked"})
    number = {name: index for index, name in enumerate(known, start=1)}
    splits: dict[Split, list[Sample]] = {"train": [], "valid": [], "test": []}
    for part in parts:
        if box := boxes[part.photo.file.name]:
            label, group = number.get(part.photo.person, 0), f"{part.role}/{part.photo.person}"
            splits[SPLIT_OF[part.role]].append(Sample(part.photo.file, label, box, group))
    return Dataset((UNKNOWN, *(f"person-{n}" for n in number.values())), {k: tuple(v) for k, v in splits.items()})


def _boxes(files: Sequence[Path], kept: Path) -> dict[str, UnitBox | None]:
    if not kept.exists():
        found = {file.name: _face(file) for file in progress(files, "looking", "photo")}
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found), "utf-8")
    boxes: dict[str, UnitBox | None] = {
        name: tuple(box) if box else None for name, box in json.loads(kept.read_text("utf-8")).items()
    }
    return boxes


def _face(file: Path) -> UnitBox | None:
    image = read_picture(file)
    if image is None:
        raise EdgegateError(f"{file}: cannot be read as a picture; get the evaluation data again")
    return find_face(image)
