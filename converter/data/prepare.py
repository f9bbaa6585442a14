"""`converter prepare`: photos and their labels to a checked dataset, or the list of everything that is wrong."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from converter.data import presplit
from converter.data.annotations import Annotation, read_annotations, read_names
from converter.data.compact import Unfit, UnitBox
from converter.data.dataset import UNKNOWN, Dataset, Sample, Split, load_dataset, writing
from converter.data.exif import camera_model
from converter.data.faces import find_face
from converter.data.folders import require_new
from converter.data.groups import Fingerprint, fingerprint, merged, near_duplicates, shooting
from converter.data.negatives import read_empty, read_strangers
from converter.data.people import Apart, read_people
from converter.data.pictures import LOSSLESS, encode, shrunk
from converter.data.problems import DataError, Problem
from converter.data.splitting import SHARES, Contents, contents, missing, split_groups, split_people
from edgegate.errors import UsageError
from edgegate.system.progress import progress

MIN_PHOTOS = 20
LONGEST_SIDE = 1280
"""Larger photos are scaled down to this many pixels: training looks at far fewer."""

NAMES = "classes.txt"

Kind: TypeAlias = Literal["labelled", "people", "crops"]
KINDS: tuple[Kind, ...] = get_args(Kind)

LEAST_PEOPLE = 6
"""Two for each split, where people are kept apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """Folders. `names` is the file of class names; by default `classes.txt` in `photos`, if it is there."""

    photos: Path
    empty: tuple[Path, ...] = ()
    strangers: tuple[Path, ...] = ()
    names: Path | None = None
    kind: Kind = "labelled"
    """The content of `photos`: pictures with labels, a folder of photos for each person, or such of faces cut out."""
    apart: Apart = "shooting"
    """The unit that is never in two splits; of labelled pictures always a capture session."""

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.photos, *self.empty, *self.strangers)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A label whose picture was looked at."""

    annotation: Annotation
    box: UnitBox | None
    group: str
    camera: str | None
    digest: bytes
    """Of its pixels."""
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Prepared:
    dataset: Dataset
    merged: int
    """The number of capture sessions joined with another, because pictures of theirs look nearly the same."""
    faceless: int = 0
    """The number of strangers' pictures without a face that the detector finds: they count as scenes of nobody."""
    left_out: int = 0
    """The number of photos of people left out, for the detector finds no face in them."""
    as_given: bool = False
    """True if the photos came split, and stay so."""
    alike: int = 0
    """The number of test pictures, of photos that came split, that look nearly the same as one of training."""


def prepare(
    sources: Sources,
    out: Path,
    *,
    seed: int = 0,
    min_photos: int = MIN_PHOTOS,
    longest: int = LONGEST_SIDE,
    shares: Mapping[Split, float] = SHARES,
) -> Prepared:
    """Write the dataset to the new folder `out`, pictures upright and without metadata; `shares` sum to 1.

    Raises UsageError for a wrong call and DataError with every fault; nothing is written then.
    """
    _require(sources, out)
    annotations, names, problems = _gather(sources)
    examined = list(_examined(annotations, sources, problems))
    pictures = [picture for picture in examined if not _is_lost(picture)]
    classes = names or (UNKNOWN, *sorted({picture.annotation.name for picture in pictures} - {UNKNOWN}))
    labels = [classes.index(picture.annotation.name) for picture in pictures]
    known = sources.apart == "person"
    problems.extend(_too_few(sources.photos, classes, labels, min_photos, nobody_else=known))
    drawn = presplit.splits_of(sources.photos, [picture.annotation for picture in pictures])
    groups = _groups(pictures, problems) if not any(drawn) else presplit.groups(pictures, drawn)
    problems.extend(presplit.faults(sources.photos, pictures, drawn))
    counts = contents(groups, labels)
    homes = (split_people if known else split_groups)(counts, seed, shares)
    homes |= {group: split for group, split in zip(groups, drawn, strict=True) if split is not None}
    problems.extend(_too_alike(sources.photos, counts) if known else _not_everywhere(sources, classes, counts, homes))
    if problems:
        raise DataError(problems)
    rows = list(zip(pictures, labels, groups, [homes[group] for group in groups], strict=True))
    _write(out, classes, seed, rows, longest)
    joined = 0 if any(drawn) else len({picture.group for picture in pictures}) - len(counts)
    faceless = sum(picture.annotation.undrawn and picture.box is None for picture in pictures)
    left_out = len(examined) - len(pictures)
    return Prepared(load_dataset(out), joined, faceless, left_out, any(drawn), presplit.alike(pictures, drawn))


def _require(sources: Sources, out: Path) -> None:
    missing_ones = [str(folder) for folder in sources.folders if not folder.is_dir()]
    if sources.names is not None and not sources.names.is_file():
        missing_ones.append(str(sources.names))
    if missing_ones:
        raise UsageError("\n".join(f"{path}: there is no such {_kind(path, sources)}" for path in missing_ones))
    require_new(out)
    for folder in sources.folders:
        if out.resolve().is_relative_to(folder.resolve()):
            raise UsageError(f"{out}: is inside {folder}, and would be read as photos the next time; put it elsewhere")


def _kind(path: str, sources: Sources) -> str:
    return "file" if path == str(sources.names) else "folder"


