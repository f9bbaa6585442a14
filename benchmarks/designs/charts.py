"""The page's charts as inline SVG, coloured by its style, so that they follow day, night and print."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

Report = Mapping[str, Any]

CSS = """
main { max-width: 76rem; }
.wide { display: block; width: 100%; min-width: 40rem; max-width: 64rem; height: auto; font-size: 12px; }
.wide text { fill: var(--ink); } .wide .soft { fill: var(--soft); } .wide line { stroke: var(--line); }
.wide .taught { fill: var(--refused); } .wide .set { fill: var(--granted); } .wide .bound { stroke: var(--ink); }
.wide polyline { fill: none; stroke-width: 2; } .wide .first { fill: var(--neutral); }
.columns .chart { min-width: 0; } td { min-width: 4.5rem; }
"""

COLOURS = (
    "#2f6fb3",
    "#d1642c",
    "#2b8a57",
    "#8a4fb0",
    "#b3302a",
    "#b08a1e",
    "#2a9aa8",
    "#c2498a",
    "#5d6a78",
    "#7a9a2f",
    "#00539c",
    "#a34700",
    "#6b6b00",
    "#884455",
    "#118866",
)
_WIDTH, _LEFT, _RIGHT, _ROW = 960, 370, 90, 40


def strangers(run: Mapping[str, Report]) -> str:
    """Two bars a design: the share of strangers let in at the taught threshold and at the calibrated one."""
    most = max(at["bound"] for report in run.values() for at in report["int8"]["at"].values())
    most = math.ceil(most * 10) / 10
    parts = [*_shares(len(run) * _ROW + 30, most)]
    for index, (name, report) in enumerate(run.items()):
        top = 24 + index * _ROW
        parts.append(f'<text x="{_LEFT - 10}" y="{top + 18}" text-anchor="end">{escape(name)}</text>')
        for place, (kind, at) in enumerate((("taught", "taught"), ("set", "calibrated"))):
            parts.append(_bar(kind, report["int8"]["at"][at], top + 2 + place * 14, most))
    parts.append(
        _key(24 + len(run) * _ROW + 22, (("taught", "at the taught threshold"), ("set", "at the calibrated one")))
    )
    return _svg(len(run) * _ROW + 60, "Strangers let in by each design, with 95 % bounds", parts)


def _bar(kind: str, at: Report, top: float, most: float) -> str:
    share = at["strangers_let_in"] / at["strangers"]
    end, bound = _across(share / most), _across(at["bound"] / most)
    return (
        f'<rect class="{kind}" x="{_LEFT}" y="{top}" width="{max(end - _LEFT, 1):.1f}" height="12"/>'
        f'<line class="bound" x1="{end:.1f}" x2="{bound:.1f}" y1="{top + 6}" y2="{top + 6}"/>'
        f'<text class="soft" x="{bound + 5:.1f}" y="{top + 10}">{at["strangers_let_in"]} of {at["strangers"]}</text>'
    )


def _across(share: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * share


def _shares(height: float, most: float) -> Iterator[str]:
    for fifth in range(6):
        x = _across(fifth / 5)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="18" y2="{height}"/>'
        yield f'<text class="soft" x="{x:.1f}" y="12" text-anchor="middle">{most * fifth / 5:.0%}</text>'


def tradeoff(run: Mapping[str, Report]) -> str:
    """A line a design: the people let in under their own names over the share of strangers let in, by the threshold."""
    left, right, top, floor = 60, 590, 16, 320
    parts: list[str] = []
    least = 1 / max(len(report["int8"]["scores"]["strangers"]) for report in run.values())

    def place(share: float, people: float) -> str:
        along = 1 - math.log10(max(share, least)) / math.log10(least)
        return f"{left + (right - left) * along:.1f},{floor - (floor - top) * people:.1f}"

    for fifth in range(6):
        y = floor - (floor - top) * fifth / 5
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="soft" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{fifth * 20} %</text>')
    for share in (0.01, 0.1, 1.0):
        x = place(share, 0).split(",")[0]
        parts.append(f'<text class="soft" x="{x}" y="{floor + 18}" text-anchor="middle">{share:.0%}</text>')
    for index, (name, report) in enumerate(run.items()):
        colour, points = (
            COLOURS[index % len(COLOURS)],
            " ".join(place(*point) for point in _curve(report["int8"]["scores"])),
        )
        parts.append(f'<polyline stroke="{colour}" points="{points}"><title>{escape(name)}</title></polyline>')
        y = top + 12 + index * 19
        parts.append(f'<rect x="{right + 14}" y="{y - 9}" width="14" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{right + 34}" y="{y - 3}" font-size="11">{escape(name)}</text>')
    told = (
        "strangers let in (logarithmic; at the left end none was), and upwards the people let in under their own names"
    )
    parts.append(f'<text class="soft" x="{left}" y="{floor + 38}">{told}</text>')
    return _svg(floor + 48, "People let in over strangers let in, by design", parts)


def _curve(scores: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """(share of strangers, share of people) from the strictest threshold on, in steps."""
    people, unknown = scores["people"], scores["strangers"]
    before = 0.0
    yield 0.0, before
    for threshold in sorted({*(score for score, _ in people), *unknown} - {0.0}, reverse=True):
        share = sum(1 for score in unknown if score >= threshold) / len(unknown)
        yield share, before
        before = sum(1 for score, right in people if right and score >= threshold) / len(people)
        yield share, before


def learning(epochs: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """A small chart for each design that learns in epochs."""
    return "".join(_learning(name, rows) for name, rows in epochs.items())


def _learning(name: str, rows: Sequence[Mapping[str, float]]) -> str:
    figure = next((key for key in ("accuracy", "order", "embedding_order") if f"val_{key}" in rows[0]), "loss")
    most = max(1.0, *(row[key] for row in rows for key in (figure, f"val_{figure}") if key in row))
    parts = ['<line x1="34" x2="300" y1="150" y2="150"/><line x1="34" x2="300" y1="14" y2="14"/>']
    parts.append(
        '<text class="soft" x="28" y="18" text-anchor="end">1</text>'
        '<text class="soft" x="28" y="154" text-anchor="end">0</text>'
    )
    for key, colour in ((figure, COLOURS[8]), (f"val_{figure}", COLOURS[0])):
        points = " ".join(
            f"{34 + 266 * index / max(len(rows) - 1, 1):.1f},{150 - 136 * row[key] / most:.1f}"
            for index, row in enumerate(rows)
            if key in row
        )
        parts.append(f'<polyline fill="none" stroke-width="2" stroke="{colour}" points="{points}"/>')
    title = escape(f"{name}: {figure.replace('embedding_', '')}, {len(rows)} epochs")
    body = "".join(parts)
    start = f'<svg class="chart" viewBox="0 0 310 160" role="img" aria-label="{title}">'
    return f'<div class="card"><p class="hint">{title}; blue is validation</p>{start}{body}</svg></div>'


def costs(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Milliseconds of a face on one core and the file's size: float above int8, on logarithmic scales of their own."""
    parts: list[str] = []
    halves = (("milliseconds", "ms of a core", 180), ("size_mb", "MB", 560))
    for what, unit, left in halves:
        values = [cost[what] for both in found.values() for cost in both.values()]
        low, high = (math.log10(bound(values)) for bound in (min, max))
        parts.append(f'<text class="soft" x="{left}" y="12">{unit}, logarithmic</text>')
        for index, both in enumerate(found.values()):
            for place, (kind, variant) in enumerate((("first", "float32"), ("set", "int8"))):
                value, top = both[variant][what], 24 + index * _ROW + place * 14
                wide = 20 + 240 * (math.log10(value) - low) / max(high - low, 1e-9)
                parts.append(f'<rect class="{kind}" x="{left}" y="{top}" width="{wide:.1f}" height="12"/>')
                parts.append(f'<text class="soft" x="{left + wide + 6:.1f}" y="{top + 10}">{value:,.1f}</text>')
    for index, name in enumerate(found):
        parts.append(f'<text x="170" y="{24 + index * _ROW + 18}" text-anchor="end">{escape(name)}</text>')
    height = 24 + len(found) * _ROW
    parts.append(_key(height + 16, (("first", "float32"), ("set", "int8"))))
    return _svg(height + 30, "Milliseconds and megabytes of every design, float and int8", parts)


def _key(y: float, kinds: Sequence[tuple[str, str]]) -> str:
    return "".join(
        f'<rect class="{kind}" x="{_LEFT + index * 190}" y="{y - 10}" width="14" height="12"/>'
        f'<text class="soft" x="{_LEFT + index * 190 + 22}" y="{y}">{escape(text)}</text>'
        for index, (kind, text) in enumerate(kinds)
    )


def _svg(height: float, label: str, parts: Sequence[str]) -> str:
    start = f'<svg class="wide" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">'
    return f"{start}{''.join(parts)}</svg>"
