"""The input of a design: pixels 0…255 of a frame, of a face with a margin, or of an aligned one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from converter.architectures import find
from converter.data.crop import MARGIN
from edgegate.errors import ModelError, UsageError
from edgegate.vision.packs import InputSpec, Pack, load_pack


def input_of(design: str, input_size: int | None, weights: str | None) -> InputSpec:
    """As a pack's card says it; raises UsageError, and ModelError where `weights` should be a pack and are none."""
    backbone = find(design)
    if backbone.on_a_pack:
        return replace(pack_below(weights).input, margin=None)
    size = input_size or backbone.input_size
    spec = InputSpec(size, size, 0, 255, "rgb")
    if backbone.template is not None:
        return replace(spec, template=backbone.template)
    return replace(spec, margin=MARGIN) if backbone.task == "classifier" else spec


def pack_below(weights: str | None) -> Pack:
    """The embedder pack whose embeddings a simple model is put on."""
    if weights is None or not Path(weights).is_dir():
        raise UsageError(f"weights {weights or 'none'!r}: this design stands on an embedder pack; name its folder")
    pack = load_pack(Path(weights), "embedder")
    if (pack.input.low, pack.input.high, pack.input.colour) != (0, 255, "rgb"):
        raise ModelError(f"{weights}: a simple model can only be put on a pack that takes RGB pixels 0 to 255")
    return pack
