"""A classifier's threshold table: how sure it is of strangers whom its training has not seen.

In the words of an embedder's table, so that the daemon reads both alike: a row's `threshold` names at most the share
`rate` of strangers, by the 95 % bound of `trials`. A shooting is one trial, and counts by the photo that is taken for
somebody most surely; a person taken for class 0 scores 0.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from converter.evaluation.fidelity import HeldOut
from converter.tflite.answers import Answers
from edgegate.evaluation.tables import rows_over
from edgegate.types import UNKNOWN_CLASS


def class_rows(name: str, answers: Answers, truth: HeldOut) -> list[dict[str, Any]]:
    """Rows for the card of the pack `name`; none where no stranger was held out."""
    surest: dict[str, float] = {}
    named = np.where(answers.labels == UNKNOWN_CLASS, 0.0, answers.confidence)
    for index in np.flatnonzero((truth.labels == UNKNOWN_CLASS) & truth.boxed).tolist():
        group = truth.samples[index].group
        surest[group] = max(surest.get(group, 0.0), float(named[index]))
    return [asdict(row) for row in rows_over(f"strangers held out of {name}", 1, 1, list(surest.values()))]
