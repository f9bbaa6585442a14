"""Curves of the training: what a run was like, epoch by epoch, beside what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import cycle
from typing import Any

from converter.report import charts
from converter.training.history import Epoch, least

COLOURS = ("var(--ink)", "var(--granted)", "var(--refused)", "var(--neutral)")


def document(epochs: Sequence[Epoch]) -> dict[str, Any] | None:
    """Every epoch's figures by Keras's names, and the best from 1; None where nothing is known of the training."""
    return {"best": least(epochs) + 1, "epochs": [dict(epoch) for epoch in epochs]} if epochs else None


def section(history: dict[str, Any] | None) -> str:
    """Losses and shares as HTML; nothing where there are fewer than two epochs to draw a line through."""
    if history is None or len(history["epochs"]) < 2:
        return ""
    epochs: list[Epoch] = history["epochs"]
    figures = "".join(_chart(epochs, history["best"], title, names) for title, names in _panels(epochs))
    return f"""<section><h2>Training: {len(epochs)} epochs, of which {history["best"]} is kept</h2>
<div class="columns">{figures}</div>
<p class="hint">Validation dashed, in the colour of training. The upright line is the epoch with the least validation
loss, whose network this is. A validation loss that rises while training's falls is learning by heart.</p></section>"""


def _panels(epochs: Sequence[Epoch]) -> Iterator[tuple[str, list[str]]]:
    names = list(dict.fromkeys(name.removeprefix("val_") for name in epochs[0] if name != "learning_rate"))
    for title, chosen in (
        ("Loss", [name for name in names if name.endswith("loss")]),
        ("Share", [name for name in names if not name.endswith("loss")]),
    ):
        if chosen:
            yield title, chosen


def _chart(epochs: Sequence[Epoch], best: int, title: str, names: Sequence[str]) -> str:
    lines = list(_lines(epochs, names))
    top = 1.0 if title == "Share" else max((max(line.values) for line in lines), default=1.0)
    legend = " ".join(
        '<span><svg viewBox="0 0 28 12">'
        f'<line x1="0" x2="28" y1="6" y2="6" style="stroke:{colour};stroke-width:2"/></svg>'
        f"{escape(name.replace('_', ' '))}</span>"
        for colour, name in zip(cycle(COLOURS), names, strict=False)
    )
    return (
        f'<div class="card"><p>{title}</p>{charts.lines(lines, best, top, title)}<p class="legend">{legend}</p></div>'
    )


def _lines(epochs: Sequence[Epoch], names: Sequence[str]) -> Iterator[charts.Polyline]:
    for colour, name in zip(cycle(COLOURS), names, strict=False):
        for prefix in ("", "val_"):
            if prefix + name in epochs[0]:
                values = [epoch[prefix + name] for epoch in epochs]
                yield charts.Polyline(f"{prefix}{name}".replace("_", " "), values, colour, dashed=bool(prefix))