def _gather(sources: Sources) -> tuple[list[Annotation], tuple[str, ...] | None, list[Problem]]:
    """Every label, the names of the classes if they are given, and what is wrong."""
    problems: list[Problem] = []
    names: tuple[str, ...] | None = None
    file = sources.names or sources.photos / NAMES
    if file.exists():
        try:
            names = read_names(file)
        except Unfit as error:
            problems.append(Problem(file, str(error), "mend the list"))
    if sources.kind == "labelled":
        annotations, found = read_annotations(sources.photos, names)
    else:
        annotations, found = read_people(sources.photos, sources.apart, cut=sources.kind == "crops")
    problems.extend(found)
    read_others = partial(read_strangers, cut=sources.kind == "crops")
    for more, found in (*map(read_empty, sources.empty), *map(read_others, sources.strangers)):
        annotations.extend(more)
        problems.extend(found)
    return annotations, names, problems


def _examined(annotations: Sequence[Annotation], sources: Sources, problems: list[Problem]) -> Iterator[Picture]:
    for annotation in progress(annotations, "looking at photos", "photo"):
        try:
            yield _examine(annotation, sources.photos)
        except Unfit as error:
            problems.append(Problem(annotation.file, str(error), "mend the label, or remove picture and label"))


def _examine(annotation: Annotation, photos: Path) -> Picture:
    image = annotation.picture()
    box = find_face(image) if annotation.undrawn else annotation.unit_box(image.shape[1], image.shape[0])
    group = annotation.group or shooting(annotation.image, photos)
    camera = annotation.camera or camera_model(annotation.content())
    digest = hashlib.sha256(image.tobytes()).digest()
    return Picture(annotation, box, group, camera, digest, fingerprint(image, box))


def _is_lost(picture: Picture) -> bool:
    """Of a person, without a face."""
    return picture.annotation.undrawn and picture.box is None and picture.annotation.name != UNKNOWN


def _groups(pictures: Sequence[Picture], problems: list[Problem]) -> list[str]:
    """Each picture's group, those that share a picture made one."""
    pairs = list(near_duplicates([picture.fingerprint for picture in pictures]))
    problems.extend(_contradictions(pictures, pairs))
    return merged([picture.group for picture in pictures], pairs)


def _contradictions(pictures: Sequence[Picture], pairs: Sequence[tuple[int, int]]) -> Iterator[Problem]:
    for one, other in ((pictures[i], pictures[j]) for i, j in pairs):
        if one.digest == other.digest and one.annotation.name != other.annotation.name:
            same = f"{one.annotation.image}, which is labelled {one.annotation.name!r}, not {other.annotation.name!r}"
            yield Problem(other.annotation.file, f"it is the same picture as {same}", "keep the one that is right")


def _too_few(
    folder: Path, classes: Sequence[str], labels: Sequence[int], least: int, *, nobody_else: bool
) -> Iterator[Problem]:
    """`nobody_else`: class 0 may be without pictures."""
    counts = Counter(labels)
    for number, name in enumerate(classes):
        if counts[number] < least and not (nobody_else and number == 0):
            more = (
                "give folders with --empty and --strangers" if number == 0 else "take more, or correct a mistyped name"
            )
            yield Problem(folder, f"class {name!r} has {counts[number]} photos of the {least} it needs", more)
    if len(classes) < 2:
        yield Problem(folder, "there is no person to learn", "label photos with LabelMe, or take some with capture")


def _too_alike(folder: Path, groups: Contents) -> Iterator[Problem]:
    """People who share pictures, and too few of them to measure on ones that were not learnt."""
    for group, counts in groups.items():
        if len(counts) > 1:
            yield Problem(folder, f"pictures of {group!r} and of somebody else look the same", "remove the wrong ones")
    if len(groups) < LEAST_PEOPLE:
        yield Problem(folder, f"it holds {len(groups)} people, and {LEAST_PEOPLE} are the least", "add people")


def _not_everywhere(
    sources: Sources, classes: Sequence[str], groups: Contents, homes: dict[str, Split]
) -> Iterator[Problem]:
    """Classes that some split would lack."""
    folder = sources.photos
    lacking = missing(groups, homes)
    for number in sorted({label for label, _ in lacking}):
        shootings = sorted(group for group, counts in groups.items() if number in counts)
        splits = " and ".join(split for label, split in lacking if label == number)
        shown = ", ".join(shootings[:5]) + (", …" if len(shootings) > 5 else "")
        yield Problem(
            folder,
            f"class {classes[number]!r} would be missing from {splits}: its photos are of {len(shootings)} "
            f"separate shootings ({shown}), and each belongs in one split",
            "take photos on three occasions or more, named like `anna-monday_001.jpg`, or give each label a `group`",
        )


def _write(
    out: Path,
    classes: tuple[str, ...],
    seed: int,
    rows: Sequence[tuple[Picture, int, str, Split]],
    longest: int,
) -> None:
    with writing(out, classes, seed) as writer:
        for picture, label, group, split in progress(rows, "writing", "photo"):
            annotation = picture.annotation
            image = shrunk(annotation.picture(), longest)
            content, suffix = encode(image, lossless=annotation.image.suffix.lower() in LOSSLESS)
            sample = Sample(annotation.image, label, picture.box, group, picture.camera)
            writer.add(split, sample, content, suffix)
