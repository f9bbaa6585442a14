"""The report on an embedder as one HTML page: pairs of photos of people whom it has never seen, told apart or not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from converter.evaluation.budgets import Budgets
from converter.evaluation.fidelity import KERAS, HeldOut, RefusedVariant, choose
from converter.evaluation.pairs import RATES, Compared, PairFigures, histogram, measure_pairs, pairs_of
from converter.report import charts, learning, tables
from converter.report.page import HTML_FILE, JSON_FILE, read
from converter.report.style import CSS
from converter.tflite.answers import Floats
from converter.training.history import Epoch
from edgegate import __version__
from edgegate.system import output_files

SCHEMA = 1
BINS = tuple(np.linspace(-1, 1, 41).tolist())
_HEADS = ("", "Area under the ROC", "Equal error", *(f"Accepted at {rate:g}" for rate in RATES), "As float")


@dataclass(frozen=True, slots=True, eq=False)
class ReportedEmbedder:
    """A trained embedder, what was made of it in the order of preference, and the photos it is judged on."""

    name: str
    design: str
    truth: HeldOut
    keras: Floats
    candidates: Sequence[Compared | RefusedVariant]
    budgets: Budgets
    train_images: int
    history: Sequence[Epoch] = ()
    """Of the training, where it is known."""

    @property
    def chosen(self) -> Compared | None:
        return choose(self.candidates)[0]

    @property
    def grade(self) -> str:
        return "passed" if self.chosen else "failed"

    @property
    def best(self) -> Compared | None:
        """The first variant that ran, whatever budget it misses."""
        return next((one for one in self.candidates if isinstance(one, Compared)), None)

    @property
    def shown(self) -> tuple[str, Floats]:
        best = self.chosen or self.best
        return (best.variant, best.embeddings) if best else (KERAS, self.keras)

    def figures(self) -> Iterator[PairFigures]:
        """Of the Keras model first, then of every variant that ran."""
        yield measure_pairs(KERAS, self.keras, self.truth)
        for one in self.candidates:
            if isinstance(one, Compared):
                yield one.figures


def document(subject: ReportedEmbedder) -> dict[str, Any]:
    """Everything the report says; shares are 0…1."""
    variant, embeddings = subject.shown
    pairs = pairs_of(embeddings, subject.truth.labels)
    rates, accepted = pairs.roc()
    return {
        "schema": SCHEMA,
        "edgegate": __version__,
        "name": subject.name,
        "design": subject.design,
        "grade": subject.grade,
        "reason": choose(subject.candidates)[1],
        "variant": variant,
        "images": {"train": subject.train_images, "test": len(subject.truth.labels)},
        "budgets": subject.budgets.model_dump(),
        "roc": [[round(float(x), 6), round(float(y), 6)] for x, y in zip(rates, accepted, strict=True)],
        "cosines": {"genuine": histogram(pairs.genuine, BINS), "impostor": histogram(pairs.impostor, BINS)},
        "rates": list(RATES),
        "variants": [row.by_name() for row in subject.figures()],
        "history": learning.document(subject.history),
        "misses": {one.variant: list(one.misses) for one in subject.candidates},
    }


def card(content: dict[str, Any]) -> dict[str, Any]:
    """The few figures that go into a pack's card."""
    row = next(row for row in content["variants"] if row["variant"] == content["variant"])
    accepted = zip(RATES, row["accepted"], strict=True)
    return {
        "grade": content["grade"],
        "variant": content["variant"],
        "measured_on": f"{row['photos']} photos of {row['people']} people who were not in the training: "
        f"{row['genuine']} pairs of one person, {row['impostor']} of different people",
        **{name: round(row[name], 5) for name in ("order", "equal_error", "embedding_agreement")},
        **{f"accepted_at_{rate:g}": round(share, 5) for rate, share in accepted if share is not None},
    }


def write(subject: ReportedEmbedder, folder: Path) -> dict[str, Any]:
    """Write both forms into `folder`, and return the JSON one; raises UsageError where they cannot be written."""
    content = document(subject)
    folder.mkdir(parents=True, exist_ok=True)
    with output_files.text(folder / JSON_FILE) as file:
        file.write(json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
    with output_files.text(folder / HTML_FILE) as file:
        file.write(render(content))
    return read(folder)


def render(content: dict[str, Any]) -> str:
    """The whole page. Every text that came from outside is escaped."""
    row = next(row for row in content["variants"] if row["variant"] == content["variant"])
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(content["name"])}: {content["grade"]}</title>
<style>{CSS}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">edgegate model report</p>
<h1>{escape(content["name"])}: {content["grade"]}</h1>
<div class="verdict{"" if content["grade"] == "passed" else " failed"}" role="note">
<strong>{escape(content["reason"])}.</strong></div>
</header>
<section><h2>Are two photos of one person?</h2>
<p>{row["photos"]} photos of {row["people"]} people who were not in the training: {row["genuine"]} pairs of one person,
{row["impostor"]} of different people. At each false-accept rate, the share of one person's pairs that is accepted; —
where the pairs are too few to say.</p>
{tables.table((*_HEADS, "MB", "ms"), [_row(one) for one in content["variants"]])}</section>
<section><h2>ROC: pairs accepted, by the share of wrong ones</h2>
<div class="card scroll">{charts.curve(content["roc"], "Share of one person's pairs accepted")}</div></section>
<section><h2>Cosines</h2>
<p class="hint">Of one person's pairs above, of different people's below: what they share cannot be told apart.</p>
<div class="card scroll">{_histogram(content, "genuine", "one person")}
{_histogram(content, "impostor", "different people")}</div></section>
{learning.section(content["history"])}
<footer><p>{escape(content["design"])}, trained on {content["images"]["train"]} images. One photo against one photo: a
door compares several frames with several photos, and needs a threshold table of its own before it opens. Written by
edgegate {__version__}.</p></footer>
</main>
</body>
</html>
"""


def _histogram(content: dict[str, Any], kind: str, what: str) -> str:
    return charts.histogram(
        content["cosines"][kind], f"Cosines of {what}", good_from=0.5, ends=(-1.0, 1.0), what="cosine"
    )


def _row(row: dict[str, Any]) -> str:
    cells = (
        f"{row['order']:.4f}",
        tables.percent(row["equal_error"]),
        *map(tables.percent, row["accepted"]),
        tables.number(row["embedding_agreement"], 4),
        tables.number(row["size_mb"], 2),
        tables.number(row["latency_ms"], 2),
    )
    name = "Keras, float" if row["variant"] == KERAS else row["variant"]
    return f"<tr><td>{escape(name)}</td>" + "".join(f'<td class="n">{cell}</td>' for cell in cells) + "</tr>"
