"""Model packs: a folder of `model.tflite`, its card `model.toml`, and the golden answer it must give.

The card is believed only as far as its hashes: a pack whose bytes, task or names are not what it says is refused.
What needs a runtime to check (shapes, the golden answer) is checked by `tflite.Model`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from edgegate.errors import ModelError
from edgegate.vision.align import TEMPLATES

SCHEMA = 1
MODEL_FILE = "model.tflite"
CARD_FILE = "model.toml"
GOLDEN_FILE = "golden.npz"

Task = Literal["detector", "landmarks", "tracker", "classifier", "embedder", "liveness"]

OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "detector": ("boxes", "scores"),
    "landmarks": ("landmarks", "presence"),
    "tracker": ("class", "box"),
    "classifier": ("class_probs",),
    "embedder": ("embedding",),
    "liveness": ("live",),
}
"""The names that a model of each task must give its outputs in its signature."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """The picture a model wants: (height, width, 3), pixel levels 0 and 255 standing for `low` and `high`."""

    width: int
    height: int
    low: float
    high: float
    colour: Literal["rgb", "bgr"]
    template: str = "dlib-150"
    """Of an embedder: how its faces are aligned, a name of `align.TEMPLATES`."""
    margin: float | None = None
    """Of a classifier whose faces are cut out by their box: the room around it, as a share of its larger side. None
    where they are aligned, as an embedder's."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A model whose card has been read and whose hashes agree."""

    folder: Path
    task: Task
    sha256: str
    """Of `model.tflite`, lower-case hex."""
    input: InputSpec
    outputs: Mapping[str, tuple[int, ...]]
    """Shape by signature name."""
    licence: str
    labels: tuple[str, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    """The figures the model was accepted with."""
    thresholds: tuple[Mapping[str, Any], ...] = ()
    """Rows of an embedder's or a classifier's measured table, columns as the card has them."""

    @property
    def name(self) -> str:
        """Folder and the start of the hash, e.g. `face-embedder@1a2b3c4d`: what events and galleries record."""
        return f"{self.folder.name}@{self.sha256[:8]}"

    @property
    def model(self) -> Path:
        return self.folder / MODEL_FILE

    @property
    def golden(self) -> Path:
        return self.folder / GOLDEN_FILE


def shipped(name: str) -> Path:
    """The folder of a pack that comes with the package, e.g. `face-detector`."""
    return Path(str(resources.files("edgegate").joinpath("models", name)))


def load_pack(folder: Path, *tasks: Task) -> Pack:
    """Read and verify a pack of one of these tasks; raises ModelError with the pack, the reason and the way out."""
    card = read_card(folder)
    try:
        pack = _parse(folder, card)
        golden_sha256 = str(card["golden"]["sha256"])
    except (KeyError, TypeError, ValueError) as error:
        detail = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise refused(folder, f"its {CARD_FILE} {detail}", "rebuild the pack with the converter") from None
    if pack.task not in tasks:
        wanted = " or ".join(map(repr, tasks))
        raise refused(folder, f"its task is {pack.task!r}, not {wanted}", f"name a pack of task {wanted}")
    for file, expected in ((pack.model, pack.sha256), (pack.golden, golden_sha256)):
        if sha256_of(file) != expected:
            raise refused(
                folder,
                f"{file.name} is not the file its card was written for (sha256 differs)",
                "copy the pack again",
            )
    if missing := [name for name in OUTPUTS[pack.task] if name not in pack.outputs]:
        raise refused(folder, f"its card names no output {', '.join(missing)}", "rebuild the pack with the converter")
    return pack


def read_card(folder: Path) -> dict[str, Any]:
    """The card as it stands, of a schema that is known; raises ModelError."""
    if missing := [name for name in (CARD_FILE, MODEL_FILE, GOLDEN_FILE) if not (folder / name).is_file()]:
        raise refused(folder, f"{', '.join(missing)} missing", "copy the whole folder, or name another one")
    try:
        card = tomllib.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise refused(folder, f"its {CARD_FILE} cannot be read ({error})", "copy the pack again") from None
    if card.get("schema") != SCHEMA:
        raise refused(
            folder,
            f"its card has schema {card.get('schema')!r}, this version reads {SCHEMA}",
            "rebuild the pack with this version's converter",
        )
    return card


def refused(folder: Path, reason: str, way_out: str) -> ModelError:
    return ModelError(f"model pack {folder.name} ({folder}): {reason}; {way_out}")


def sha256_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _parse(folder: Path, card: Mapping[str, Any]) -> Pack:
    task = card["task"]
    if task not in OUTPUTS:
        raise ValueError(f"has the unknown task {task!r}")
    return Pack(
        folder=folder,
        task=task,
        sha256=str(card["sha256"]),
        input=_parse_input(card["input"], task),
        outputs={str(name): tuple(map(int, shape)) for name, shape in card["outputs"].items()},
        licence=str(card["licence"]),
        labels=tuple(map(str, card.get("labels", ()))),
        origin=dict(card["origin"]),
        report=dict(card.get("report", {})),
        thresholds=tuple(dict(row) for row in card.get("thresholds", ())),
    )


def _parse_input(table: Mapping[str, Any], task: Task) -> InputSpec:
    low, high = map(float, table["range"])
    if not low < high:
        raise ValueError(f"has the empty input range {table['range']!r}")
    if table["colour"] not in {"rgb", "bgr"}:
        raise ValueError(f"has the unknown colour order {table['colour']!r}")
    spec = InputSpec(int(table["width"]), int(table["height"]), low, high, table["colour"])
    if task == "classifier" and "template" not in table:
        return replace(spec, margin=_margin(table))
    if task in {"classifier", "embedder"}:
        return _aligned(replace(spec, template=str(table.get("template", spec.template))))
    if task in {"detector", "landmarks"} and spec.width != spec.height:
        raise ValueError(f"has an input of {spec.width}x{spec.height}, and that of a {task} pack is square")
    return spec


def _margin(table: Mapping[str, Any]) -> float:
    margin = float(table["margin"])
    if not 0 <= margin <= 2:
        raise ValueError(f"has the input margin {margin:g}, which is not from 0 to 2")
    return margin


def _aligned(spec: InputSpec) -> InputSpec:
    """The same, if faces can be aligned for it; raises ValueError."""
    if spec.template not in TEMPLATES:
        raise ValueError(f"has the unknown template {spec.template!r}, not one of {', '.join(TEMPLATES)}")
    size = TEMPLATES[spec.template].size
    if (spec.width, spec.height) != (size, size):
        raise ValueError(
            f"has the template {spec.template}, whose input is {size}x{size}, not {spec.width}x{spec.height}"
        )
    return spec
