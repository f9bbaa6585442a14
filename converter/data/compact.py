"""The compact form of a label, `{"image": …, "class": n, "bbox": [x1, y1, x2, y2]}`, with coordinates in 0…1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

UnitBox: TypeAlias = tuple[float, float, float, float]
"""x1, y1, x2, y2 in 0…1 of the picture's width and height, x1 < x2 and y1 < y2."""


ROUNDED = 1e-6
"""The distance that a share of the picture may be beyond it, where a program has rounded."""


class Unfit(Exception):  # noqa: N818 (it says what the label is)
    """The reason why this is no label."""


@dataclass(frozen=True, slots=True)
class Label:
    """`image` is a path from the file that the label stands in; `box` is None only for class 0."""

    image: str
    number: int
    box: UnitBox | None
    group: str | None = None
    camera: str | None = None


def parse_label(row: Any) -> Label:
    """The compact form `{"image": …, "class": n, "bbox": […]}`; raises Unfit."""
    if not isinstance(row, dict) or not isinstance(row.get("image"), str):
        raise Unfit('it is not {"image": …, "class": n, "bbox": [x1, y1, x2, y2]}')
    label, group, camera = row.get("class"), row.get("group"), row.get("camera")
    if isinstance(label, list) and len(label) == 1:  # as courses write it, for TensorFlow
        label = label[0]
    if not isinstance(label, int) or isinstance(label, bool) or label < 0:
        raise Unfit(f"class {label!r} is not a number from 0 on")
    if not isinstance(group, str | None) or not isinstance(camera, str | None):
        raise Unfit("group and camera are names")
    box = parse_box(row.get("bbox"))
    if box is None and label != 0:
        raise Unfit("there is no box, and only class 0 (nobody) may do without")
    return Label(row["image"], label, box, group, camera)


def parse_box(value: Any) -> UnitBox | None:
    """A box in 0…1; None, or four zeros, stand for none. Raises Unfit."""
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 4 or not all(type(number) in {int, float} for number in value):
        raise Unfit(f"bbox {value!r} is not [x1, y1, x2, y2]")
    if not any(value):
        return None
    value = [min(max(number, 0), 1) if -ROUNDED <= number <= 1 + ROUNDED else number for number in value]
    if not all(0 <= number <= 1 for number in value):
        raise Unfit(f"the box {value} is outside the picture: coordinates are shares of it, 0 to 1")
    x1, y1, x2, y2 = map(float, value)
    if not (x1 < x2 and y1 < y2):
        raise Unfit(f"the box {value} is empty: x1 < x2 and y1 < y2")
    return x1, y1, x2, y2
