"""Journals that tests open and fill."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from edgegate.clock import VirtualClock
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Journal

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def open_journal(path: Path, *, outbox: bool = True, boot: str = "b1") -> Journal:
    return Journal(path, origin=Origin("home", "front", boot), clock=VirtualClock(START), outbox=outbox)


def denied(at: float = 1.0, subject: str | None = None) -> Event:
    return Event(EventType.DENIED, at, subject, {"reason": "unknown", "person": None, "frame_at": at})


def tamper(path: Path, *statements: str) -> None:
    """Does what somebody with write access and a SQLite shell can do."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("DROP TRIGGER events_stay; DROP TRIGGER events_are_final")
    for statement in statements:
        db.execute(statement)
    db.close()
