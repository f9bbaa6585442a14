"""The timeline: scores against their thresholds, faces, decisions and the lock over time, as one inline SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from edgegate.report import words
from edgegate.report.record import Record, RecordedDecision, Trace

WIDTH, LEFT, RIGHT = 960, 62, 18
PLOT_TOP, PLOT_HEIGHT = 46, 170
LANE, LOCK = 20, 20
MAX_LANES = 6
"""More faces at once than this share the last lane."""

_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_TICKS = 10
_LETTER = 7
"""About the width of a letter."""

_HINT = 84
"""Width of “needs 0.951”; curves shorter than this go without."""

Sample = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class _Scale:
    """From seconds and scores to the drawing's coordinates."""

    seconds: float
    low: float
    high: float

    def x(self, at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(at / self.seconds, 1.0)

    def y(self, score: float) -> float:
        return PLOT_TOP + PLOT_HEIGHT * (self.high - score) / (self.high - self.low)


def draw(record: Record, start: float) -> str:
    """The SVG; `start` is the wall time at second 0."""
    scale = _scale(record)
    lanes = _lanes(record, scale)
    faces_top = PLOT_TOP + PLOT_HEIGHT + 14
    lock_top = faces_top + LANE * (max(lanes.values(), default=0) + 1) + 8
    bottom = lock_top + LOCK
    parts = [
        *_grid(scale),
        *_axis(scale, start, bottom),
        *_moments(record.decisions, scale, bottom),
        *(line for trace in record.traces.values() for line in _curve(trace, record.verdict(trace), scale)),
        *_faces(record, lanes, scale, faces_top),
        *_lock(record, scale, lock_top),
        *_markers(record.decisions, scale),
    ]
    summary = f"Timeline of {words.length(record.duration)}: {words.outcome(record.decisions)}"
    size = f'viewBox="0 0 {WIDTH} {bottom + 46}"'
    return f'<svg class="timeline" {size} role="img" aria-label="{escape(summary)}">{"".join(parts)}</svg>'


def _scale(record: Record) -> _Scale:
    values = [
        value
        for trace in record.traces.values()
        for column in (trace.scores, trace.thresholds)
        for value in column
        if not math.isnan(value)
    ]
    low, high = min(values, default=0.9), max(values, default=1.0)
    room = max(high - low, 0.02) * 0.15
    return _Scale(max(record.duration, 1.0), low - room, min(high + room, 1.0 + room / 3))


def _grid(scale: _Scale) -> Iterator[str]:
    """Horizontal lines at round scores."""
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if (scale.high - scale.low) / s <= 6)
    first = math.ceil(scale.low / step)
    yield f'<text class="row" x="0" y="{PLOT_TOP - 14}">Score</text>'
    for index in range(first, math.floor(min(scale.high, 1.0) / step + 1e-9) + 1):
        y = scale.y(index * step)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{index * step:.2f}</text>'


