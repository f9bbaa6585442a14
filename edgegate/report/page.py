"""The report as one HTML page: nothing is loaded from anywhere, and nothing runs in it."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from edgegate import __version__
from edgegate.config import NO_LIVENESS
from edgegate.events.cloudevents import CloudEvent
from edgegate.pages.style import CSS
from edgegate.report import timeline, words
from edgegate.report.record import MAX_PICTURES, Record, RecordedDecision

METER_WIDTH = 440


@dataclass(frozen=True, slots=True)
class Heading:
    """The subject of a report; `start` is the wall time at second 0, in seconds since the epoch."""

    title: str
    site: str
    door: str
    start: float


def render(heading: Heading, record: Record) -> str:
    """The whole page. Every text that came from outside is escaped."""
    title = f"{heading.site} / {heading.door}: {words.outcome(record.decisions)}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{escape(title)}</title>
<style>{CSS}</style>
</head>
<body>
<main>
{_header(heading, record)}
<section><h2>Timeline</h2>
<div class="card"><div class="scroll" tabindex="0" role="group" aria-label="Timeline, scrolls sideways">
{timeline.draw(record, heading.start)}</div>{_LEGEND}</div>
</section>
<section><h2>Decisions</h2>
{"".join(_cards(heading, record)) or _nobody(record)}
</section>
<section><h2>Everything that happened</h2>
{_table(heading, record)}
</section>
<footer><p>Times are UTC. This page holds pictures of people: keep it as you keep recordings, and delete it when it
has served its purpose. Written by edgegate {__version__}.</p></footer>
</main>
</body>
</html>
"""


_LEGEND = """<p class="legend">
<span><svg viewBox="0 0 28 12" aria-hidden="true"><path class="score granted" d="M1,6 h26"/></svg>score, granted</span>
<span><svg viewBox="0 0 28 12" aria-hidden="true"><path class="score refused" d="M1,6 h26"/></svg>score, refused</span>
<span><svg viewBox="0 0 28 12" aria-hidden="true"><path class="threshold" d="M1,6 h26"/></svg>what the score has to
reach</span></p>"""


def _header(heading: Heading, record: Record) -> str:
    begin, end = heading.start, heading.start + record.duration
    visits = len({trace.visit for trace in record.traces.values()})
    opened = sum(until - since for since, until in record.open_times())
    times = f"{words.day(begin)}, {words.clock_time(begin)} to {words.clock_time(end)}"
    facts = {
        "Video": heading.title,
        "When": times,
        "Length": f"{words.length(record.duration)}, {record.frames:,} frames",
        "Visitors seen": str(visits),
        "Lock open for": f"{opened:.1f} s",
    }
    return f"""<header>
<p class="eyebrow">edgegate report: site {escape(heading.site)}, door {escape(heading.door)}</p>
<h1>{words.outcome(record.decisions)}</h1>
<dl class="facts">{_definitions(facts)}</dl>
<p class="warning" role="note"><strong>Mind:</strong> {escape(NO_LIVENESS)}.</p>
</header>"""


def _definitions(facts: dict[str, str]) -> str:
    return "".join(f"<div><dt>{escape(term)}</dt><dd>{escape(text)}</dd></div>" for term, text in facts.items())


def _nobody(record: Record) -> str:
    seen = len(record.traces)
    reason = "No face was seen."
    if seen:
        reason = f"{seen} face{'s were' if seen > 1 else ' was'} seen, but not long or clearly enough to decide."
    return f'<div class="card scroll"><p>{reason}</p></div>'


