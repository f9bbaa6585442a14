"""The page's charts as inline SVG, coloured by its style, so that they follow day, night and print."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _LEFT, _RIGHT, _TOP = 900, 64, 40, 16
_FOOT = 46
Row = Mapping[str, Any]


def curve(rows: Sequence[Row], marked: Sequence[Row]) -> str:
    """The share of recognised probes over the false-accept rate, on a logarithmic scale, with its 95 % band."""
    height = 320
    floor = height - _FOOT
    first, last = math.log10(rows[-1]["false_accept_rate"]), math.log10(rows[0]["false_accept_rate"])
    lows: list[float] = [row["low"] if row["low"] is not None else row["true_accept_rate"] for row in rows]
    lowest: float = max(0.0, math.floor((min(lows) - 0.005) * 20) / 20)

    def x(rate: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (math.log10(rate) - first) / max(last - first, 1e-9)

    def y(share: float) -> float:
        return floor - (floor - _TOP) * (share - lowest) / (1 - lowest)

    known = [row for row in rows if row["low"] is not None]
    upper = [(x(row["false_accept_rate"]), y(row["high"])) for row in known]
    lower = [(x(row["false_accept_rate"]), y(row["low"])) for row in reversed(known)]
    line = [(x(row["false_accept_rate"]), y(row["true_accept_rate"])) for row in rows]
    parts = [
        *_levels(lowest, y),
        *_decades(first, last, x, floor),
        f'<polygon class="bound" points="{_points([*upper, *lower])}"/>',
        f'<polyline class="line" points="{_points(line)}"/>',
        *(_dot(row, x, y) for row in marked),
        _caption(height, "false-accept rate: the share of strangers' comparisons that would get in"),
    ]
    return _svg(height, "Share of enrolled people's photos recognised over the false-accept rate", parts)


def scores(genuine: Sequence[int], impostors: Sequence[int], thresholds: Mapping[str, float]) -> str:
    """Two histograms over the cosine, each of its own height, and where the thresholds are.

    Both have the same number of equal steps from -1 to 1.
    """
    height = 260
    floor = height - _FOOT
    bins = len(genuine)
    used = [index for index in range(bins) if genuine[index] or impostors[index]]
    low, high = 2 * used[0] / bins - 1, 1.0
    low = math.floor(low * 20) / 20

    def x(score: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (score - low) / (high - low)

    parts = [
        _steps("impostors", impostors, x, floor),
        _steps("genuine", genuine, x, floor),
        *_score_axis(low, x, floor),
        *(_threshold(name, at, x, floor, row) for row, (name, at) in enumerate(thresholds.items())),
        _caption(height, "score: cosine of the template and the probe"),
    ]
    return _svg(height, "Histograms of the scores of enrolled people and of strangers", parts)


def seconds(values: Sequence[float]) -> str:
    """A histogram of seconds to the grant, in steps of a tenth of a second, or of as many as fit."""
    height = 200
    floor = height - _FOOT
    step = next((s for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0) if max(values) / s < 60), 60.0)
    counts = [0] * (int(max(values) / step + 1e-9) + 1)
    for value in values:
        counts[int(value / step + 1e-9)] += 1
    wide = (_WIDTH - _LEFT - _RIGHT) / len(counts)
    most = max(counts)
    bars = [
        f'<rect class="genuine" x="{_LEFT + i * wide + 1:.1f}" y="{floor - (floor - _TOP) * n / most:.1f}" '
        f'width="{max(wide - 2, 1):.1f}" height="{(floor - _TOP) * n / most:.1f}">'
        f"<title>{n} visits, {i * step:.1f} to {(i + 1) * step:.1f} s</title></rect>"
        for i, n in enumerate(counts)
    ]
    every = max(1, len(counts) // 10)
    ticks = [
        f'<text x="{_LEFT + i * wide:.1f}" y="{floor + 18}" text-anchor="middle">{i * step:.1f} s</text>'
        for i in range(0, len(counts) + 1, every)
    ]
    base = f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{floor}" y2="{floor}"/>'
    scale = f'<text x="{_LEFT - 8}" y="{_TOP + 8}" text-anchor="end">{most}</text>'
    caption = _caption(height, "seconds of video from the first usable face to the grant")
    return _svg(height, "Histogram of the seconds to the grant", [*bars, base, scale, *ticks, caption])


_Place = Callable[[float], float]


def _levels(lowest: float, y: _Place) -> Iterator[str]:
    step = next((s for s in (0.01, 0.02, 0.05, 0.1, 0.2) if (1 - lowest) / s <= 7), 0.25)
    for index in range(math.ceil(lowest / step - 1e-9), round(1 / step) + 1):
        at = y(index * step)
        yield f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
        yield f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{index * step:.0%}</text>'


def _decades(first: float, last: float, x: _Place, floor: float) -> Iterator[str]:
    for exponent in range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1):
        at = x(10.0**exponent)
        yield f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{floor}"/>'
        yield f'<text x="{at:.1f}" y="{floor + 18}" text-anchor="middle">1 in {10**-exponent:,}</text>'


def _dot(row: Row, x: _Place, y: _Place) -> str:
    at, share = x(row["false_accept_rate"]), row["true_accept_rate"]
    told = f"{share:.2%} recognised at {row['false_accept_rate']:.0e}, threshold {row['threshold']:.4f}"
    return f'<circle cx="{at:.1f}" cy="{y(share):.1f}" r="5"><title>{escape(told)}</title></circle>'


def _steps(kind: str, counts: Sequence[int], x: _Place, floor: float) -> str:
    """A histogram as one filled outline, as high as the chart at its highest."""
    most, bins = max(*counts, 1), len(counts)
    points: list[tuple[float, float]] = []
    for index, count in enumerate(counts):
        if count or (points and points[-1][1] < floor):
            level = floor - (floor - _TOP) * count / most
            points += [(x(2 * index / bins - 1), level), (x(2 * (index + 1) / bins - 1), level)]
    if not points:
        return ""
    outline = [(points[0][0], floor), *points, (points[-1][0], floor)]
    return f'<polygon class="{kind}" points="{_points(outline)}"/>'


def _score_axis(low: float, x: _Place, floor: float) -> Iterator[str]:
    yield f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{floor}" y2="{floor}"/>'
    step = next(s for s in (0.02, 0.05, 0.1, 0.2, 0.5) if (1 - low) / s <= 11)
    for index in range(math.ceil(low / step - 1e-9), round(1 / step) + 1):
        yield f'<text x="{x(index * step):.1f}" y="{floor + 18}" text-anchor="middle">{index * step:.2f}</text>'


def _threshold(name: str, at: float, x: _Place, floor: float, row: int) -> str:
    place = x(min(at, 1.0))
    return (
        f'<line class="threshold" x1="{place:.1f}" x2="{place:.1f}" y1="{_TOP}" y2="{floor}"/>'
        f'<text class="name" x="{place - 6:.1f}" y="{_TOP + 12 + 16 * row}" text-anchor="end">'
        f"{escape(name)} {at:.4f}</text>"
    )


def _caption(height: int, text: str) -> str:
    middle = _LEFT + (_WIDTH - _LEFT - _RIGHT) / 2
    return f'<text x="{middle:.0f}" y="{height - 6}" text-anchor="middle">{escape(text)}</text>'


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _svg(height: int, label: str, parts: Sequence[str]) -> str:
    head = f'<svg class="plot" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">'
    return head + "".join(parts) + "</svg>"
