"""Makes an embedder pack of a face network that others have trained, if its terms are accepted.

The pack must give, from the pixels the daemon will hand it, what the network's own file gives on its own runtime.
What the network is worth at a door nobody knows before a threshold table has been measured: without one the daemon
refuses the pack.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER, Portrait, read, varied_chips
from converter.packs import Draft, write
from edgegate.errors import EdgegateError, ModelError, UsageError
from edgegate.types import Image
from edgegate.vision.align import TEMPLATES, align
from edgegate.vision.packs import InputSpec, Pack, load_pack, sha256_of
from edgegate.vision.tflite import Model, cosine

Floats: TypeAlias = npt.NDArray[np.float32]
Reference: TypeAlias = Callable[[Floats], Floats]
"""From one picture as the network wants it, (height, width, 3) float32, to its embedding (n,)."""

TEMPLATE = "arcface-112"
SIZE = TEMPLATES[TEMPLATE].size
CHIPS = 100
MIN_COSINE = 0.999
"""Mean over CHIPS that the pack's embeddings must have with the network's own."""
MAX_ALIKE = 0.99
"""Cosine of two different people's embeddings from which on a network tells nothing: it gives always the same."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """The scaling that a network wants: (level - mean) / scale for levels 0…255, in this order of colours."""

    mean: float
    scale: float
    colour: Literal["rgb", "bgr"] = "rgb"

    @property
    def input(self) -> InputSpec:
        low, high = ((level - self.mean) / self.scale for level in (0, 255))
        return InputSpec(SIZE, SIZE, low, high, self.colour, TEMPLATE)

    def ordered(self, chip: Image) -> Image:
        """An RGB chip in the network's order of colours."""
        return chip if self.colour == "rgb" else np.ascontiguousarray(chip[..., ::-1])

    def scaled(self, chip: Image) -> Floats:
        """An RGB chip as the network wants it."""
        return ((self.ordered(chip).astype(np.float32) - self.mean) / self.scale).astype(np.float32)


FAMILIES: Mapping[str, Pixels] = {
    "arcface": Pixels(127.5, 127.5),
    "mobilefacenet": Pixels(127.5, 128),
    "adaface": Pixels(127.5, 127.5, "bgr"),
    "raw": Pixels(0, 1),
}
"""As published with InsightFace's model packs, sirius-ai/MobileFaceNet_TF and mk-minchul/AdaFace; `raw` networks, as
the ONNX model zoo's LResNet100E-IR, do it themselves."""

KNOWN: Mapping[str, str] = {
    "d8ba40c0127fb8ca9917e8fddc79bbbda063657bc92a496d34da0bc8a760443b": (
        "This is the widely copied MobileFaceNet of sirius-ai/MobileFaceNet_TF. That repository showed no LICENSE for "
        "its weights, and names MS1M as the training data: photos of celebrities gathered from the web, offered for "
        "research only, and since withdrawn by their publisher. A package that carries the file may call itself MIT; "
        "that does not settle what may be done with the weights."
    )
}
"""The known terms of some files, by sha256."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbedderFile:
    """A .tflite at batch 1 with the signature `image` → `embedding`, and what it must agree with."""

    blob: bytes
    reference: Reference


@dataclass(frozen=True, slots=True)
class NetworkSource:
    """A network's file, and what the user says of it. `terms` is a file with their text, if there is one."""

    file: Path
    name: str
    licence: str
    pixels: Pixels
    origin: str = ""
    terms: Path | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", self.name):
            raise UsageError(f"--name {self.name!r}: a folder's name, of a-z, 0-9, dots and hyphens")
        if not self.pixels.scale > 0:
            raise UsageError(f"--scale {self.pixels.scale:g}: must be more than 0")

    @property
    def sha256(self) -> str:
        return sha256_of(self.file)


