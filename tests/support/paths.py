"""Paths of the repository's own files, for tests that read them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The checkout."""

REPLAYS = ROOT / "tests" / "replays"
"""Golden decisions."""

RECIPES = ROOT / "converter" / "recipes"