def _axis(scale: _Scale, start: float, top: float) -> Iterator[str]:
    step = next((s for s in _STEPS if scale.seconds / s <= _TICKS), 21600)
    for index in range(int(scale.seconds // step) + 1):
        x = scale.x(index * step)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{PLOT_TOP}" y2="{top + 6}"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{top + 22}" text-anchor="middle">{_seconds(index * step)}</text>'
        wall = words.clock_time(start + index * step)
        yield f'<text class="tick wall" x="{x:.1f}" y="{top + 38}" text-anchor="middle">{wall}</text>'


def _seconds(at: int) -> str:
    return f"{at} s" if at < 60 or at % 60 else f"{at // 60} min"


def _curve(trace: Trace, decision: RecordedDecision | None, scale: _Scale) -> Iterator[str]:
    """A track's score, and the threshold it has to reach as a dashed line."""
    for stretch in trace.scored():
        samples = _thinned(stretch, scale)
        score = " ".join(f"{scale.x(at):.1f},{scale.y(value):.1f}" for at, value, _ in samples)
        limit = " ".join(f"{scale.x(at):.1f},{scale.y(value):.1f}" for at, _, value in samples)
        yield f'<polyline class="threshold" points="{limit}"/>'
        yield f'<polyline class="score {_kind(decision)}" points="{score}"/>'
        if scale.x(stretch[-1][0]) - scale.x(stretch[0][0]) > _HINT:
            at, _, value = samples[-1]
            place = f'x="{scale.x(at):.1f}" y="{scale.y(value) - 6:.1f}"'
            yield f'<text class="hint" {place} text-anchor="end">needs {value:.3f}</text>'


def _thinned(stretch: Sequence[Sample], scale: _Scale) -> list[Sample]:
    """At most the lowest and the highest score of every pixel column, so that hours stay drawable."""
    columns: dict[int, list[Sample]] = {}
    for sample in stretch:
        columns.setdefault(int(scale.x(sample[0])), []).append(sample)
    kept: list[Sample] = []
    for samples in columns.values():
        extremes = {min(samples, key=lambda s: s[1]), max(samples, key=lambda s: s[1])}
        kept += sorted(extremes)
    return kept


def _lanes(record: Record, scale: _Scale) -> dict[int, int]:
    """Returns which lane each track's band lies in, so that bands do not cover one another."""
    free_from: list[float] = []
    lanes = {}
    for trace in record.traces.values():
        begin, end = scale.x(trace.times[0]), scale.x(trace.times[-1]) + 2
        lane = next((i for i, free in enumerate(free_from) if free <= begin), len(free_from))
        lane = min(lane, MAX_LANES - 1)
        free_from[lane : lane + 1] = [end]
        lanes[trace.track] = lane
    return lanes


def _faces(record: Record, lanes: dict[int, int], scale: _Scale, top: float) -> Iterator[str]:
    yield f'<text class="row" x="0" y="{top + 13}">Faces</text>'
    for trace in record.traces.values():
        decision = record.verdict(trace)
        name = words.who(decision.event) if decision else "not decided"
        x, y = scale.x(trace.times[0]), top + LANE * lanes[trace.track]
        width = max(scale.x(trace.times[-1]) - x, 3)
        seen = f"{name}: in view from {trace.times[0]:.1f} s to {trace.times[-1]:.1f} s"
        yield f'<g class="band {_kind(decision)}"><title>{escape(seen)}</title>'
        yield f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{LANE - 4}" rx="3"/>'
        yield _fitting(name, x, y + 12, width) + "</g>"


def _lock(record: Record, scale: _Scale, top: float) -> Iterator[str]:
    yield f'<text class="row" x="0" y="{top + 13}">Lock</text>'
    yield f'<rect class="locked" x="{LEFT}" y="{top + 6}" width="{WIDTH - LEFT - RIGHT}" height="4" rx="2"/>'
    for begin, end in record.open_times():
        x, width = scale.x(begin), max(scale.x(end) - scale.x(begin), 2)
        title = f"open from {begin:.1f} s to {end:.1f} s"
        yield f'<g class="open"><title>{title}</title>'
        yield f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="{LOCK - 4}" rx="3"/>'
        yield _fitting("open", x, top + 12, width) + "</g>"


def _fitting(text: str, x: float, y: float, width: float) -> str:
    """A text inside a band, if it fits there."""
    if len(text) * _LETTER + 8 > width:
        return ""
    return f'<text x="{x + 6:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _moments(decisions: Sequence[RecordedDecision], scale: _Scale, bottom: float) -> Iterator[str]:
    """A line through all rows at each decision."""
    for decision in decisions:
        x = scale.x(decision.at)
        yield f'<line class="moment {_kind(decision)}" x1="{x:.1f}" x2="{x:.1f}" y1="28" y2="{bottom}"/>'


def _markers(decisions: Sequence[RecordedDecision], scale: _Scale) -> Iterator[str]:
    """Each decision's sign, above its line; with its number and name where there is room."""
    for number, decision in enumerate(decisions, 1):
        x = scale.x(decision.at)
        following = scale.x(decisions[number].at) if number < len(decisions) else math.inf
        name = words.who(decision.event)
        width = 36 + _LETTER * len(name)
        verdict = "granted" if decision.granted else "refused"
        title = f"{number}: {verdict}, {name}, at {decision.at:.1f} s"
        yield f'<a class="marker {_kind(decision)}" href="#decision-{number}"><title>{escape(title)}</title>'
        yield sign(decision.granted, x, 18)
        if following - x > width:
            right = x + width > WIDTH
            side = f'x="{x - 14:.1f}" text-anchor="end"' if right else f'x="{x + 14:.1f}"'
            yield f'<text {side} y="22">{number} {escape(name)}</text>'
        yield "</a>"


def sign(granted: bool, x: float, y: float) -> str:
    """A tick in a disc, or a cross in a square: they differ in shape, not in colour alone."""
    if granted:
        tick = f"M{x - 4.5:.1f},{y + 0.5:.1f} l3.2,3.2 l6,-6.6"
        return f'<circle cx="{x:.1f}" cy="{y}" r="10"/><path class="stroke" d="{tick}"/>'
    cross = f"M{x - 4:.1f},{y - 4:.1f} l8,8 m0,-8 l-8,8"
    square = f'<rect x="{x - 9:.1f}" y="{y - 9:.1f}" width="18" height="18" rx="4"/>'
    return f'{square}<path class="stroke" d="{cross}"/>'


def _kind(decision: RecordedDecision | None) -> str:
    if decision is None:
        return "undecided"
    return "granted" if decision.granted else "refused"