def terms_of(source: NetworkSource) -> str:
    """All that is known of the terms, to be shown before they are accepted."""
    lines = [
        f"{source.file.name}, sha256 {source.sha256}",
        f"from: {source.origin or 'not said (--origin)'}",
        f"licence, as you state it: {source.licence}",
    ]
    if source.sha256 in KNOWN:
        lines.append(KNOWN[source.sha256])
    if source.terms is None:
        lines.append(
            "No text of the terms was given (--terms FILE). Weights are often under other terms than the code beside "
            "them, and face networks often trained on sets meant for research only: ask their publisher."
        )
    else:
        lines += ["", source.terms.read_text(encoding="utf-8", errors="replace").strip(), ""]
    return "\n".join(lines)


def import_embedder(
    source: NetworkSource, read_network: Callable[[Path], EmbedderFile], out: Path, *, accepted: bool
) -> Pack:
    """Write the pack `out/<name>`; raises EdgegateError where the terms are not accepted, ModelError otherwise."""
    if not accepted:
        raise EdgegateError(
            f"{source.file.name}: its terms, above, are not accepted; read them, and say so with --accept-terms"
        )
    network = read_network(source.file)
    draft = _draft(source, network)
    with tempfile.TemporaryDirectory() as folder:
        model = Model(load_pack(write(draft, Path(folder)), "embedder"))
        report = parity(model, network.reference, source.pixels)
    return load_pack(write(replace(draft, report=report), out), "embedder")


def parity(model: Model, reference: Reference, pixels: Pixels) -> dict[str, Any]:
    """The report of a pack that gives the network's own embeddings; raises ModelError if it does not."""

    def ours(chip: Image) -> Floats:
        embedding: Floats = model.run(pixels.ordered(chip))["embedding"][0]
        return embedding

    chips = varied_chips(CHIPS, seed=4, template=TEMPLATE)
    cosines = np.array([cosine(ours(chip), reference(pixels.scaled(chip))) for chip in chips])
    mean, least = float(cosines.mean()), float(cosines.min())
    if not mean >= MIN_COSINE:
        raise ModelError(
            f"{model.pack.folder.name}: its embeddings agree with the network's own only to a mean cosine of "
            f"{mean:.5f}, below {MIN_COSINE}; it cannot be used as converted"
        )
    alike = cosine(*(ours(_portrait(portrait)) for portrait in (ASTRONAUT, GRACE_HOPPER)))
    if not alike < MAX_ALIKE:
        raise ModelError(
            f"{model.pack.folder.name}: it gives two different people the same embedding (cosine {alike:.4f}); "
            "this is no face network, or it wants its pixels otherwise: see --family"
        )
    return {
        "measured_on": f"{CHIPS} augmented crops of two portraits, the pack against the network's own file",
        "cosine_mean": round(mean, 6),
        "cosine_min": round(least, 6),
    }


def expected(name: str, found: str) -> ModelError:
    return ModelError(
        f"{name}: {found}; a face network that can be imported takes one picture of {SIZE}x{SIZE} RGB or BGR pixels, "
        "and gives one embedding"
    )


def _draft(source: NetworkSource, network: EmbedderFile) -> Draft:
    probe = _portrait(ASTRONAUT)
    try:
        embedding = network.reference(source.pixels.scaled(probe))
    except (RuntimeError, ValueError):
        raise expected(source.file.name, "it does not take such a picture") from None
    if embedding.ndim != 1 or not 2 <= len(embedding) <= 4096:
        raise expected(source.file.name, f"its output for one picture is {list(embedding.shape)}")
    return Draft(
        name=source.name,
        task="embedder",
        blob=network.blob,
        input=source.pixels.input,
        outputs={"embedding": (1, len(embedding))},
        licence=source.licence,
        origin=_origin(source, network.blob),
        probe=source.pixels.ordered(probe),
        beside=(source.terms,) if source.terms else (),
    )


def _origin(source: NetworkSource, blob: bytes) -> dict[str, str]:
    unchanged = hashlib.sha256(blob).hexdigest() == source.sha256
    return {
        "file": source.file.name,
        "file_sha256": source.sha256,
        "from": source.origin,
        "terms": source.terms.name if source.terms else "",
        "change": "none" if unchanged else f"{source.file.suffix.lstrip('.')} to TFLite for one picture at a time",
    }


def _portrait(portrait: Portrait) -> Image:
    return align(read(portrait), portrait.points(TEMPLATE), TEMPLATES[TEMPLATE])
