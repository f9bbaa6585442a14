"""Labelled pictures in three splits, as training and verification read them; one folder on disk, checked when loaded.

dataset.json          {"schema": 1, "classes": ["unknown", "anna", …], "seed": 7}
train/labels.json     [{"image": "images/00000-x.jpg", "class": 1, "bbox": [x1, y1, x2, y2], "group": …}, …]
train/images/…        JPEG or PNG; and the same for valid/ and test/
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from converter.data.compact import Unfit, UnitBox, parse_label
from converter.data.folders import new_folder
from converter.data.problems import DataError, Problem
from edgegate.errors import UsageError

SCHEMA = 1
UNKNOWN = "unknown"
"""The name of class 0: nobody, or somebody that the network shall not know."""

Split: TypeAlias = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture and what is to be seen in it. `box` is None only where nobody is."""

    image: Path
    label: int
    box: UnitBox | None
    group: str
    """The shooting it comes from: no group is in two splits."""
    camera: str | None = None
    """The camera or phone that took it, where that is known."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """`classes[0]` is `UNKNOWN`; `splits` has the keys of `SPLITS`."""

    classes: tuple[str, ...]
    splits: Mapping[Split, tuple[Sample, ...]]
    seed: int = 0
    """The seed that the splits were drawn with."""

    def samples(self) -> Iterator[Sample]:
        for split in SPLITS:
            yield from self.splits[split]


class Writer:
    """Adds pictures and labels to a folder that is being written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[Split, list[dict[str, Any]]] = {split: [] for split in SPLITS}
        for split in SPLITS:
            (folder / split / "images").mkdir(parents=True)

    def add(self, split: Split, sample: Sample, content: bytes | None = None, suffix: str | None = None) -> Path:
        """Write one picture: `content` with that suffix (.jpg or .png), or else a copy of `sample.image`."""
        rows = self._rows[split]
        name = f"images/{len(rows):05d}-{sample.image.stem}{suffix or sample.image.suffix.lower()}"
        target = self._folder / split / name
        if content is None:
            shutil.copyfile(sample.image, target)
        else:
            target.write_bytes(content)
        rows.append(_row(name, sample))
        return target

    def finish(self, classes: tuple[str, ...], seed: int) -> None:
        for split, rows in self._rows.items():
            lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
            (self._folder / split / "labels.json").write_text(f"[\n{lines}\n]\n", "utf-8")
        head = json.dumps({"schema": SCHEMA, "classes": classes, "seed": seed}, ensure_ascii=False, indent=2)
        (self._folder / "dataset.json").write_text(head + "\n", "utf-8")


@contextmanager
def writing(folder: Path, classes: tuple[str, ...], seed: int = 0) -> Iterator[Writer]:
    """A dataset that appears as the new `folder` only when the block ends well; raises as `new_folder` does."""
    with new_folder(folder) as draft:
        writer = Writer(draft)
        yield writer
        writer.finish(classes, seed)


def save_dataset(dataset: Dataset, folder: Path) -> Dataset:
    """Copy it into a new folder, all or nothing, and return it as it is there; raises UsageError, EdgegateError."""
    with writing(folder, dataset.classes, dataset.seed) as writer:
        for split in SPLITS:
            for sample in dataset.splits[split]:
                writer.add(split, sample)
    return load_dataset(folder)


def load_dataset(folder: Path) -> Dataset:
    """Read it, and check all but the pixels (see `check`).

    Raises UsageError if there is none at `folder`, DataError with everything that is wrong in it.
    """
    head = folder / "dataset.json"
    if not head.is_file():
        raise UsageError(f"{folder}: no dataset here (no dataset.json); make one with: python -m converter prepare")
    problems: list[Problem] = []
    document = _read_json(head, problems)
    classes, seed = _head(head, document, problems)
    splits = {split: tuple(_samples(folder / split, len(classes), problems)) for split in SPLITS}
    problems.extend(_straddling(folder, splits))
    if problems:
        raise DataError(problems)
    return Dataset(classes, MappingProxyType(splits), seed)


def _head(file: Path, document: Any, problems: list[Problem]) -> tuple[tuple[str, ...], int]:
    fields = document if isinstance(document, dict) else {}
    if fields.get("schema") != SCHEMA:
        reason = f"its schema is {fields.get('schema')!r}, not {SCHEMA}"
        problems.append(Problem(file, reason, "make it again with: python -m converter prepare"))
    classes, seed = fields.get("classes"), fields.get("seed", 0)
    if not isinstance(classes, list) or not all(isinstance(name, str) and name for name in classes):
        problems.append(Problem(file, "its classes are not a list of names", "list them, class 0 first"))
        return (), 0
    if classes[:1] != [UNKNOWN] or len(set(classes)) != len(classes):
        problems.append(Problem(file, f"class 0 is not {UNKNOWN!r}, or a name is there twice", "mend the list"))
    return tuple(classes), seed if isinstance(seed, int) else 0


def _samples(folder: Path, classes: int, problems: list[Problem]) -> Iterator[Sample]:
    file = folder / "labels.json"
    rows = _read_json(file, problems)
    if not isinstance(rows, list):
        problems.append(Problem(file, "it is not a list of labels", "make the dataset again"))
        return
    for number, row in enumerate(rows):
        try:
            yield _sample(row, folder, classes)
        except Unfit as error:
            problems.append(Problem(file, f"label {number}: {error}", "mend it, or remove it"))


def _sample(row: Any, folder: Path, classes: int) -> Sample:
    label = parse_label(row)
    if label.number >= classes:
        raise Unfit(f"class {label.number} has no name in dataset.json")
    image = folder / label.image
    if not image.is_file():
        raise Unfit(f"{label.image} is not there")
    return Sample(image, label.number, label.box, label.group or "", label.camera)


def _straddling(folder: Path, splits: Mapping[Split, tuple[Sample, ...]]) -> Iterator[Problem]:
    """Groups that are in more than one split."""
    home: dict[str, Split] = {}
    told: set[str] = set()
    for split, samples in splits.items():
        for sample in samples:
            if sample.group and home.setdefault(sample.group, split) != split and sample.group not in told:
                told.add(sample.group)
                reason = f"group {sample.group!r} is in {home[sample.group]} and {split}"
                yield Problem(folder, reason, "one shooting belongs in one split: make the dataset again")


def _row(name: str, sample: Sample) -> dict[str, Any]:
    box = None if sample.box is None else [round(number, 6) for number in sample.box]
    return {"image": name, "class": sample.label, "bbox": box, "group": sample.group, "camera": sample.camera}


def _read_json(file: Path, problems: list[Problem]) -> Any:
    try:
        return json.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError:
        problems.append(Problem(file, "it is not there", "make the dataset again with: python -m converter prepare"))
    except (OSError, ValueError, RecursionError) as error:
        problems.append(Problem(file, f"it cannot be read as JSON ({error})", "make the dataset again"))
    return None
