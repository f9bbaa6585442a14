"""A run's curves as a picture."""

from __future__ import annotations

from pathlib import Path

from converter.training.history import History
from edgegate.system.output_files import complete

PANELS = ("loss", "share", "learning rate")
"""Validation's are dashed, in the colour of training's."""


def draw_curves(history: History, file: Path) -> None:
    """Write a PNG of 1500 × 450 pixels; the best epoch is marked."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only training draws

    figure = Figure(figsize=(15, 4.5), dpi=100, layout="constrained")
    epochs = range(1, len(history.epochs) + 1)
    given = dict.fromkeys(name.removeprefix("val_") for name in history.epochs[0])
    for axes, title in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        for number, name in enumerate(name for name in given if _panel(name) == title):
            for prefix, style in (("", "-"), ("val_", "--")):
                if prefix + name in history.epochs[0]:
                    values = [epoch[prefix + name] for epoch in history.epochs]
                    if any(values):  # a loss that counts for nothing in this split is 0 throughout
                        axes.plot(epochs, values, style, color=f"C{number}", label=prefix + name)
        axes.axvline(history.best + 1, color="0.8", zorder=0)
        axes.set(xlabel="epoch", title=title, yscale="linear" if title == "share" else "log")
        axes.legend(frameon=False)
    with complete(file, shared=True) as draft:
        figure.savefig(draft, metadata={"Software": None})


def _panel(name: str) -> str:
    """Returns where one of Keras's figures stands."""
    return name.replace("_", " ") if name == "learning_rate" else "loss" if name.endswith("loss") else "share"
