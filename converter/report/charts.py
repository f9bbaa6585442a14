"""Charts as inline SVG, coloured by the page's style, so that they follow day, night and print."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 560, 190, 34, 26, 14
_CELL, _MARGIN = 64, 120
DASHES = ' stroke-dasharray="5 4"'


def histogram(
    counts: Sequence[int], label: str, good_from: float, ends: tuple[float, float] = (0.0, 1.0), what: str = "IoU"
) -> str:
    """Counts in equal steps between the ends; steps from the share `good_from` of the way on are marked."""
    low, high = ends
    steps, most = len(counts), max(*counts, 1)
    bars = "".join(
        _bar(
            index,
            count,
            most,
            steps,
            f"{what} {_percent(index / steps, ends)} to {_percent((index + 1) / steps, ends)} %",
            good=index / steps >= good_from,
        )
        for index, count in enumerate(counts)
    )
    ticks = "".join(
        f'<text x="{_LEFT + (_WIDTH - _LEFT) * tick / 4:.0f}" y="{_HEIGHT - 8}" '
        f'text-anchor="{"end" if tick == 4 else "middle"}">{low + (high - low) * tick / 4:g}</text>'
        for tick in range(5)
    )
    floor = _HEIGHT - _BOTTOM
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
        f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{_TOP}" y2="{_TOP}"/>'
        f'<text x="{_LEFT - 6}" y="{_TOP + 4}" text-anchor="end">{most}</text>'
        f'<text x="{_LEFT - 6}" y="{floor}" text-anchor="end">0</text>'
        f'{bars}<line x1="{_LEFT}" x2="{_WIDTH}" y1="{floor}" y2="{floor}"/>{ticks}</svg>'
    )


def _percent(way: float, ends: tuple[float, float]) -> int:
    return int(100 * (ends[0] + way * (ends[1] - ends[0])) + 1e-6)


def _bar(index: int, count: int, most: int, steps: int, span: str, *, good: bool) -> str:
    step = (_WIDTH - _LEFT) / steps
    height = (_HEIGHT - _BOTTOM - _TOP) * count / most
    return (
        f'<rect class="bar{" good" if good else ""}" x="{_LEFT + index * step + 1:.1f}" '
        f'y="{_HEIGHT - _BOTTOM - height:.1f}" width="{step - 2:.1f}" height="{height:.1f}">'
        f"<title>{count}: {span}</title></rect>"
    )


def curve(points: Sequence[Sequence[float]], label: str) -> str:
    """Points (x, y) in 0…1, x logarithmic from its least on."""
    least = math.log10(min(x for x, _ in points))
    height = _HEIGHT - _BOTTOM - _TOP
    places = " ".join(
        f"{_LEFT + (_WIDTH - _LEFT) * (1 - math.log10(x) / least):.1f},{_TOP + height * (1 - y):.1f}" for x, y in points
    )
    ticks = "".join(
        f'<text x="{_LEFT + (_WIDTH - _LEFT) * (1 + power / least):.0f}" y="{_HEIGHT - 8}" '
        f'text-anchor="{"end" if power == 0 else "middle"}">{10.0**-power:g}</text>'
        for power in range(int(-least) + 1)
    )
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
        f'<text x="{_LEFT - 6}" y="{_TOP + 4}" text-anchor="end">1</text>'
        f'<text x="{_LEFT - 6}" y="{_HEIGHT - _BOTTOM}" text-anchor="end">0</text>'
        f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{_HEIGHT - _BOTTOM}" y2="{_HEIGHT - _BOTTOM}"/>'
        f'<polyline points="{places}" fill="none" stroke="currentColor" stroke-width="2"/>{ticks}</svg>'
    )


@dataclass(frozen=True, slots=True)
class Polyline:
    """One value an epoch."""

    name: str
    values: Sequence[float]
    colour: str
    """As CSS has it."""
    dashed: bool


def lines(drawn: Sequence[Polyline], marked: int, top: float, label: str) -> str:
    """Values from 0 to `top` over the epochs, at least two; the epoch `marked`, from 1, has an upright line."""
    last = len(drawn[0].values)
    floor = _HEIGHT - _BOTTOM

    def x(epoch: int) -> float:
        return _LEFT + (_WIDTH - _LEFT - 8) * (epoch - 1) / (last - 1)

    def y(value: float) -> float:
        return floor - (floor - _TOP) * value / (top or 1.0)

    def points(values: Sequence[float]) -> str:
        return " ".join(f"{x(epoch):.1f},{y(value):.1f}" for epoch, value in enumerate(values, start=1))

    paths = "".join(
        f'<polyline points="{points(line.values)}" fill="none" style="stroke:{line.colour}" stroke-width="2"'
        f"{DASHES if line.dashed else ''}>"
        f"<title>{escape(line.name)}: {line.values[marked - 1]:.3f}</title></polyline>"
        for line in drawn
    )
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)} by epoch">'
        f'<text x="{_LEFT - 6}" y="{_TOP + 4}" text-anchor="end">{top:.3g}</text>'
        f'<text x="{_LEFT - 6}" y="{floor}" text-anchor="end">0</text>'
        f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{floor}" y2="{floor}"/>'
        f'<line x1="{x(marked):.1f}" x2="{x(marked):.1f}" y1="{_TOP}" y2="{floor}"/>{paths}'
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}" text-anchor="middle">1</text>'
        f'<text x="{_WIDTH - 8}" y="{_HEIGHT - 8}" text-anchor="end">epoch {last}</text></svg>'
    )


def matrix(counts: Sequence[Sequence[int]], names: Sequence[str]) -> str:
    """A confusion matrix: a row for what it was, a column for what was said."""
    side = len(names) * _CELL
    cells = "".join(_cells(counts, names))
    heads = "".join(_heads(names))
    return (
        f'<svg class="chart matrix" viewBox="0 0 {_MARGIN + side} {side + 52}" role="img" '
        f'style="max-width:{(_MARGIN + side) * 1.1:.0f}px" aria-label="Confusion matrix">{heads}{cells}</svg>'
    )


def _heads(names: Sequence[str]) -> Iterator[str]:
    middle = _MARGIN + len(names) * _CELL / 2
    yield f'<text x="{middle}" y="12" text-anchor="middle">said to be</text><text x="0" y="40">was</text>'
    for index, name in enumerate(names):
        centre = (index + 0.5) * _CELL
        yield f'<text x="{_MARGIN + centre}" y="40" text-anchor="middle">{escape(_short(name, 9))}</text>'
        yield f'<text x="{_MARGIN - 8}" y="{52 + centre + 4}" text-anchor="end">{escape(_short(name, 15))}</text>'


def _cells(counts: Sequence[Sequence[int]], names: Sequence[str]) -> Iterator[str]:
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            share = count / max(sum(line), 1)
            kind = "none" if not count else "right" if row == column else "wrong"
            x, y = _MARGIN + column * _CELL, 52 + row * _CELL
            said = f"{names[row]} said to be {names[column]}: {count} of {sum(line)}"
            yield (
                f'<rect class="cell {kind}" x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" rx="4" '
                f'fill-opacity="{0.25 + 0.75 * share if count else 0.5:.2f}"><title>{escape(said)}</title></rect>'
                f'<text class="{"strong" if share > 0.6 else ""}" x="{x + _CELL / 2}" y="{y + _CELL / 2 + 4}" '
                f'text-anchor="middle">{count}</text>'
            )


def _short(name: str, length: int) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"
