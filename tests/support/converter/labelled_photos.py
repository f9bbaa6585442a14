"""Small photos of two people before rooms, with their boxes, and the labels that LabelMe would write."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER, Portrait, read
from edgegate.types import Box, Image

SIZE = (200, 150)
PEOPLE = {"anna": ASTRONAUT, "grace": GRACE_HOPPER}


def room(seed: int) -> Image:
    """Soft blobs of colour: another seed, another room."""
    rng = np.random.default_rng(seed)
    blobs = rng.integers(30, 220, (5, 7, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(blobs, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)


def photo(portrait: Portrait, shooting: int, frame: int, face: int = 48) -> tuple[Image, Box]:
    """A face `face` pixels wide before the room of that shooting, each frame somewhere else; and its box in pixels."""
    x, y = 60 + 12 * (frame % 7) + shooting % 5, 60 + 6 * (frame % 5)
    image, scale = read(portrait), face / portrait.box.width
    left, top = x - scale * portrait.box.center[0], y - scale * portrait.box.center[1]
    head = (slice(0, round(portrait.box.y2 * 1.15)), slice(round(portrait.box.x1 * 0.7), round(portrait.box.x2 * 1.2)))
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[head] = 255
    matrix = np.array(((scale, 0, left), (0, scale, top)))
    small, shape = (cv2.warpAffine(one, matrix, SIZE, flags=cv2.INTER_AREA) for one in (image, mask))
    picture = np.where(shape[..., None] > 127, small, room(shooting))
    box = portrait.box
    return np.asarray(picture, np.uint8), Box(
        box.x1 * scale + left, box.y1 * scale + top, box.x2 * scale + left, box.y2 * scale + top
    )


def brighter(image: Image, levels: int) -> Image:
    return np.clip(image.astype(np.int16) + levels, 0, 255).astype(np.uint8)


def write(path: Path, image: Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


def labelme(image: Path, name: str, box: Box, *, embed: bool = False, **more: Any) -> dict[str, Any]:
    """As LabelMe 5 writes it: corners as drawn, here from the lower right to the upper left."""
    height, width = SIZE[1], SIZE[0]
    shape: dict[str, Any] = {
        "label": name,
        "points": [[box.x2, box.y2], [box.x1, box.y1]],
        "group_id": None,
        "description": "",
        "shape_type": "rectangle",
        "flags": {},
        "mask": None,
    }
    data = base64.b64encode(image.read_bytes()).decode() if embed else None
    head: dict[str, Any] = {
        "version": "5.5.0",
        "flags": {},
        "shapes": [shape],
        "imagePath": image.name,
        "imageData": data,
    }
    return head | {"imageHeight": height, "imageWidth": width} | more


def write_labelled(
    folder: Path, name: str, shootings: int = 3, frames: int = 4, first: int = 0, suffix: str = ".jpg"
) -> list[Path]:
    """`<name>-<shooting>_<frame>.jpg` with LabelMe's file beside each; returns the photos."""
    photos = []
    for shooting in range(first, first + shootings):
        for frame in range(frames):
            image, box = photo(PEOPLE[name], 100 * list(PEOPLE).index(name) + shooting, frame)
            path = write(folder / name / f"{name}-{'abcdefgh'[shooting]}_{frame:03d}{suffix}", image)
            path.with_suffix(".json").write_text(json.dumps(labelme(path, name, box)), "utf-8")
            photos.append(path)
    return photos


def write_empty(folder: Path, rooms: int = 3, frames: int = 2) -> Path:
    """Rooms with nobody in them; frames of one differ by a little light."""
    for number in range(rooms):
        for frame in range(frames):
            write(folder / f"room-{'abcdefgh'[number]}_{frame}.png", brighter(room(500 + number), 3 * frame))
    return folder
