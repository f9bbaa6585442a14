"""A network's answer about one photo, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from edgegate.types import Box

Measure: TypeAlias = Literal["probability", "cosine"]


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """The likeliest of the network's people, and whether that is enough to name them."""

    best: str | None
    """The likeliest person, whatever the score; None where the network knows nobody."""
    score: float
    """The figure that speaks for `best`: the class's probability, 0…1, or the cosine with the gallery, -1…1."""
    threshold: float
    """The least that the score must reach."""
    named: bool
    """True if it reaches that, and no other class is likelier."""
    measure: Measure
    box: Box | None
    """In pixels of the photo; None where the network sees nobody."""

    @property
    def name(self) -> str | None:
        return self.best if self.named else None


@dataclass(frozen=True, slots=True)
class AskedPhoto:
    """A photo, its size in pixels, and either an answer or the problem in words."""

    file: Path
    answer: PhotoAnswer | None
    problem: str = ""
    size: tuple[int, int] = (0, 0)
    """Width and height, upright."""

    @property
    def unit_box(self) -> tuple[float, float, float, float] | None:
        """In 0…1 of the photo; None where there is no box."""
        box = None if self.answer is None else self.answer.box
        if box is None:
            return None
        width, height = self.size
        return box.x1 / width, box.y1 / height, box.x2 / width, box.y2 / height

    def in_words(self) -> str:
        """One line: `anna.jpg: anna, 97 %, box 0.31 0.12 0.66 0.58`."""
        if self.answer is None:
            return f"{self.file}: no answer: {self.problem}"
        unit = self.unit_box
        box = "" if unit is None else f", box {' '.join(f'{side:.2f}' for side in unit)}"
        return f"{self.file}: {who(self.answer)}{box}"

    def as_json(self) -> dict[str, Any]:
        """The same keys for every photo; those of an answer are null where there is none."""
        row: dict[str, Any] = {"photo": str(self.file), "problem": self.problem or None}
        answer = self.answer
        if answer is None:
            return row | dict.fromkeys(("name", "best", "measure", "score", "threshold", "box", "box_pixels"))
        unit = self.unit_box
        return row | {
            "name": answer.name,
            "best": answer.best,
            "measure": answer.measure,
            "score": round(answer.score, 6),
            "threshold": round(answer.threshold, 6),
            "box": None if unit is None else [round(side, 6) for side in unit],
            "box_pixels": None if answer.box is None else list(answer.box.rounded()),
        }


def who(answer: PhotoAnswer) -> str:
    """The name and the score; of somebody not known, whom they are most like."""
    if answer.best is None:
        return "nobody it knows"
    said = f"{answer.best}, {_score(answer)}"
    return said if answer.named else f"nobody it knows (best: {said})"


def _score(answer: PhotoAnswer) -> str:
    """Rounded down, so that what misses its threshold never looks as if it reached it."""
    if answer.measure == "probability":
        return f"{int(100 * answer.score + 1e-6)} %"
    return f"cosine {answer.score:.4f} where {answer.threshold:.4f} is asked"
