"""Writes model packs, whole or not at all, and compares them."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.toml import dumps
from edgegate.types import Image
from edgegate.vision.packs import (
    CARD_FILE,
    GOLDEN_FILE,
    MODEL_FILE,
    SCHEMA,
    InputSpec,
    Pack,
    Task,
    read_card,
    sha256_of,
)
from edgegate.vision.tflite import Model, cosine


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A model that is ready to become a pack. `probe` is the picture of the golden answer, RGB, of input size."""

    name: str
    task: Task
    blob: bytes
    input: InputSpec
    outputs: Mapping[str, tuple[int, ...]]
    licence: str
    origin: Mapping[str, Any]
    probe: Image
    report: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    thresholds: Sequence[Mapping[str, Any]] = ()
    """Rows that were measured with this very model; of the same data, they take the place of what the pack has."""
    beside: tuple[Path, ...] = ()
    """Files that are copied into the pack's folder as they are."""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.blob).hexdigest()


def write(draft: Draft, parent: Path) -> Path:
    """Write the pack `parent/<name>` in one step, replacing what was there; returns its folder.

    A threshold table is kept only if the model is, byte for byte, the one it was measured with.
    """
    target = parent / draft.name
    measured = {row["data"] for row in draft.thresholds}
    kept = [row for row in _measured(target, draft.sha256) if row.get("data") not in measured]
    thresholds = [*kept, *map(dict, draft.thresholds)]
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".new-") as temporary:
        folder = Path(temporary) / draft.name
        folder.mkdir()
        (folder / MODEL_FILE).write_bytes(draft.blob)
        for file in draft.beside:
            shutil.copyfile(file, folder / file.name)
        _write_golden(draft, folder)
        card = _card(draft, sha256_of(folder / GOLDEN_FILE)) | ({"thresholds": thresholds} if thresholds else {})
        (folder / CARD_FILE).write_text(dumps(card), encoding="utf-8")
        if target.exists():
            target.rename(Path(temporary) / "old")
        folder.rename(target)
    return target


def agreement(one: Model, other: Model, pictures: Iterable[Image]) -> dict[str, float]:
    """The smallest cosine of each output of two models over pictures of their input size."""
    pairs = [(one.run(picture), other.run(picture)) for picture in pictures]
    return {name: min(cosine(a[name], b[name]) for a, b in pairs) for name in one.pack.outputs}


def _measured(folder: Path, sha256: str) -> list[dict[str, Any]]:
    if not (folder / CARD_FILE).is_file():
        return []
    card = read_card(folder)
    rows: list[dict[str, Any]] = card.get("thresholds", [])
    return rows if card.get("sha256") == sha256 else []


def _write_golden(draft: Draft, folder: Path) -> None:
    pack = Pack(folder, draft.task, draft.sha256, draft.input, draft.outputs, draft.licence)
    outputs: dict[str, npt.NDArray[Any]] = dict(Model(pack, prove=False).run(draft.probe))
    np.savez_compressed(folder / GOLDEN_FILE, allow_pickle=False, input=draft.probe[np.newaxis], **outputs)


def _cut_out(task: Task, spec: InputSpec) -> dict[str, Any]:
    """Returns how a face becomes the input, where the input is a face."""
    if task not in {"classifier", "embedder"}:
        return {}
    return {"template": spec.template} if spec.margin is None else {"margin": spec.margin}


def _card(draft: Draft, golden_sha256: str) -> dict[str, Any]:
    spec = draft.input
    return {
        "schema": SCHEMA,
        "task": draft.task,
        "sha256": draft.sha256,
        "licence": draft.licence,
        **({"labels": list(draft.labels)} if draft.labels else {}),
        "input": {
            "width": spec.width,
            "height": spec.height,
            "range": [spec.low, spec.high],
            "colour": spec.colour,
            **_cut_out(draft.task, spec),
        },
        "outputs": {name: list(shape) for name, shape in draft.outputs.items()},
        "origin": dict(draft.origin),
        "golden": {"sha256": golden_sha256},
        "report": dict(draft.report),
    }
