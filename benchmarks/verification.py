"""True-accept rates at false-accept rates, of templates of K photos against single ones, with intervals by person.

Every combination of K photos of a person is an enrolment, each other photo of the person a genuine probe, and every
photo of everybody else a stranger's. Comparisons of one person are no independent trials, so intervals come from
replicates of the people: a person drawn twice counts twice, a pair of people by the product.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

RATES = (1e-3, 1e-4, 1e-5)
REPLICATES = 200
KEPT = 0.03
"""Share of strangers' scores that is kept: no threshold of interest lies below."""

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """`genuine` and the highest of the strangers', falling; `*_of` say whose they are."""

    genuine: Floats
    genuine_of: Indices
    strangers: Floats
    enrolled_of: Indices
    stranger_of: Indices

    def true_accepts(self, protocol: Protocol, weights: Floats) -> Floats:
        """At each of RATES, with every person counting by a weight."""
        genuine = weights[self.genuine_of]
        accepted = self.genuine[:, None] > self.thresholds(protocol, weights)[None]
        return np.asarray(genuine @ accepted / genuine.sum(), np.float64)

    def thresholds(self, protocol: Protocol, weights: Floats) -> Floats:
        """Returns the score that must be exceeded for each of RATES."""
        strangers = np.cumsum(weights[self.enrolled_of] * weights[self.stranger_of])
        allowed = np.searchsorted(strangers, np.array(RATES) * protocol.strangers(weights), side="right")
        return self.strangers[np.minimum(allowed, len(strangers) - 1)]


class Protocol:
    """The pairs of photos to compare; `people` names the person of each photo."""

    def __init__(self, people: Sequence[str], photos: int) -> None:
        names, person = np.unique(np.asarray(people), return_inverse=True)
        self._person = person
        own = [np.flatnonzero(person == index).tolist() for index in range(len(names))]
        enrolments = [(chosen, index) for index, ids in enumerate(own) for chosen in combinations(ids, photos)]
        self._photos = np.array([chosen for chosen, _ in enrolments])
        self._owner = np.array([index for _, index in enrolments])
        self._genuine = np.array(
            [
                (row, probe)
                for row, (chosen, index) in enumerate(enrolments)
                for probe in own[index]
                if probe not in chosen
            ]
        )
        self.people = len(names)
        self.genuine = len(self._genuine)
        self.genuine_people = len(np.unique(self._owner[self._genuine[:, 0]]))

    def strangers(self, weights: Floats | None = None) -> float:
        """Returns the number of impostor comparisons; of weighted ones, with weights."""
        weights = np.ones(self.people) if weights is None else weights
        enrolments = np.bincount(self._owner, minlength=self.people) * weights
        photos = np.bincount(self._person, minlength=self.people) * weights
        return float(enrolments.sum() * photos.sum() - enrolments @ photos)

    def scores(self, embeddings: npt.NDArray[np.float32], probes: npt.NDArray[np.float32] | None = None) -> Scores:
        """Of embeddings (photos, 128), as the people were given; `probes` are the same photos, embedded otherwise."""
        probes = embeddings if probes is None else probes
        templates = embeddings[self._photos].sum(axis=1)
        templates /= np.linalg.norm(templates, axis=1, keepdims=True)
        cosines = templates @ probes.T
        genuine = cosines[self._genuine[:, 0], self._genuine[:, 1]].astype(np.float64)
        cosines[self._owner[:, None] == self._person[None]] = -1
        flat = cosines.ravel()
        kept = np.argpartition(flat, -int(KEPT * flat.size))[-int(KEPT * flat.size) :]
        kept = kept[np.argsort(-flat[kept])]
        enrolment, photo = np.divmod(kept, len(self._person))
        return Scores(
            genuine,
            self._owner[self._genuine[:, 0]],
            flat[kept].astype(np.float64),
            self._owner[enrolment],
            self._person[photo],
        )

    def replicates(self, seed: int = 0) -> Iterator[Floats]:
        """Weights of the people, drawn with replacement: the same for every way, so that ways can be paired."""
        rng = np.random.default_rng(seed)
        for _ in range(REPLICATES):
            yield np.bincount(rng.integers(0, self.people, self.people), minlength=self.people).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Rates of one way, (len(RATES),) each; the intervals are (2, len(RATES)) and hold 95 %."""

    rates: Floats
    interval: Floats
    gain: Floats
    gain_interval: Floats


def compare(protocol: Protocol, first: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> Measured:
    """Returns the rates of another way, and what it gains over the first, on the same pairs."""
    base, ours = protocol.scores(first), protocol.scores(other)
    everybody = np.ones(protocol.people)
    rates, before = ours.true_accepts(protocol, everybody), base.true_accepts(protocol, everybody)
    replicates = list(protocol.replicates())
    drawn = np.stack([ours.true_accepts(protocol, weights) for weights in replicates])
    gains = drawn - np.stack([base.true_accepts(protocol, weights) for weights in replicates])
    return Measured(
        rates, np.quantile(drawn, (0.025, 0.975), axis=0), rates - before, np.quantile(gains, (0.025, 0.975), axis=0)
    )
