"""The answers of a design to each photo, and how often it is right about people and about strangers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.evaluation.metrics import confusion, macro_f1
from edgegate.recognition.thresholds import rate_bound

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

CALIBRATED_RATE = 0.01
"""The share of the strangers that a threshold is set by who may be let in."""


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """Answers for n photos: the likeliest person, 0 for nobody; how sure; who it was, 0 for a stranger; its role."""

    names: Whole
    scores: Floats
    labels: Whole
    roles: npt.NDArray[np.str_]
    agreed: npt.NDArray[np.bool_] | None = None
    """True where the embedder that ships confirms the name of the photo; None where nobody asks it."""

    def those(self, role: str) -> tuple[Whole, Floats, Whole]:
        chosen = self.roles == role
        return self.names[chosen], self.scores[chosen], self.labels[chosen]


def of_probabilities(given: npt.NDArray[np.float32], roles: Sequence[str], labels: Whole, shift: int) -> Said:
    """Class 0 is nobody, unless `shift` is 1: then there is no such class. Whom it calls nobody gets no name at all."""
    best = given.argmax(axis=1) + shift
    scores = np.where(best > 0, given.max(axis=1), 0.0)
    return Said(best.astype(np.int64), scores.astype(np.float64), labels, np.array(roles))


def confirmed(said: Said, scores: Floats, threshold: float) -> Said:
    """The same, where an embedder gives each photo (n, people) cosines: the claimed person's has to be enough."""
    claimed = scores[np.arange(len(said.names)), np.maximum(said.names - 1, 0)]
    return replace(said, agreed=(said.names > 0) & (claimed >= threshold))


def of_embeddings(given: npt.NDArray[np.float32], roles: Sequence[str], labels: Whole) -> Said:
    """The nearest of the people's mean embeddings, by its cosine."""
    where = np.array(roles)
    people = np.unique(labels[where == "learnt"])
    cosines = cosines_with_people(given, roles, labels)
    return Said(people[cosines.argmax(axis=1)].astype(np.int64), cosines.max(axis=1), labels, where)


def cosines_with_people(given: npt.NDArray[np.float32], roles: Sequence[str], labels: Whole) -> Floats:
    """Returns cosines (n, people): of each photo's embedding with the mean of each person's that are learnt."""
    unit, learnt = _unit(given.astype(np.float64)), np.array(roles) == "learnt"
    people = np.unique(labels[learnt])
    enrolled = _unit(np.stack([unit[learnt & (labels == person)].mean(axis=0) for person in people]))
    return np.asarray(unit @ enrolled.T)


def figures(said: Said, taught: float) -> dict[str, Any]:
    """Counts people and strangers at the threshold given and at a calibrated one; has all scores, for charts."""
    names, scores, labels = said.those("asked")
    counts = confusion(labels, names, int(max(said.labels.max(), names.max())) + 1)
    return {
        "people": len(labels),
        "right": int((names == labels).sum()),
        "macro_f1": macro_f1(counts),
        "at": {
            "taught": _at(said, taught),
            "calibrated": _at(said, calibrated(said)),
            **({} if said.agreed is None else {"confirmed": _at(_refused(said), taught)}),
        },
        "set_by": len(said.those("set")[1]),
        "scores": {
            "people": [
                [round(score, 5), int(right)]
                for score, right in zip(scores.tolist(), (names == labels).tolist(), strict=True)
            ],
            "strangers": [round(float(score), 5) for score in said.those("new")[1]],
        },
    }


def calibrated(said: Said) -> float:
    """The lowest threshold that no more than CALIBRATED_RATE of the strangers reach who are there for it."""
    scores = np.sort(said.those("set")[1])[::-1]
    return float(np.nextafter(scores[int(CALIBRATED_RATE * len(scores))], np.inf))


def _refused(said: Said) -> Said:
    """Takes the names away that the embedder does not confirm."""
    assert said.agreed is not None
    return replace(said, scores=np.where(said.agreed, said.scores, 0.0))


def _at(said: Said, threshold: float) -> dict[str, Any]:
    names, scores, labels = said.those("asked")
    _, of_strangers, _ = said.those("new")
    # A share of votes can be certain: above 1 nobody is let in, as at a door that asks for more than there is.
    in_, let_in = scores >= threshold, int((of_strangers >= threshold).sum())
    return {
        "threshold": threshold,
        "let_in": int((in_ & (names == labels)).sum()),
        "mistaken": int((in_ & (names != labels)).sum()),
        "strangers": len(of_strangers),
        "strangers_let_in": let_in,
        "bound": rate_bound(let_in, len(of_strangers)),
    }


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12))