def _cards(heading: Heading, record: Record) -> Iterator[str]:
    low = _lowest(record.decisions)
    for number, decision in enumerate(record.decisions, 1):
        data = decision.event["data"]
        kind, verdict = ("granted", "Granted") if decision.granted else ("refused", "Refused")
        sign = f'<svg viewBox="0 0 20 20" aria-hidden="true">{timeline.sign(decision.granted, 10, 10)}</svg>'
        facts = {
            "When": f"{words.clock_time(heading.start + decision.at)} ({decision.at:.1f} s)",
            "Age of the picture": f"{data['frame_age_ms']} ms",
            "Clear pictures so far": str(data["frames"]),
            "Others in view": str(len(data["others"])),
            "Model": data["model"],
        }
        if "confidence" in data:
            facts["The network's confidence"] = f"{data['confidence']:.3f}"
        yield f"""<article class="card decision" id="decision-{number}">{_picture(decision)}<div>
<span class="pill {kind}">{sign}{verdict} <span class="number">decision {number}</span></span>
<h3>{escape(words.who(decision.event))}</h3>
<p class="why">{escape(words.why(decision.event))}</p>
{_meter(decision, low)}<dl class="details">{_definitions(facts)}</dl></div></article>
"""


def _picture(decision: RecordedDecision) -> str:
    if decision.picture is None:
        return f'<div class="blank">Pictures are kept of the first {MAX_PICTURES} decisions only.</div>'
    text = f"{words.who(decision.event)} at {decision.at:.1f} s, the face marked by a box"
    data = base64.b64encode(decision.picture).decode()
    return f'<img src="data:image/jpeg;base64,{data}" width="360" height="360" alt="{escape(text)}">'


def _meter(decision: RecordedDecision, low: float) -> str:
    """Returns where the score lies between `low` and 1, and from where on it is enough; nothing without a score."""
    data = decision.event["data"]
    score, threshold = data["score"], data["threshold"]
    if score is None:
        return ""
    here, enough = (max(METER_WIDTH * (value - low) / (1 - low), 0) for value in (score, threshold))
    kind = "granted" if decision.granted else "refused"
    return f"""<svg class="meter" viewBox="0 0 {METER_WIDTH} 50" role="img" aria-label="{words.comparison(data)}">
{_tag("score", score, here, 12)}{_tag("needs", threshold, enough, 48)}
<rect class="track" x="0" y="21" width="{METER_WIDTH}" height="8" rx="4"/>
<rect class="enough" x="{enough:.1f}" y="21" width="{METER_WIDTH - enough:.1f}" height="8" rx="4"/>
<line class="need" x1="{enough:.1f}" x2="{enough:.1f}" y1="18" y2="34"/>
<circle class="{kind}" cx="{min(max(here, 8), METER_WIDTH - 8):.1f}" cy="25" r="8"/></svg>
"""


def _tag(word: str, value: float, x: float, y: float) -> str:
    """A labelled number at `x`, kept inside the drawing."""
    anchor, x = ("end", METER_WIDTH) if x > METER_WIDTH - 50 else ("start", 0) if x < 50 else ("middle", x)
    label = f'<tspan class="hint">{word}</tspan> {value:.3f}'
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}">{label}</text>'


def _lowest(decisions: list[RecordedDecision]) -> float:
    """Returns where all meters begin, so that they can be compared: a round number below every score and threshold."""
    data = [decision.event["data"] for decision in decisions]
    values = [d[key] for d in data for key in ("score", "threshold") if d[key] is not None]
    return math.floor((min(values, default=0.9) - 0.02) * 20) / 20


def _table(heading: Heading, record: Record) -> str:
    rows = "".join(_row(heading, at, event) for at, event in record.events)
    if not rows:
        return '<div class="card scroll"><p>Nothing.</p></div>'
    head = "<tr><th>Time</th><th>Second</th><th>What</th><th>Score</th><th>Event</th></tr>"
    return f'<div class="card scroll"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _row(heading: Heading, at: float, event: CloudEvent) -> str:
    data = event["data"]
    score = words.comparison(data) if data.get("score") is not None else ""
    cells = (words.clock_time(heading.start + at), f"{at:.1f}", words.what(event), score, event["id"])
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
