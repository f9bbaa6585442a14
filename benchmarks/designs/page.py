"""The measurements of the designs, as one table in Markdown and one page of charts; no picture of anybody in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from textwrap import fill
from typing import Any

import charts

from converter.report.style import CSS
from edgegate.system import output_files

Report = Mapping[str, Any]
COST, SHIPPED = "cost", "face-embedder"

COST_OF = {"classifier/embedder": SHIPPED, "the embedder that ships": SHIPPED}
"""Designs whose size and time are those of another."""

NOT_RUN_COST = {
    "classifier-resnet50-imagenet": "classifier/resnet50",
    "classifier-vgg16": "classifier/vgg16",
    "features-vgg16": "classifier/vgg16",
}

CALLED = {SHIPPED: "the embedder that ships"}

LESSON = (
    "A softmax shares certainty out among the people it was taught, so a person it has never seen is given a share of "
    "somebody's name: closed-set accuracy says how well known people are told apart, and nothing of who is kept out."
)

HEAD = (
    "design",
    "input",
    "right of its people's photos",
    "macro F1",
    "strangers named at the taught threshold",
    "people named",
    "strangers named, and confirmed by the embedder that ships",
    "people named, and confirmed",
    "calibrated threshold",
    "strangers named",
    "people named",
    "same name as float",
    "MB, float → int8",
    "ms, float → int8",
    "training",
)


def write_docs(reports: Mapping[str, Report], folder: Path, *, reduced: bool) -> None:
    """designs-compared.md and .html; `reports` are by the rows' names, and `cost`; `reduced` is how they trained."""
    costs = reports.get(COST, {})
    rows = {name: report for name, report in reports.items() if name != COST}
    notes = [note for note in _notes(rows) if reduced or "**Reduced**" not in note]
    for name, text in (("md", _markdown(rows, costs, notes)), ("html", _html(rows, costs, notes))):
        with output_files.text(folder / f"designs-compared.{name}", shared=True) as file:
            file.write(text)


def _cells(rows: Mapping[str, Report], costs: Report) -> Iterator[list[str]]:
    for name, report in rows.items():
        if "not_run" in report:
            cost = _cost(costs.get(NOT_RUN_COST.get(name, "")))
            yield [name, "", "not run", *[""] * 9, *cost, ""]
            continue
        cost = _cost(costs.get(COST_OF.get(str(report["design"]), str(report["design"]))))
        agreement = f"{report['same_name']:.1%}" if "same_name" in report else ""
        size, training = f"{report['size']} px", _training(report)
        yield [CALLED.get(name, name), size, *_said(report["int8"]), agreement, *cost, training]
        if "last_epoch" in report:
            yield [f"{name}, last epoch (float)", size, *_said(report["last_epoch"]), "", "", "", ""]


def _said(said: Report) -> Iterator[str]:
    people, at = said["people"], said["at"]
    yield f"{said['right']} of {people} ({said['right'] / people:.0%})"
    yield f"{said['macro_f1']:.2f}"
    yield from (_strangers(at["taught"]), _people(at["taught"], people))
    yield from (_strangers(at["confirmed"]), _people(at["confirmed"], people)) if "confirmed" in at else ("", "")
    yield from (_threshold(at["calibrated"]["threshold"]), _strangers(at["calibrated"]))
    yield _people(at["calibrated"], people)


def _strangers(at: Report) -> str:
    return f"{at['strangers_let_in']} of {at['strangers']}, at most {at['bound']:.1%}"


def _people(at: Report, people: int) -> str:
    wrongly = f", {at['mistaken']} wrongly" if at["mistaken"] else ""
    return f"{at['let_in']} of {people}{wrongly}"


def _threshold(value: float) -> str:
    return "more than 1" if value > 1 else "any" if value < 1e-6 else f"{value:.3f}"


def _cost(cost: Mapping[str, Mapping[str, float]] | None) -> tuple[str, str]:
    if not cost:
        return "", ""
    (size, time), (size8, time8) = ((cost[of]["size_mb"], cost[of]["milliseconds"]) for of in ("float32", "int8"))
    return f"{size:.1f} → {size8:.1f}", f"{time:.1f} → {time8:.1f} ({time / time8:.1f} ×)"


def _training(report: Report) -> str:
    if "training" not in report:
        return "none"
    seconds, epochs = report["training"]["processor_seconds"], len(report["training"]["epochs"])
    time = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    simple = report["design"] == "classifier/embedder"
    return f"{time} of a core" + ("" if simple else f", {epochs} epoch{'s' if epochs > 1 else ''}")


# Markdown


def _markdown(rows: Mapping[str, Report], costs: Report, notes: Sequence[str]) -> str:
    table = [HEAD, ["---"] * len(HEAD), *_cells(rows, costs)]
    lines = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
    told = "\n".join(fill(f"- {note}", 120, subsequent_indent="  ") for note in notes)
    return f"""# The designs of courses, compared

{fill(f"**{LESSON}**", 120)}

{lines}

The same figures as charts: [designs-compared.html](designs-compared.html). Made by `python benchmarks/designs
--docs` from lfw-dev, which is for evaluation only: nothing that was trained on it ships.

## How to read it

{told}
"""


