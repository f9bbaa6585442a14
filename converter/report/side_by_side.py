"""Packs side by side, as a table of text and as one HTML page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from converter.evaluation.pairs import RATES
from converter.report import tables
from converter.report.style import CSS
from edgegate import __version__
from edgegate.system import output_files

HTML_FILE, JSON_FILE = "comparison.html", "comparison.json"

Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]

_COST: tuple[Column, ...] = (
    ("MB", lambda row: tables.number(row["size_mb"], 2)),
    ("ms", lambda row: tables.number(row["latency_ms"], 2)),
    ("RAM MB", lambda row: tables.number(row["memory_mb"], 0)),
)


def columns(content: Row) -> tuple[Column, ...]:
    """The heads of a task's table, and how a pack's row fills them."""
    first: Column = ("Pack", lambda row: str(row["pack"]))
    if content["task"] == "embedder":
        return first, *_siamese(), *_COST
    return first, *_classes(content), *_COST


def lines(content: Row) -> Iterator[str]:
    """The table as text, and a remark a line."""
    heads, fill = zip(*columns(content), strict=True)
    cells = [heads, *(tuple(of(row) for of in fill) for row in content["packs"])]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        numbers = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        yield "  ".join((row[0].ljust(widths[0]), *numbers))
    yield from remarks(content)


def remarks(content: Row) -> Iterator[str]:
    """The images that the figures are of, and the classes that a pack lacks or has beyond the dataset's."""
    strangers = "" if content["task"] == "embedder" else f", {content['strangers']} of strangers"
    yield (
        f"on {content['images']} test images{strangers}; ms: the median picture's, the packs asked in turn, "
        "so that they compare within this run alone"
    )
    if content["left_out"]:
        strange = " are of strangers, who make no pairs, or" if content["task"] == "embedder" else ""
        yield f"{content['left_out']} test images{strange} have no face that can be cut out for each: left out"
    for row in content["packs"]:
        if row.get("lacks"):
            yield f"{row['pack']}: has no class {', '.join(row['lacks'])}; their photos count as wrong"
        if row.get("not_in_dataset"):
            yield f"{row['pack']}: the dataset has no {', '.join(row['not_in_dataset'])}; that answer counts as wrong"


def write(content: Row, folder: Path) -> None:
    """Write both forms into `folder`; raises UsageError where they cannot be written."""
    with output_files.text(folder / JSON_FILE) as file:
        file.write(json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
    with output_files.text(folder / HTML_FILE) as file:
        file.write(render(content))


def render(content: Row) -> str:
    """The whole page; every text that came from outside is escaped."""
    heads, fill = zip(*columns(content), strict=True)
    rows = [_html([of(row) for of in fill]) for row in content["packs"]]
    said = "".join(f"<p class=hint>{escape(line[0].upper() + line[1:])}.</p>" for line in remarks(content))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{len(content["packs"])} {content["task"]}s compared</title>
<style>{CSS}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">edgegate comparison</p>
<h1>{len(content["packs"])} {content["task"]}s compared</h1>
</header>
<section>{tables.table(heads, rows)}
{said}</section>
<footer><p>Written by edgegate {__version__}.</p></footer>
</main>
</body>
</html>
"""


def _classes(content: Row) -> Iterator[Column]:
    yield "Accuracy", lambda row: tables.percent(row["accuracy"])
    yield "Macro F1", lambda row: tables.number(row["macro_f1"], 3)
    if content["task"] == "tracker":
        yield "Box IoU", lambda row: tables.number(row["mean_iou"], 3)
    if content["strangers"]:
        yield "Strangers let in", lambda row: f"{row['false_accepts']} from {row['threshold']:.4g} on"
        yield "at most", lambda row: tables.percent(row["false_accept_bound"])


def _siamese() -> Iterator[Column]:
    yield "In order", lambda row: tables.number(row["order"], 4)
    yield "Equal error", lambda row: tables.percent(row["equal_error"])
    for index, rate in enumerate(RATES):
        yield f"Accepted at {rate:g}", lambda row, index=index: tables.percent(row["accepted"][index])  # type: ignore[misc]


def _html(cells: list[str]) -> str:
    first, *others = map(escape, cells)
    return f"<tr><td>{first}</td>" + "".join(f'<td class="n">{cell}</td>' for cell in others) + "</tr>"
