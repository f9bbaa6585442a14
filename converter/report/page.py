"""The report as one HTML page: nothing is loaded from anywhere, and nothing runs in it."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from converter.report import charts, examples, learning, tables
from converter.report.style import CSS
from converter.report.subject import ReportedTracker, document
from edgegate import __version__
from edgegate.system import output_files

MOST_CLASSES = 40
"""Of more, nobody can read the confusion matrix; it is in the JSON form."""

HTML_FILE, JSON_FILE = "report.html", "report.json"


def write(subject: ReportedTracker, folder: Path) -> dict[str, Any]:
    """Write both forms into `folder`, and return the JSON one; raises UsageError where they cannot be written."""
    content = document(subject)
    folder.mkdir(parents=True, exist_ok=True)
    with output_files.text(folder / JSON_FILE) as file:
        file.write(json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
    with output_files.text(folder / HTML_FILE) as file:
        file.write(render(subject, content))
    return read(folder)


def read(folder: Path) -> dict[str, Any]:
    """The JSON form that `write` left in `folder`."""
    content: dict[str, Any] = json.loads((folder / JSON_FILE).read_text("utf-8"))
    return content


def render(subject: ReportedTracker, content: dict[str, Any]) -> str:
    """The whole page. Every text that came from outside is escaped."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{escape(subject.name)}: {content["grade"]}</title>
<style>{CSS}</style>
</head>
<body>
<main>
{_header(content)}
{_strangers(content)}
<section><h2>Float and quantized, side by side</h2>
{tables.variants(content)}
<p class="hint">On the same {content["images"]["test"]} images. “As float” is agreement with the Keras model: the share
of equal classes, and the mean IoU of the two boxes; not measured (—) where one answer to all images would keep the
budget. Time is the median picture's, one thread, on the machine that made this report; RAM is what runtime and model
add to a process. Red misses its budget.</p></section>
<section><h2>Who: classes</h2>
{_matrix(content)}
<p class="hint">Likeliest class, whatever its probability. Below, what the threshold of {content["threshold"]:g}
makes of it: under it, nobody is let in.</p>
{tables.classes(content)}</section>
{_boxes(content)}
{_cameras(content)}
{learning.section(content["history"])}
<section><h2>Examples, the worst first</h2>
{_colours(content)}
<div class="examples">
{"".join(examples.figures(subject))}</div></section>
<footer><p>{_trained_on(content)} This page holds pictures of people: keep it as you keep recordings.
Written by edgegate {__version__}.</p></footer>
</main>
</body>
</html>
"""


def _header(content: dict[str, Any]) -> str:
    passed = content["grade"] == "passed"
    facts = {
        "Design": content["design"],
        "Variant": content["variant"],
        "Classes": ", ".join(content["classes"][1:]),
        "Accuracy": tables.percent(content["accuracy"]),
        "Macro F1": f"{content['macro_f1']:.3f}",
        **({"Mean box IoU": f"{content['boxes']['mean']:.3f}"} if content["boxes"] else {}),
    }
    terms = "".join(f"<div><dt>{term}</dt><dd>{escape(text)}</dd></div>" for term, text in facts.items())
    misses = "".join(
        f"<li>{escape(name)}: {escape(line)}</li>" for name, lines in content["misses"].items() for line in lines
    )
    verdict = content["reason"].split(";")[0]
    return f"""<header>
<p class="eyebrow">edgegate model report</p>
<h1>{escape(content["name"])}: {"passed" if passed else "failed"}</h1>
<dl class="facts">{terms}</dl>
<div class="verdict{"" if passed else " failed"}" role="note"><strong>{escape(_capital(verdict))}.</strong>
{f"<ul>{misses}</ul>" if misses else ""}</div>
</header>"""


def _trained_on(content: dict[str, Any]) -> str:
    if content["provenance"]:
        return escape(content["provenance"])
    return (
        f"Trained on {content['images']['train']} images; every figure here is of {content['images']['test']} others, "
        "of shootings that training has not seen."
    )


def _strangers(content: dict[str, Any]) -> str:
    row = content["strangers"]
    return f"""<section><h2>Strangers: the figure that decides</h2><div class="columns">
{_let_in("Somebody the network shall not know", row["images"], row["false_accepts"], row["false_accept_bound"])}
{_let_in("Nobody there", row["empty_images"], row["empty_accepts"], row["empty_bound"])}</div>
<p class="hint">How many were given some person's class with a probability of {content["threshold"]:g} or more. The
bound is the upper end of the one-sided 95 % interval (Clopper and Pearson). Images of one shooting resemble each
other: of {row["shootings"]} shootings of strangers, {row["shootings_accepted"]} had an image that was let in, at most
{tables.percent(row["shootings_bound"])}.</p></section>"""


def _let_in(title: str, images: int, accepted: int, bound: float) -> str:
    if not images:
        return f'<div class="card"><p>{title}</p><p class="big">not measured</p><p class="hint">No images.</p></div>'
    return (
        f'<div class="card"><p>{title}</p><p class="big">{accepted} of {images} let in</p>'
        f'<p class="hint">{tables.percent(accepted / images)}, and with 95 % certainty at most '
        f"{tables.percent(bound)}</p></div>"
    )


def _matrix(content: dict[str, Any]) -> str:
    if len(content["classes"]) > MOST_CLASSES:
        return ""
    return f'<div class="card scroll">{charts.matrix(content["confusion"], content["classes"])}</div>'


def _boxes(content: dict[str, Any]) -> str:
    row = content["boxes"]
    if row is None:
        return ""
    label = f"Histogram of box IoU, mean {row['mean']:.3f}"
    return f"""<section><h2>Where: boxes</h2><div class="card scroll">
{charts.histogram(row["histogram"], label, good_from=0.5)}
<p class="hint">IoU with the true box over {row["images"]} images: mean {row["mean"]:.3f}, median {row["median"]:.3f},
{tables.percent(row["at_least_half"])} at 0.5 or more, {tables.percent(row["at_least_three_quarters"])} at 0.75 or
more.</p>
</div></section>"""


def _colours(content: dict[str, Any]) -> str:
    if content["boxes"] is None:
        return ""
    return f'<p class="hint">White: the true box. Blue: the one that {escape(content["variant"])} gives.</p>'


def _cameras(content: dict[str, Any]) -> str:
    if not content["by_camera"]:
        return ""
    return f"<section><h2>By camera</h2>\n{tables.cameras(content)}</section>"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