def _notes(rows: Mapping[str, Report]) -> Iterator[str]:
    run = [report for report in rows.values() if "not_run" not in report]
    people, set_by, taught = (run[0]["int8"][key] for key in ("people", "set_by", "at"))
    strangers = taught["taught"]["strangers"]
    yield f"""**Who**: 40 people with five photos each. Three are to learn from, one chooses the epoch or the strength,
and one is asked about, in which the detector finds a face of {people} of them. Training has 200 strangers, and
validation 40. The {strangers} strangers who count, a photo each, no design has seen; nor the {set_by} others by whom
the calibrated threshold is set: the lowest that lets one in a hundred of them in."""
    yield f"""**At most** is the upper end of the one-sided 95 % interval (Clopper and Pearson). A share of {people}
photos is known to about 15 points either way."""
    yield """**Right** is the likeliest name, whatever its probability; “unknown” is never right. **Named** is the name
with the threshold or more. All is said by the int8 file that a door would run, and by the one file of both for a
simple model on an embedder; “same name” is how often the network before its conversion says the same."""
    yield """**Threshold**: 0.5 of a probability, as it is taught; of the embedders trained here a cosine of 0.5, which
is a distance of 1 between embeddings of length 1; of the one that ships, its own table's for so many people."""
    yield """**Confirmed**: as the door runs by default. The name counts at the taught threshold, and
where the embedder that ships finds the photo near enough to this person's three; its threshold is that of its own row.
With an embedder trained here there is nothing else to ask."""
    yield """**More than 1**: of the strangers it is set by, more than one in a hundred are given a name with certainty.
No threshold keeps them out, and with that one nobody is let in."""
    yield """**Strangers not taught**: without a class for strangers, and without photos of any, as in most courses.
**Last epoch**: what most courses keep; the epoch kept here is the one with the least validation loss."""
    yield """**Reduced**: trained on two cores. What starts from nothing is smaller than taught, or learns for fewer
epochs; the input says which. A GPU raises its accuracy: `--full` trains as it is taught. Sizes and
times are of the designs as they are taught."""
    yield """**Three photos**: nobody in lfw-dev has more than five. From nothing, nobody can be learnt from so few;
what such a design does with dozens of photos a person is not shown here."""
    yield """**Training** and **ms** are processor time, for the machine was shared. Those of a face are of one core,
the best of three turns in one run: compare them with each other, not with another machine's. `×` is how many times
faster int8 is; below 1 it is slower, and float is the file to run. A door asks the embedder that ships twice for a
face, which is one time more than is said here, and a simple model on it once."""
    if absent := [name for name, report in rows.items() if "not_run" in report]:
        yield f"""**Not run**: {", ".join(absent)}. They begin with ImageNet's weights, which could not be downloaded
where this was measured."""


# The page


def _html(rows: Mapping[str, Report], costs: Report, notes: Sequence[str]) -> str:
    run = dict(_run(rows))
    learnt = {
        name: one["training"]["epochs"]
        for name, one in run.items()
        if len(one.get("training", {}).get("epochs", ())) > 1
    }
    told = "".join(f"<li>{_plain(note)}</li>" for note in notes)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>The designs of courses, compared</title>
<style>{CSS}{charts.CSS}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">edgegate, measured on lfw-dev</p>
<h1>The designs of courses, compared</h1>
<div class="verdict" role="note"><strong>{escape(LESSON)}</strong></div>
</header>
<section><h2>Strangers who are given somebody's name</h2><div class="card scroll">
{charts.strangers(run)}</div></section>
<section><h2>What refusing strangers costs the people who live there</h2><div class="card scroll">
{charts.tradeoff(run)}</div></section>
<section><h2>Learning: accuracy on photos trained on, and on others</h2><div class="columns">
{charts.learning(learnt)}</div></section>
<section><h2>Size and time, float and int8</h2><div class="card scroll">
{charts.costs(costs) if costs else "Not measured."}</div></section>
<section><h2>All figures</h2><div class="card scroll">{_table(rows, costs)}</div>
<ul class="hint">{told}</ul></section>
</main>
</body>
</html>
"""


def _run(rows: Mapping[str, Report]) -> Iterator[tuple[str, Report]]:
    """Yields the designs that were run, and each after its last epoch, as reports."""
    for name, report in rows.items():
        if "not_run" not in report:
            yield CALLED.get(name, name), report
        if "last_epoch" in report:
            yield f"{name}, last epoch", {"int8": report["last_epoch"]}


def _table(rows: Mapping[str, Report], costs: Report) -> str:
    lines = [_line("th", HEAD), *(_line("td", cells) for cells in _cells(rows, costs))]
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _line(tag: str, cells: Sequence[str]) -> str:
    return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)


def _plain(note: str) -> str:
    return escape(note).replace("**", "").replace("`", "")
