"""The door's table as diagrams and rows for docs/door.md: `python -m edgegate.door.diagram docs/door.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from edgegate.door.parts import PARTS, State
from edgegate.door.table import TABLE, Timer, Transition

BEGIN, END = "<!-- begin: drawn from the table by `make door` -->", "<!-- end -->"

_TITLES = {
    "latch": "The lock",
    "leaf": "The door, by its contact",
    "button": "The exit button",
    "handle": "The mechanical handle",
    "fire": "The fire input",
    "tamper": "The tamper loop",
}


def render() -> str:
    """A diagram for every part of the door, in Mermaid."""
    return "\n".join("\n".join(_section(kind, name)) for kind, name in PARTS.items())


def renewed(text: str) -> str:
    """A page with what stands between the marks drawn again."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{render()}\n{END}{after}"


def _section(kind: type, name: str) -> Iterator[str]:
    start = getattr(State(0.0), name).place
    rows = [row for row in TABLE if isinstance(row.sources[0], kind)]
    yield f"### {_TITLES[name]}\n"
    yield "```mermaid\nstateDiagram-v2"
    for place in kind:  # type: ignore[attr-defined]  # an enumeration
        yield f'    state "{place.value}" as {place.name}'
    yield f"    [*] --> {start.name}"
    for row in rows:
        for source in row.sources:
            yield f"    {source.name} --> {(row.target or source).name}: {_label(row)}"
    yield "```\n"


def _label(row: Transition) -> str:
    """`input [guard] (timer) / event`."""
    words = [row.input.value]
    if row.guard is not None:
        words.append(f"[{row.guard.words}]")
    if row.timer is not None:
        words.append("(its end stays)" if row.timer is Timer.KEEP else f"(for {row.timer.value})")
    if row.refused:
        words.append("/ refused")
    if row.tells:
        words.append("/ " + ", ".join(row.tells))
    return " ".join(words)


def main() -> None:
    page = Path(sys.argv[1])
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        sys.exit(f"{page}: {error.strerror}: name the page to draw in")
    page.write_text(renewed(text), encoding="utf-8")


if __name__ == "__main__":
    main()
