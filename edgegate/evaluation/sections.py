"""The parts that pages of results are put together from, and their style."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from edgegate.pages.style import CSS as HOUSE

CSS = (
    HOUSE
    + """
.plain { max-width: 46rem; margin: 0; padding-left: 1.2rem; } .plain li { margin: .35rem 0; }
td.n, th.n { text-align: right; white-space: nowrap; padding-right: 0; padding-left: .75rem; }
td:first-child { min-width: 6.5rem; } td:last-child { color: inherit; font-size: inherit; }
.hint { color: var(--soft); font-size: .875rem; }
.plot { display: block; width: 100%; min-width: 36rem; height: auto; font-size: 13px; }
.plot line { stroke: var(--line); } .plot text { fill: var(--soft); font-variant-numeric: tabular-nums; }
.plot .line { fill: none; stroke: var(--granted); stroke-width: 2.5; stroke-linejoin: round; }
.plot .bound { fill: var(--granted-soft); }
.plot circle { fill: var(--granted); stroke: var(--card); stroke-width: 2; }
.plot .genuine { fill: var(--granted); fill-opacity: .55; }
.plot .impostors { fill: var(--refused); fill-opacity: .45; }
.plot .threshold { stroke: var(--ink); } .plot text.name { fill: var(--ink); font-size: 12px;
  paint-order: stroke; stroke: var(--card); stroke-width: 4px; }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: 3px; margin-right: .35rem; }
.key.genuine { background: var(--granted); opacity: .7; } .key.impostors { background: var(--refused); opacity: .6; }
"""
)


def section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>\n{content}</section>\n"


def plain(sentences: Iterable[str]) -> str:
    return f'<ul class="plain">{"".join(f"<li>{escape(text)}</li>" for text in sentences)}</ul>'


def plot(svg: str, hint: str) -> str:
    return f'<div class="card"><div class="scroll">{svg}</div></div><p class="hint">{hint}</p>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column to the left, figures to the right."""
    first, *others = head
    titles = f"<th>{escape(first)}</th>" + "".join(f'<th class="n">{escape(text)}</th>' for text in others)
    lines = "".join(
        f"<tr><td>{escape(row[0])}</td>" + "".join(f'<td class="n">{escape(text)}</td>' for text in row[1:]) + "</tr>"
        for row in rows
    )
    return f'<div class="card scroll"><table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table></div>'


def one_in(row: dict[str, Any]) -> str:
    return f"{round(1 / row['false_accept_rate']):,}"


def span(interval: Sequence[float] | None, text: Callable[[float], str]) -> str:
    return "—" if interval is None else f"{text(interval[0])} to {text(interval[1])}"
