"""Closed-set identification, by a tracker or a classifier alone: the likeliest of the people it was trained on.

A closed-set class is no identity. The network has no other answer for a stranger than "unknown" or one of its
people, and no false-accept rate is promised; `[recognition] model_alone` is how a door says that it accepts this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edgegate.access.observation import Candidate
from edgegate.gallery import Person
from edgegate.recognition.search import validity_of
from edgegate.types import UNKNOWN_CLASS, Embedding, Prediction


class ClosedSet:
    """Matches class probabilities, in place of embeddings, with the enrolled people whom the classes name.

    `labels` names each class, 0 for nobody; `confidence` is the probability, 0…1, that lets somebody in; `people`
    says who is enrolled now.
    """

    def __init__(self, labels: Sequence[str], confidence: float, people: Callable[[], Sequence[Person]]) -> None:
        self._labels = tuple(labels)
        self._confidence = confidence
        self._people = people

    def match(self, embedding: Embedding, _frames: int, _prediction: Prediction | None = None) -> Candidate | None:
        """The likeliest class's person over the pooled frames; None where nobody of that name is enrolled."""
        probabilities = embedding / embedding.sum()  # pooling keeps their direction only
        second, best = np.argsort(probabilities)[-2:].tolist()
        name = self._labels[best]
        person = next((person for person in self._people() if person.name == name), None)
        if best == UNKNOWN_CLASS or person is None:
            return None
        score = float(probabilities[best])
        margin = score - float(probabilities[second])
        return Candidate(person.id, score, self._confidence, margin, validity_of(person), person.groups)

    def match_own(self, embedding: Embedding, prediction: Prediction | None = None) -> Candidate | None:
        """The same for the deciding frame alone, which must be as sure."""
        return self.match(embedding, 1, prediction)
