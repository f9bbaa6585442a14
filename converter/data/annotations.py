"""Reads the labels people draw: files of the LabelMe tool, and the compact form (see `compact`), side by side."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from converter.data.compact import Unfit, UnitBox, parse_label
from converter.data.dataset import UNKNOWN
from converter.data.finding import PictureFinder
from converter.data.problems import Problem
from edgegate.enrol import PICTURES, decode_picture
from edgegate.types import Image

_DRAW = "draw one rectangle around the face in LabelMe"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A label as it was found, before the picture was looked at."""

    file: Path
    """The file to mend if it is wrong: the JSON file, or the picture itself where nothing was to be drawn."""
    image: Path
    """The picture's file; if it does not exist, the picture is inside `file` (LabelMe's `imageData`)."""
    name: str
    box: tuple[float, float, float, float] | None
    """x1, y1, x2, y2, in pixels if there is a `size`, else in 0…1."""
    pixels: bool = False
    size: tuple[int, int] | None = None
    """Width and height of the picture that the box was drawn on, where the file says so."""
    group: str | None = None
    camera: str | None = None
    undrawn: bool = False
    """Somebody is there, without a box: `prepare` asks the face detector for one."""

    def unit_box(self, width: int, height: int) -> UnitBox | None:
        """The box in 0…1 of a picture of that size; raises Unfit if it is not on that picture."""
        if self.size not in {None, (width, height)}:
            drawn = "×".join(map(str, self.size or ()))
            raise Unfit(f"the box was drawn on a picture of {drawn} pixels, and this one has {width}×{height}")
        if self.box is None:
            return None
        scale = (width, height, width, height) if self.pixels else (1, 1, 1, 1)
        slack = tuple(1 / side for side in (width, height, width, height))  # a line drawn on the very edge
        unit = tuple(value / unit for value, unit in zip(self.box, scale, strict=True))
        if not all(-off <= value <= 1 + off for value, off in zip(unit, slack, strict=True)):
            raise Unfit(f"the box {_listed(self.box)} reaches outside the picture ({width}×{height} pixels)")
        x1, y1, x2, y2 = (min(max(value, 0.0), 1.0) for value in unit)
        if not (x2 - x1 >= 4 * slack[0] and y2 - y1 >= 4 * slack[1]):
            raise Unfit(f"the box {_listed(self.box)} is empty")
        return x1, y1, x2, y2

    def picture(self) -> Image:
        """The picture, BGR, upright; raises Unfit."""
        image = decode_picture(self.content())
        if image is None:
            raise Unfit(f"{self.image.name} cannot be read as a picture")
        return image

    def content(self) -> bytes:
        """The picture's file; raises Unfit if there is none."""
        try:
            return self.image.read_bytes()
        except FileNotFoundError:
            return _embedded(self.file)
        except (OSError, ValueError) as error:
            raise Unfit(f"{self.image.name!r} cannot be read: {error}") from None


def read_annotations(folder: Path, names: Sequence[str] | None) -> tuple[list[Annotation], list[Problem]]:
    """Every label below `folder`, in the order of the files' names, and all that is wrong with them.

    `names` are the classes by number, `UNKNOWN` first; without them LabelMe's labels are taken as they are.
    """
    annotations: list[Annotation] = []
    problems: list[Problem] = []
    mentioned: set[Path] = set()
    finder = PictureFinder()
    files = [path for path in sorted(folder.rglob("*")) if not path.name.startswith(".")]
    for file in (path for path in files if path.suffix.lower() == ".json"):
        mentioned.add(file.with_suffix(""))
        for row in _rows(file, problems):
            try:
                mentioned.update(_mentioned(file, row, finder))
                annotations.append(_known(_annotation(file, row, names, finder), names))
            except Unfit as error:
                problems.append(Problem(file, str(error), "mend the label, or remove picture and label"))
    problems.extend(_unlabelled(files, mentioned))
    problems.extend(_labelled_twice(annotations))
    return annotations, problems


