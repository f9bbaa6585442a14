"""Events in words: the line that `journal list`, `watch` and `replay` print."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

from edgegate.events.cloudevents import TYPE_PREFIX, CloudEvent
from edgegate.system.terminal import printable


def in_words(event: CloudEvent, zone: tzinfo | None = None, start: float | None = None) -> str:
    """Returns one line: time, door, type, person, reason, and the score against the threshold where there is one.

    The time is that of `zone`, or this machine's. `start` is the wall time at which a recording begins: then the time
    is the recording's, and no door is named.
    """
    moment = datetime.fromisoformat(event["time"])
    if start is None:
        when = f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}  {event['source'].rpartition('/')[2]}"
    else:
        when = position(moment.timestamp() - start)
    what = event["type"].removeprefix(TYPE_PREFIX)
    line = f"{when}  {what:16}  {'  '.join(_details(event))}"
    return printable(line.rstrip())


def position(seconds: float) -> str:
    """Returns a moment of a recording, as players show it, with tenths: 0:03.4, 1:02:03.4."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{tenths / 10:04.1f}"
    return f"{hours}:{minutes:02}:{rest}" if hours else f"{minutes}:{rest}"


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
