"""The false-accept rate on this camera, held against what its own visits scored.

Nobody has labelled these visits, so each is taken in the way that is the worse for the door:

- A visit that was recognised as nobody is a stranger's, though some are enrolled people badly seen: they make
  strangers look more alike than they are, and the threshold that follows higher than it need be.
- A visit of somebody enrolled is a stranger's to everybody else, by the second-best person's score. One person's
  visits resemble each other, so that each person counts once, by their highest.
- A visit that was let in is genuine. A stranger who was let in under a name is not found here: look at the journal.

The bound is the 95 % Clopper-Pearson one, had all visits of strangers been different people's; somebody who passes
every day makes it somewhat optimistic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from edgegate.recognition.site_calibration import ScoredVisit
from edgegate.recognition.thresholds import rate_bound

NEAR = 0.01
"""Unknown visits this close below the threshold may well be enrolled people badly seen."""

Verdict = Literal["holds", "not shown", "broken"]


@dataclass(frozen=True, slots=True)
class SiteCheck:
    """The promise against this camera's visits; scores are cosines, rates per visit of a stranger."""

    verdict: Verdict
    false_accept_rate: float
    """The rate asked for."""
    threshold: float
    """The loosest in force for anybody, which is what strangers would try."""
    days: float
    strangers: int
    """Visits recognised as nobody."""
    enrolled_as_strangers: int
    reached: int
    """The number of of both reached the threshold."""
    empirical_rate: float | None
    bound_95: float
    highest: tuple[float, ...]
    """The highest of strangers' scores."""
    near: int
    """Visits of nobody that were almost recognised."""
    genuine: int
    genuine_percentiles: dict[str, float]
    """Scores of those who were recognised: 0 (lowest), 5, 50 and 95 %."""
    false_reject_at_most: float | None
    """The rate, had those who were almost recognised been enrolled people."""
    tightened: float | None
    """The threshold that would keep the promise on these visits; None where it is not broken."""
    refused_by_it: int
    """Genuine visits that would not have reached it."""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def basis(self) -> str:
        """Returns what a tightened threshold rests on, on one line."""
        return (
            f"{self._trials()}, in {self.days:.0f} days; "
            f"the highest scored {self.highest[0] if self.highest else 0:.4f}"
        )

    def _trials(self) -> str:
        return f"{self.strangers} unknown visits and {self.enrolled_as_strangers} enrolled people against the others"

    def in_words(self) -> str:
        lines = [
            f"{_VERDICTS[self.verdict]} (false_accept_rate {self.false_accept_rate:g}, threshold {self.threshold:.4f})",
            (
                f"strangers  {self.reached} of {self._trials()} reached it in {self.days:.1f} days; "
                f"rate at most {self.bound_95:.2g} (95 % bound, were all different people)"
            ),
            f"           highest: {', '.join(f'{score:.4f}' for score in self.highest) or 'none'}",
            f"genuine    {self.genuine} visits recognised; scores {_percentiles(self.genuine_percentiles)}",
        ]
        if self.false_reject_at_most is not None:
            lines.append(
                f"           {self.near} unknown visits came within {NEAR:g} of the threshold: if they were enrolled "
                f"people badly seen, {self.false_reject_at_most:.1%} of genuine visits are missed"
            )
        lines.append("           somebody let in under a wrong name is not found here: see `edgegate journal list`")
        if self.tightened is not None:
            lines.append(
                f"tightened  {self.tightened:.4f} would keep the promise on these visits, and would have missed "
                f"{self.refused_by_it} of the {self.genuine} genuine ones; `--apply` puts it in force"
            )
        return "\n".join(lines)


_VERDICTS = {
    "holds": "the promise holds on this camera",
    "not shown": "nothing speaks against the promise, but there were too few visits to show it",
    "broken": "THE PROMISE DOES NOT HOLD on this camera",
}


def check(visits: Sequence[ScoredVisit], threshold: float, false_accept_rate: float) -> SiteCheck:
    """Hold the promise against visits by one embedder; `threshold` is the loosest in force for anybody."""
    unknown = [visit.score for visit in visits if visit.person is None]
    genuine = np.sort([visit.score for visit in visits if visit.person is not None])
    others = _as_strangers(visits)
    scores = sorted(unknown + others, reverse=True)
    reached = sum(score >= threshold for score in scores)
    bound = rate_bound(reached, len(scores))
    broken = reached > false_accept_rate * len(scores)
    near = sum(threshold - NEAR <= score < threshold for score in unknown)
    tightened = _tightened(scores, threshold, false_accept_rate) if broken else None
    return SiteCheck(
        verdict="broken" if broken else "holds" if bound <= false_accept_rate else "not shown",
        false_accept_rate=false_accept_rate,
        threshold=threshold,
        days=(visits[-1].at - visits[0].at) / 86_400 if visits else 0.0,
        strangers=len(unknown),
        enrolled_as_strangers=len(others),
        reached=reached,
        empirical_rate=reached / len(scores) if scores else None,
        bound_95=bound,
        highest=tuple(round(score, 4) for score in scores[:5]),
        near=near,
        genuine=len(genuine),
        genuine_percentiles={str(q): round(float(np.percentile(genuine, q)), 4) for q in (0, 5, 50, 95)}
        if len(genuine)
        else {},
        false_reject_at_most=near / (near + len(genuine)) if near + len(genuine) else None,
        tightened=tightened,
        refused_by_it=0 if tightened is None else int((genuine < tightened).sum()),
    )


def _as_strangers(visits: Sequence[ScoredVisit]) -> list[float]:
    """Returns how like somebody else each enrolled person was at most: one score a person."""
    highest: dict[str, float] = {}
    for visit in visits:
        if visit.person is not None and visit.runner_up is not None:
            highest[visit.person] = max(highest.get(visit.person, -1.0), visit.runner_up)
    return list(highest.values())


def _tightened(scores: Sequence[float], threshold: float, rate: float) -> float:
    """Four decimals above the highest stranger who must be refused for the rate's 95 % bound, if it can be reached.

    `scores` are in falling order. Where there are too few visits for any bound, nobody may reach it.
    """
    accepted = 0
    while rate_bound(accepted + 1, len(scores)) <= rate:
        accepted += 1
    return max(threshold, math.floor(scores[accepted] * 1e4 + 1) / 1e4)


def _percentiles(scores: dict[str, float]) -> str:
    return ", ".join(f"{q} %: {score:.4f}" for q, score in scores.items()) or "none"
