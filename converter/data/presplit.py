"""Photos that came split: folders `train`, `valid` and `test`, each with pictures and labels, or `images` and `labels`.

The split is kept. Pictures of one shooting may be on both sides of it, which is said; the same picture may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from converter.data.annotations import Annotation
from converter.data.dataset import SPLITS, Split
from converter.data.groups import Fingerprint, near_duplicates
from converter.data.problems import Problem

FOLDERS: Mapping[str, Split] = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}


class SplitPicture(Protocol):
    """A `prepare.Picture`, as far as it matters here."""

    @property
    def annotation(self) -> Annotation: ...
    @property
    def group(self) -> str: ...
    @property
    def digest(self) -> bytes: ...
    @property
    def fingerprint(self) -> Fingerprint: ...


def splits_of(photos: Path, annotations: Sequence[Annotation]) -> list[Split | None]:
    """The split that each picture came in; None of one from elsewhere, and of all where the photos came unsplit.

    Labels that name their shootings, as `prepare` writes them, are split again.
    """
    images = [annotation.image for annotation in annotations]
    folders = {path.name: FOLDERS.get(path.name.lower()) for path in photos.iterdir() if path.is_dir()}
    if not {"train", "test"} <= set(folders.values()) or any(one.group for one in annotations):
        return [None] * len(images)
    return [
        folders.get(image.relative_to(photos).parts[0]) if image.is_relative_to(photos) else None for image in images
    ]


def groups(pictures: Sequence[SplitPicture], drawn: Sequence[Split | None]) -> list[str]:
    """Each picture's group, one for each side of the split."""
    return [f"{split or 'elsewhere'}: {picture.group}" for picture, split in zip(pictures, drawn, strict=True)]


def faults(photos: Path, pictures: Sequence[SplitPicture], drawn: Sequence[Split | None]) -> Iterator[Problem]:
    """A split that is not there, and every picture that is in two."""
    if not any(drawn):
        return
    for wanted in SPLITS:
        if wanted not in drawn:
            reason = f"it came split, and has no pictures in {wanted}"
            yield Problem(photos, reason, "add that folder, or put all photos into one, which prepare splits")
    first: dict[bytes, tuple[SplitPicture, Split]] = {}
    for picture, split in zip(pictures, drawn, strict=True):
        if split is None:
            continue
        other, home = first.setdefault(picture.digest, (picture, split))
        if home != split:
            reason = f"it is the same picture as {other.annotation.image.relative_to(photos)}, in {home}"
            yield Problem(picture.annotation.image, reason, f"remove it from {split}, or from {home}")


def alike(pictures: Sequence[SplitPicture], drawn: Sequence[Split | None]) -> int:
    """The number of test pictures that look nearly the same as one of training, where they came split."""
    if not any(drawn):
        return 0
    pairs = near_duplicates([picture.fingerprint for picture in pictures])
    ends = ({drawn[i]: i, drawn[j]: j} for i, j in pairs)
    return len({end["test"] for end in ends if end.keys() == {"train", "test"}})
