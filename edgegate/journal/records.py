"""Reading the journal back, for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from edgegate.events.cloudevents import TYPE_PREFIX, CloudEvent, dumps
from edgegate.events.vocabulary import EventType
from edgegate.journal.database import PATIENCE_SECONDS, connect, readable_errors


def read(
    path: Path, *, last: int | None = None, since: float | None = None, kind: str | None = None
) -> Iterator[CloudEvent]:
    """The events in the journal at `path`, oldest first.

    Of those from `since` (seconds since the epoch) on and of type `kind` (with or without the prefix), only the
    `last` many. Raises UsageError when there is no journal, JournalError when it cannot be read.
    """
    with closing(connect(path)) as db, readable_errors(path):
        rows = db.execute(
            "SELECT event FROM events WHERE seq IN ("
            "  SELECT seq FROM events"
            "  WHERE (:since IS NULL OR time >= :since)"
            "    AND (:kind IS NULL OR json_extract(event, '$.type') = :kind)"
            "  ORDER BY seq DESC LIMIT :last"
            ") ORDER BY seq",
            {"since": since, "kind": kind and _full(kind), "last": -1 if last is None else last},
        )
        for (text,) in rows:
            yield json.loads(text)


def last_times(path: Path, kind: EventType) -> dict[str, float]:
    """Returns each subject's last event of this kind, in seconds since the epoch; raises as `read` does."""
    with closing(connect(path)) as db, readable_errors(path):
        rows = db.execute(
            "SELECT json_extract(event, '$.subject') AS person, MAX(time) FROM events"
            " WHERE json_extract(event, '$.type') = ? AND person IS NOT NULL GROUP BY person",
            (TYPE_PREFIX + kind,),
        )
        return {str(person): float(time) for person, time in rows}


def last_with(path: Path, key: str) -> CloudEvent | None:
    """The last event whose `data` has this key; None if there is none. Raises as `read` does."""
    with closing(connect(path)) as db, readable_errors(path):
        row = db.execute(
            # Looked for as text first: parsing every event of a long journal takes seconds on a Pi.
            "SELECT event FROM events WHERE instr(event, ?) AND json_extract(event, ?) IS NOT NULL"
            " ORDER BY seq DESC LIMIT 1",
            (f'"{key}":', f"$.data.{key}"),
        ).fetchone()
    return None if row is None else json.loads(row[0])


def last_of(path: Path, *kinds: EventType, patience: float = PATIENCE_SECONDS) -> CloudEvent | None:
    """The last event of any of these kinds; None if there is none. Raises as `read` does."""
    texts = [f'"type":"{TYPE_PREFIX}{kind}"' for kind in kinds]
    with closing(connect(path, patience=patience)) as db, readable_errors(path):
        rows = db.execute(  # as text first, as in `last_with`; from the end, where it mostly is
            f"SELECT event FROM events WHERE {' OR '.join(['instr(event, ?)'] * len(kinds))} ORDER BY seq DESC",  # noqa: S608
            texts,
        )
        return next((event for (text,) in rows if (event := json.loads(text))["type"] in map(_full, kinds)), None)


def last_time(path: Path) -> float:
    """The wall time of the last entry, in seconds since the epoch; 0 in an empty journal. Raises as `read` does."""
    with closing(connect(path)) as db, readable_errors(path):
        row = db.execute("SELECT time FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    return 0.0 if row is None else float(row[0])


def after(path: Path, event: CloudEvent) -> Iterator[CloudEvent]:
    """The events that were written after this one, oldest first; raises as `read` does."""
    seq = int(event["id"].rpartition("/")[2])
    with closing(connect(path)) as db, readable_errors(path):
        for (text,) in db.execute("SELECT event FROM events WHERE seq > ? ORDER BY seq", (seq,)):
            yield json.loads(text)


def names(path: Path, name: str) -> int:
    """Returns how many events hold this person's name, which none may; raises as `read` does."""
    with closing(connect(path)) as db, readable_errors(path):
        wanted = dumps({"person": name})[1:-1]
        (count,) = db.execute("SELECT count(*) FROM events WHERE instr(event, ?)", (wanted,)).fetchone()
    return int(count)


def _full(kind: str) -> str:
    return kind if kind.startswith(TYPE_PREFIX) else TYPE_PREFIX + kind
