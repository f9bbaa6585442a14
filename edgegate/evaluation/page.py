"""The results as one HTML page: nothing is loaded from anywhere, and nothing runs in it."""

from __future__ import annotations

from html import escape
from typing import Any

from edgegate import __version__
from edgegate.evaluation import clip_page, photo_page
from edgegate.evaluation.sections import CSS

Results = dict[str, Any]


def render(result: Results) -> str:
    """The whole page, of photos or of clips. Every text that came from outside is escaped."""
    part = clip_page if "clips" in result else photo_page
    title, body = part.title(result), "".join(part.body(result))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(result["subject"]["dataset"])}: {escape(title)}</title>
<style>{CSS}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">edgegate evaluation of {escape(result["subject"]["dataset"])}</p>
<h1>{escape(title)}</h1>
{_facts(result)}
</header>
{body}
<footer><p>Measured on this data set and with this pack; another camera, other light and other people can do worse.
Bounds are one-sided 95 %, intervals two-sided 95 %. Written by edgegate {__version__}.</p></footer>
</main>
</body>
</html>
"""


def _facts(result: Results) -> str:
    subject = result["subject"]
    facts = {
        "Part": subject["part"],
        "Strangers from": subject["strangers"] or "the data set itself",
        "Pack": subject["pack"],
        "Network that names people": subject["network"],
        "People": str(result["people"]),
        "Enrolled from": f"{result['photos_enrolled']} photos each",
        "Config": f"false_accept_rate {subject['false_accept_rate']:g}, "
        f"decide_after_frames {subject['decide_after_frames']}, min_face_pixels {subject['min_face_pixels']}",
    }
    terms = "".join(f"<div><dt>{term}</dt><dd>{escape(text)}</dd></div>" for term, text in facts.items())
    return f'<dl class="facts">{terms}</dl>'
