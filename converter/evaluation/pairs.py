"""Siamese verification: are two photos of one person? Every pair of the held-out photos is asked, by their cosine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.data.dataset import UNKNOWN, Dataset
from converter.evaluation.budgets import Budgets
from converter.evaluation.fidelity import HeldOut, missed
from converter.tflite import guards, runtime
from converter.tflite.answers import Floats, Whole
from edgegate.errors import UsageError

RATES = (0.1, 0.01, 0.001)
"""False-accept rates that a share of genuine pairs is given for."""

LEAST_ERRORS = 10
"""A rate is given where so many of the pairs of different people would be accepted at it: fewer say little."""

BUDGET_RATE = 0.01
"""The one that the budget `tar` is about."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Cosines of pairs of one person, and of pairs of different people, each ascending."""

    genuine: Floats
    impostor: Floats

    def threshold(self, rate: float) -> float:
        """The least cosine at which no more than this share of different people's pairs is accepted."""
        allowed = int(rate * len(self.impostor))
        return float(np.nextafter(self.impostor[-1 - allowed], np.float32(2)))

    def accepted(self, rate: float) -> float | None:
        """The share of one person's pairs at that threshold; None where there are too few pairs to say."""
        if rate * len(self.impostor) < LEAST_ERRORS or not len(self.genuine):
            return None
        return float((self.genuine >= self.threshold(rate)).mean())

    def roc(self, points: int = 200) -> tuple[Floats, Floats]:
        """False-accept rates, logarithmic in even steps down to one pair, and true-accept rates there."""
        rates = np.geomspace(1 / len(self.impostor), 1, points)
        return rates.astype(np.float32), np.array(
            [(self.genuine >= (self.threshold(rate) if rate < 1 else -2)).mean() for rate in rates], np.float32
        )

    @property
    def order(self) -> float:
        """Returns how often a pair of one person has the greater cosine: the area under the ROC."""
        below = np.searchsorted(self.impostor, self.genuine, "left") + np.searchsorted(
            self.impostor, self.genuine, "right"
        )
        return float(below.mean() / 2 / len(self.impostor))

    @property
    def equal_error(self) -> float:
        """The rate at which as many pairs are accepted wrongly as are refused wrongly."""
        cuts = np.unique(np.concatenate([self.genuine, self.impostor]))
        missed_ones = np.searchsorted(self.genuine, cuts, "left") / len(self.genuine)
        let_in = 1 - np.searchsorted(self.impostor, cuts, "left") / len(self.impostor)
        nearest = int(np.abs(missed_ones - let_in).argmin())
        return float((missed_ones[nearest] + let_in[nearest]) / 2)


@dataclass(frozen=True, slots=True)
class PairFigures:
    """Of one variant; shares are 0…1, and None where they were not measured."""

    variant: str
    people: int
    photos: int
    genuine: int
    impostor: int
    order: float
    equal_error: float
    accepted: tuple[float | None, ...]
    """At each of `RATES`."""
    thresholds: tuple[float, ...]
    """The cosines there."""
    embedding_agreement: float | None = None
    """Mean cosine with the Keras model's embeddings."""
    size_mb: float | None = None
    latency_ms: float | None = None
    memory_mb: float | None = None

    @property
    def tar(self) -> float | None:
        return self.accepted[RATES.index(BUDGET_RATE)]

    def by_name(self) -> dict[str, Any]:
        return asdict(self) | {"tar": self.tar}


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One .tflite, its embeddings (n, numbers), figures, and every budget it misses."""

    variant: str
    blob: bytes
    embeddings: Floats
    figures: PairFigures
    misses: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.misses

    def as_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "figures": self.figures.by_name(),
            "misses": list(self.misses),
        }


def require_strangers(dataset: Dataset) -> None:
    """Raises UsageError unless everybody has a name, and those of the test set are in no other."""
    tested = {sample.label for sample in dataset.splits["test"]}
    learnt = {sample.label for sample in (*dataset.splits["train"], *dataset.splits["valid"])}
    if 0 in tested | learnt:
        raise UsageError(f"an embedder learns people apart, and some are {UNKNOWN!r}: give each a folder, as people")
    if tested & learnt:
        raise UsageError(
            'an embedder is judged by people whom it has not seen: name folders of people, apart = "person"'
        )


def pairs_of(embeddings: Floats, labels: Whole) -> Pairs:
    """All pairs of (n, numbers) by their people (n,)."""
    unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    one, other = np.triu_indices(len(unit), 1)
    cosines = np.asarray((unit @ unit.T)[one, other], np.float32)
    same: npt.NDArray[np.bool_] = labels[one] == labels[other]
    return Pairs(np.sort(cosines[same]), np.sort(cosines[~same]))


def measure_pairs(
    variant: str,
    embeddings: Floats,
    truth: HeldOut,
    reference: Floats | None = None,
    run: runtime.Run | None = None,
    size: int | None = None,
) -> PairFigures:
    """Against the truth, and where there is a `reference` against that."""
    pairs = pairs_of(embeddings, truth.labels)
    return PairFigures(
        variant=variant,
        people=len(np.unique(truth.labels)),
        photos=len(truth.labels),
        genuine=len(pairs.genuine),
        impostor=len(pairs.impostor),
        order=pairs.order,
        equal_error=pairs.equal_error,
        accepted=tuple(pairs.accepted(rate) for rate in RATES),
        thresholds=tuple(pairs.threshold(rate) for rate in RATES),
        embedding_agreement=None if reference is None else float(_cosines(embeddings, reference).mean()),
        size_mb=None if size is None else size / 1e6,
        latency_ms=None if run is None else run.latency_ms,
        memory_mb=None if run is None else run.memory_mb,
    )


def verify_pairs(
    variant: str, blob: bytes, outputs: Mapping[str, Floats], truth: HeldOut, budgets: Budgets
) -> Compared:
    """As `verify`, of an embedder."""
    reference = outputs["embedding"]
    run = runtime.run(blob, truth.pictures, reference.shape[1], task="embedder")
    return compare(variant, blob, run, reference, truth, budgets)


def compare(
    variant: str, blob: bytes, run: runtime.Run, reference: Floats, truth: HeldOut, budgets: Budgets
) -> Compared:
    """Put a .tflite's embeddings through the guards, and its figures against the budgets; raises ModelError."""
    embeddings = run.outputs["embedding"]
    guards.check_input(blob, variant)
    guards.check_values(f"{variant}: embedding", embeddings, reference)
    figures = measure_pairs(variant, embeddings, truth, reference, run, len(blob))
    return Compared(variant, blob, embeddings, figures, tuple(missed(figures, budgets)))


def histogram(values: Floats, bins: Sequence[float]) -> list[int]:
    counts, _ = np.histogram(values, np.asarray(bins))
    return [int(count) for count in counts]


def _cosines(one: Floats, other: Floats) -> Floats:
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / np.maximum(norms, 1e-12), np.float32)
