"""A pack of a network that was trained elsewhere: read, understood, tested against photos, converted and measured."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from converter.architectures import build as build_design
from converter.build.conversion import Conversion, TrainedNetwork
from converter.build.stages import Stage, Workshop, digest
from converter.build.unmeasured import convert_unmeasured, portraits
from converter.data.crop import MARGIN
from converter.data.cutting import cut_dataset, cutter
from converter.data.dataset import Dataset, Sample, Split, load_dataset
from converter.data.prepare import Sources, prepare
from converter.data.summary import remarks, table
from converter.evaluation.budgets import Budgets
from converter.networks.contract import contract, lines
from converter.networks.files import holds_weights_only, kind_of, read_keras
from converter.networks.guess import Guess, Wanted, guess, varied
from converter.networks.interface import Network, network
from converter.networks.trial import Photos, tested
from converter.tflite.calibration import DEFAULT_PICTURES, picture
from converter.tflite.variants import Variant
from edgegate.errors import UsageError
from edgegate.types import Image
from edgegate.vision.packs import InputSpec, sha256_of

MEASURED: tuple[Variant, ...] = ("dynamic", "int8", "float32")
UNMEASURED: tuple[Variant, ...] = ("dynamic", "float32")
"""In the order of preference; int8 takes photos."""

SHARES: Mapping[Split, float] = {"train": 0.4, "valid": 0.1, "test": 0.5}
"""Of photos: nothing is trained on them. The first two test what is assumed, and calibrate; the last one measures."""

MOST_TRIED = 240
"""Photos that assumptions are tested on: ten times as many looks of the network."""

KINDS = {"keras": "a .keras file", "hdf5": "an HDF5 file", "saved model": "a SavedModel"}


@dataclass(frozen=True, slots=True)
class Import:
    """The file to import, and everything that the user has said of it."""

    file: Path
    name: str
    licence: str = "not stated"
    wanted: Wanted = field(default_factory=Wanted)
    out: Path = Path()
    work: Path | None = None
    dataset: Path | None = None
    photos: Path | None = None
    empty: tuple[Path, ...] = ()
    strangers: tuple[Path, ...] = ()
    custom: tuple[str, ...] = ()
    design: str | None = None
    size: tuple[int, int] | None = None
    variants: tuple[Variant, ...] | None = None
    budgets: Budgets = field(default_factory=Budgets)
    even_failed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """`pack` is the folder that was written, or None; `reasons` are why the network is read as it is, by part."""

    grade: str
    pack: Path | None
    reasons: Mapping[str, str]
    report: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"grade": self.grade, "pack": str(self.pack) if self.pack else None, "read_as": dict(self.reasons)} | {
            "report": dict(self.report)
        }


def import_trained(order: Import, tell: Callable[[str], None]) -> Imported:
    """Make the pack; `tell` gets a line for each assumption and stage. Raises EdgegateError."""
    return _Road(order, tell).go()


class _Road:
    def __init__(self, order: Import, tell: Callable[[str], None]) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", order.name):
            raise UsageError(f"--name {order.name!r}: a folder's name, of a-z, 0-9, dots and hyphens")
        self._order = order
        self._tell = tell
        self._kind = kind_of(order.file)
        self._sha256 = digest(order.file) if order.file.is_dir() else sha256_of(order.file)
        self._workshop = Workshop(order.work or Path("build") / order.name, tell)

    def go(self) -> Imported:
        network = self._network
        about = f"{KINDS[self._kind]}, {network.parameters:,} parameters, trained elsewhere"
        self._tell(f"{self._order.file}: {about}")
        if self._order.photos is None and self._order.dataset is None:
            return self._unmeasured(network)
        dataset, key = self._photos(network)
        first = guess(network, self._order.wanted, dataset.classes, varied(self._pictures(dataset, 16)))
        found = tested(network, first, self._order.wanted, self._trial(dataset, first))
        self._say(found)
        trained = self._trained(found, key)
        built = Conversion(
            self._workshop,
            trained,
            replace(dataset, classes=found.classes),
            self._order.variants or MEASURED,
            DEFAULT_PICTURES,
            self._order.budgets,
            self._order.out,
            even_failed=self._order.even_failed,
            about={"pack": self._order.name},
        ).go()
        for line in built.lines():
            self._tell(line)
        return Imported(str(built.report["grade"]), built.pack, found.reasons, built.report)

    def _unmeasured(self, network: Network) -> Imported:
        pictures = portraits(network.width, network.height)
        found = guess(network, self._order.wanted, None, varied(pictures))
        self._say(found)
        trained = self._trained(found, self._sha256)
        variants = self._order.variants or UNMEASURED
        pack = convert_unmeasured(trained, found.classes, variants, pictures, self._order.out, self._tell)
        return Imported("unmeasured", pack, found.reasons)

    @cached_property
    def _network(self) -> Network:
        order = self._order
        if not holds_weights_only(order.file):
            if order.design is not None:
                raise UsageError(f"{order.file}: it holds the whole network, so --design says nothing; leave it out")
            return network(str(order.file), read_keras(order.file, order.custom), order.size)
        labels = order.wanted.labels
        if order.design is None or labels is None:
            raise UsageError(
                f"{order.file}: it holds weights only, without the network they are of; name one of edgegate's designs "
                "with --design and its classes with --labels, or save the whole network with model.save"
            )
        model = build_design(
            order.design,
            classes=len(labels),
            input_size=order.size[0] if order.size else None,
            weights=str(order.file),
        )
        return network(str(order.file), model)

    def _photos(self, network: Network) -> tuple[Dataset, str]:
        """The dataset as the network sees it, and what it is known by."""
        order = self._order
        if order.dataset is not None:
            folder, key = order.dataset, digest(order.dataset)
        else:
            folder, key = self._prepared()
        if len(network.outputs) > 1 and not (order.wanted.outputs and "box" not in order.wanted.outputs):
            return load_dataset(folder), key
        spec = _spec(network, "classifier")
        stage = Stage(
            "faces", {"after": key, "input": [spec.width, spec.height, spec.margin]}, partial(_cut, folder, spec)
        )
        return load_dataset(self._workshop.done(stage)), stage.key

    def _prepared(self) -> tuple[Path, str]:
        order = self._order
        assert order.photos is not None
        sources = Sources(order.photos, order.empty, order.strangers)

        def make(out: Path) -> None:
            prepared = prepare(sources, out, min_photos=1, shares=SHARES)
            for line in (*table(prepared.dataset), *remarks(prepared)):
                self._tell(f"prepare: {line}")

        inputs = {"folders": [digest(folder) for folder in sources.folders], "shares": dict(SHARES)}
        stage = Stage("prepare", inputs, make)
        return self._workshop.done(stage), stage.key

    def _pictures(self, dataset: Dataset, count: int) -> Image:
        return self._read(_spread(_not_tested(dataset), count))

    def _read(self, samples: list[Sample]) -> Image:
        network = self._network
        return np.stack([picture(str(sample.image), network.width, network.height) for sample in samples])

    def _trial(self, dataset: Dataset, first: Guess) -> Photos:
        samples = _spread(_not_tested(dataset), MOST_TRIED)
        tracker = first.reading.task == "tracker"
        return Photos(
            self._read(samples),
            np.array([sample.label for sample in samples], np.int64),
            np.array([sample.box or (0, 0, 0, 0) for sample in samples], np.float32),
            np.array([sample.box is not None and sample.label != 0 and tracker for sample in samples]),
        )

    def _say(self, found: Guess) -> None:
        for part, reason in found.reasons.items():
            self._tell(f"{part}: {reason}")

    def _trained(self, found: Guess, key: str) -> TrainedNetwork:
        network, order = self._network, self._order
        read_as = list(lines(network, found.reading))
        spec = _spec(network, found.reading.task)
        return TrainedNetwork(
            name=order.name,
            task=found.reading.task,
            design=f"trained elsewhere: {order.file.name}",
            input=spec,
            load=partial(contract, network, found.reading),
            key=str(Stage("network", {"file": self._sha256, "read": read_as, "photos": key}, _nothing).key),
            licence=order.licence,
            origin={
                "design": "trained elsewhere",
                "file": order.file.name,
                "file_sha256": self._sha256,
                "format": KINDS[self._kind],
                "read_as": read_as,
                "reasons": [f"{part}: {reason}" for part, reason in found.reasons.items()],
            },
            provenance=(
                f"Trained elsewhere ({order.file.name}, sha256 {self._sha256[:12]}…). Whether its training has seen "
                "the photos that these figures are of, nobody has said: if it has, they flatter it."
            ),
        )


def _spec(network: Network, task: str) -> InputSpec:
    spec = InputSpec(network.width, network.height, 0, 255, "rgb")
    return replace(spec, margin=MARGIN) if task == "classifier" else spec


def _cut(folder: Path, spec: InputSpec, out: Path) -> None:
    cut_dataset(load_dataset(folder), out, cutter(spec))


def _not_tested(dataset: Dataset) -> list[Sample]:
    """The samples that nothing is reported on: of training and validation."""
    samples = [*dataset.splits["train"], *dataset.splits["valid"]]
    if not samples:
        raise UsageError("the dataset has no training images, and nothing can be tried on those it is measured with")
    return samples


def _spread(samples: list[Sample], count: int) -> list[Sample]:
    """Up to `count` of them, evenly of each class."""
    by_class = [[one for one in samples if one.label == label] for label in sorted({one.label for one in samples})]
    each = -(-count // len(by_class))
    chosen: list[Sample] = []
    for group in by_class:
        places = np.unique(np.linspace(0, len(group) - 1, min(each, len(group))).round().astype(int))
        chosen += [group[place] for place in places.tolist()]
    return chosen


def _nothing(_: Path) -> None:
    """For a stage that is a key only."""
