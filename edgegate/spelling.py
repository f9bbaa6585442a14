"""The nearest word to one that is none of those there are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns `; did you mean …?`, or nothing where nothing is like it."""
    by_lower = {other.lower(): other for other in known}
    close = get_close_matches(word.lower(), sorted(by_lower), n=1, cutoff=0.6)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""