def read_names(file: Path) -> tuple[str, ...]:
    """Class names, one a line, by number; raises Unfit unless `UNKNOWN` is the first and each is there once."""
    try:
        names = tuple(line.strip() for line in file.read_text("utf-8-sig").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise Unfit(f"it cannot be read: {error}") from None
    if names[:1] != (UNKNOWN,) or len(set(names)) != len(names):
        raise Unfit(f"it must name each class once, a name a line, the first of them {UNKNOWN!r}")
    return names


def _rows(file: Path, problems: list[Problem]) -> list[Any]:
    try:
        document = json.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        problems.append(Problem(file, f"it cannot be read as JSON ({error})", "save it again, or remove it"))
        return []
    return document if isinstance(document, list) else [document]


def _mentioned(file: Path, row: Any, finder: PictureFinder) -> Iterator[Path]:
    """The picture that a label is about, whatever else is wrong with it."""
    image = (row.get("imagePath") or row.get("image")) if isinstance(row, dict) else None
    if isinstance(image, str):
        yield finder.find(file, image)


def _annotation(file: Path, row: Any, names: Sequence[str] | None, finder: PictureFinder) -> Annotation:
    if isinstance(row, dict) and "shapes" in row:
        return _labelme(file, row, finder)
    return _compact(file, row, names, finder)


def _compact(file: Path, row: Any, names: Sequence[str] | None, finder: PictureFinder) -> Annotation:
    label = parse_label(row)
    if label.number == 0:
        name = UNKNOWN
    elif names is None or label.number >= len(names):
        raise Unfit(f"class {label.number} has no name: list the names in classes.txt, one a line, {UNKNOWN!r} first")
    else:
        name = names[label.number]
    return Annotation(file, finder.find(file, label.image), name, label.box, group=label.group, camera=label.camera)


def _labelme(file: Path, row: dict[str, Any], finder: PictureFinder) -> Annotation:
    """One LabelMe file. It keeps unknown keys, so that `group` and `camera` outlive an edit in the tool."""
    if not isinstance(row["shapes"], list) or not isinstance(row.get("imagePath"), str):
        raise Unfit("it is not a file of the LabelMe tool: no list of shapes, or no imagePath")
    name, box = _shape(row["shapes"], row.get("flags"))
    width, height = row.get("imageWidth"), row.get("imageHeight")
    size = (width, height) if isinstance(width, int) and isinstance(height, int) else None
    group, camera = row.get("group"), row.get("camera")
    if not isinstance(group, str | None) or not isinstance(camera, str | None):
        raise Unfit("group and camera are names")
    image = finder.find(file, row["imagePath"])
    return Annotation(file, image, name, box, pixels=True, size=size, group=group, camera=camera)


def _shape(shapes: list[Any], flags: Any) -> tuple[str, tuple[float, float, float, float] | None]:
    """The label and box of the one rectangle; nobody's picture has none and the flag `unknown`."""
    if not shapes:
        if isinstance(flags, dict) and flags.get(UNKNOWN) is True:
            return UNKNOWN, None
        raise Unfit(f"no box is drawn; {_DRAW}, or set the flag {UNKNOWN!r} if nobody is there")
    if len(shapes) > 1:
        raise Unfit(f"{len(shapes)} boxes are drawn, and the tracker answers with one; crop the picture to one person")
    shape = shapes[0] if isinstance(shapes[0], dict) else {}
    name, points = shape.get("label"), shape.get("points")
    if not isinstance(name, str) or not name.strip():
        raise Unfit("the box has no label; give it the person's name")
    if (kind := shape.get("shape_type", "polygon")) != "rectangle":
        raise Unfit(f"the shape is a {kind}; {_DRAW}")
    return name.strip(), _corners(points)


def _corners(points: Any) -> tuple[float, float, float, float]:
    """Any two opposite corners, in any order, to x1, y1, x2, y2."""
    flat = [value for point in points for value in point] if _is_pairs(points) else []
    if len(flat) not in {4, 8} or not all(type(value) in {int, float} and abs(value) < 1e6 for value in flat):
        raise Unfit(f"the rectangle's points are not two corners; {_DRAW}")
    return min(flat[::2]), min(flat[1::2]), max(flat[::2]), max(flat[1::2])


def _is_pairs(points: Any) -> bool:
    return isinstance(points, list) and all(isinstance(point, list) and len(point) == 2 for point in points)


def _known(annotation: Annotation, names: Sequence[str] | None) -> Annotation:
    if names is None or annotation.name in names:
        return annotation
    near = get_close_matches(annotation.name, names, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise Unfit(f"label {annotation.name!r} is not in the list of classes{hint}")


def _embedded(file: Path) -> bytes:
    """LabelMe's `imageData`: the picture's own file, in base64, or null."""
    try:
        document = json.loads(file.read_text("utf-8-sig"))
        data = document.get("imageData") if isinstance(document, dict) else None
        content = base64.b64decode(data, validate=True) if isinstance(data, str) else b""
    except (OSError, ValueError, binascii.Error):
        content = b""
    if not content:
        raise Unfit("the picture it names is not there, and not inside it; put the picture beside it")
    return content


def _unlabelled(files: Sequence[Path], mentioned: set[Path]) -> Iterator[Problem]:
    for path in files:
        if path.suffix.lower() in PICTURES and not {path, path.with_suffix("")} & mentioned:
            yield Problem(path, "it has no label", f"{_DRAW}, or move it to the folder of empty scenes or strangers")


def _labelled_twice(annotations: Sequence[Annotation]) -> Iterator[Problem]:
    first: dict[Path, Annotation] = {}
    for annotation in annotations:
        other = first.setdefault(annotation.image, annotation)
        if other is not annotation:
            yield Problem(annotation.file, f"{annotation.image.name} has a label in {other.file} too", "keep one")


def _listed(box: tuple[float, ...]) -> str:
    return "[" + ", ".join(f"{value:g}" for value in box) + "]"
