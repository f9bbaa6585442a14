"""The journal as the daemon writes it, and the outbox from which the broker is served."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from edgegate.clock import Clock, wall_of
from edgegate.events.cloudevents import CloudEvent, Origin, dumps, to_cloudevent
from edgegate.events.vocabulary import Event
from edgegate.journal.chain import GENESIS, last_issued, link
from edgegate.journal.database import PATIENCE_SECONDS, connect, create, readable_errors, transaction


class Journal:
    """The journal at `path`, made if there is none; for one thread. Several processes may append.

    One that is writing is waited for up to `patience` seconds. `outbox`: what is appended here is to be published.
    Every method raises JournalError in one line when the file is damaged or locked, or the disk is full.
    """

    def __init__(
        self,
        path: Path,
        *,
        origin: Origin,
        clock: Clock,
        outbox: bool,
        factory: type[sqlite3.Connection] = sqlite3.Connection,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        create(path)
        self.path = path
        self._db = connect(path, factory, patience)
        self._origin = origin
        self._clock = clock
        self._outbox = outbox

    def close(self) -> None:
        self._db.close()

    def append(self, events: Sequence[Event]) -> list[CloudEvent]:
        """Number the events and write them, all or none; when it returns they survive a power cut.

        A person's name is never kept: ValueError if an event carries one.
        """
        written = []
        with transaction(self.path, self._db):
            seq, digest = self._last()
            for event in events:
                if event.data.get("person") is not None:
                    raise ValueError("a journal holds the opaque id in `subject`, never a name")
                seq += 1
                cloud = to_cloudevent(event, self._origin, seq, self._wall_of)
                digest = self._insert(seq, cloud, digest)
                written.append(cloud)
        return written

    def pending(self, after: int, limit: int) -> list[tuple[int, CloudEvent]]:
        """The next events the broker has not acknowledged, by number, beyond number `after`; at most `limit`."""
        with readable_errors(self.path):
            rows = self._db.execute(
                "SELECT seq, event FROM outbox JOIN events USING (seq) WHERE seq > ? ORDER BY seq LIMIT ?",
                (after, limit),
            ).fetchall()
        return [(seq, json.loads(text)) for seq, text in rows]

    def delivered(self, seqs: Iterable[int]) -> None:
        """Take events out of the outbox: the broker has them."""
        rows = [(seq,) for seq in seqs]
        if rows:
            with transaction(self.path, self._db):
                self._db.executemany("DELETE FROM outbox WHERE seq = ?", rows)

    def _last(self) -> tuple[int, bytes]:
        """The last number given out, and the last row's hash.

        The number is SQLite's, not the last row's: where rows were cut off the end, a gap must stay and show.
        """
        row = self._db.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        seq, digest = row or (0, GENESIS)
        return max(seq, last_issued(self._db)), digest

    def _insert(self, seq: int, event: CloudEvent, previous: bytes) -> bytes:
        time = datetime.fromisoformat(event["time"]).timestamp()
        text = dumps(event)
        digest = link(previous, text.encode())
        self._db.execute("INSERT INTO events VALUES (?, ?, ?, ?)", (seq, time, text, digest))
        if self._outbox:
            self._db.execute("INSERT INTO outbox VALUES (?)", (seq,))
        return digest

    def _wall_of(self, at: float) -> float:
        return wall_of(self._clock, at)
