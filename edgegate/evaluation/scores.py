"""Scores of genuine and strangers' visits, as the gate sees them: templates of K photos, pools of n frames.

A stranger's visit is scored by the highest of its sliding windows of n usable frames, since the door would open on
any of them. Every pair of an enrolment and a stranger's visit is one trial.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from edgegate.types import Embedding
from edgegate.vision.pooling import pool

Evidence: TypeAlias = tuple[Embedding, float]
"""An embedding and its quality weight."""


@dataclass(frozen=True, slots=True)
class Looks:
    """The usable frames of one visit, in order."""

    person: str
    visit: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TrialScores:
    """Cosines, float32, one for each trial; `people` counts who took part."""

    genuine: npt.NDArray[np.float32]
    strangers: npt.NDArray[np.float32]
    people: int


def measure(looks: Sequence[Looks], photos: int, frames: int) -> TrialScores:
    """Score every enrolment against every visit; visits with too few usable frames take no part."""
    windows = [(look, _windows(look.evidence, frames)) for look in looks if len(look.evidence) >= frames]
    templates = [(look, _template(look.evidence, photos)) for look in looks if len(look.evidence) >= photos]
    visits_of = Counter(look.person for look in looks)
    genuine: list[float] = []
    strangers: list[npt.NDArray[np.float32]] = []
    if not windows or not templates:
        return TrialScores(np.empty(0, np.float32), np.empty(0, np.float32), 0)
    stack = np.concatenate([window for _, window in windows])
    starts = np.cumsum([0] + [len(window) for _, window in windows[:-1]])
    persons = np.array([look.person for look, _ in windows])
    visits = np.array([look.visit for look, _ in windows])
    for look, template in templates:
        best = np.maximum.reduceat(stack @ template, starts)
        strangers.append(best[persons != look.person])
        if visits_of[look.person] > 1:
            genuine += best[(persons == look.person) & (visits != look.visit)].tolist()
        elif len(look.evidence) >= photos + frames:
            genuine.append(float((_windows(look.evidence[photos:], frames) @ template).max()))
    people = {look.person for look, _ in windows} | {look.person for look, _ in templates}
    return TrialScores(np.asarray(genuine, np.float32), np.concatenate(strangers), len(people))


def _template(evidence: Sequence[Evidence], photos: int) -> Embedding:
    """From the first photos of a visit of few, from evenly spread frames of a long one: as somebody would enrol."""
    if len(evidence) < 2 * photos:
        return pool(evidence[:photos])
    return pool([evidence[i] for i in np.linspace(0, len(evidence) - 1, photos).astype(int)])


def _windows(evidence: Sequence[Evidence], frames: int) -> npt.NDArray[np.float32]:
    return np.stack([pool(evidence[i : i + frames]) for i in range(len(evidence) - frames + 1)])
