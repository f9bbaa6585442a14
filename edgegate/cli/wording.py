"""Events in words: the line that `journal list` and `watch` print."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

from edgegate.events import TYPE_PREFIX, CloudEvent


def in_words(event: CloudEvent, zone: tzinfo | None = None) -> str:
    """One line: time, door, what, who, why, and the score against the threshold where there is one.

    The time is that of `zone`, or this machine's.
    """
    when = datetime.fromisoformat(event["time"]).astimezone(zone)
    door = event["source"].rpartition("/")[2]
    what = event["type"].removeprefix(TYPE_PREFIX)
    line = f"{when:%Y-%m-%d %H:%M:%S}  {door}  {what:16}  {'  '.join(_details(event))}"
    return printable(line.rstrip())


def _details(event: CloudEvent) -> Iterator[str]:
    data: dict[str, Any] = event["data"]
    who = data.get("person") or event.get("subject")
    if who:
        yield str(who)
    if data.get("part"):
        yield f"{data['part']}:"
    if data.get("reason"):
        yield str(data["reason"])
    if data.get("detail"):
        yield str(data["detail"])
    score, threshold = data.get("score"), data.get("threshold")
    if isinstance(score, float) and isinstance(threshold, float):
        yield f"score {score:.3f}, needs {threshold:.3f}"


def printable(text: str) -> str:
    """`text` without control characters: what comes over the network must not steer the terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)
