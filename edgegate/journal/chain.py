"""The hash chain: what links a row to the one before, and how the whole is checked.

A chain shows changed, removed and inserted rows. Rows cut off its end leave a chain that is whole but shorter:
that shows only against a head that was noted elsewhere (`journal verify --expect SEQ:HASH`).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edgegate.clock import rfc3339
from edgegate.errors import UsageError
from edgegate.journal.database import connect, readable_errors

GENESIS = bytes(32)
"""The stand-in for the hash of a row before the first."""


def link(previous: bytes, text: bytes) -> bytes:
    """The hash of a row: SHA-256 over the previous row's hash and the stored text in UTF-8."""
    return hashlib.sha256(previous + text).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """One row of the chain. Who notes the last one elsewhere can tell later whether anything before it changed."""

    seq: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read SEQ:HASH; raises UsageError."""
        seq, _, digest = text.partition(":")
        try:
            head = cls(int(seq), bytes.fromhex(digest))
        except ValueError:
            head = cls(0, b"")
        if head.seq < 1 or len(head.hash) != len(GENESIS):
            raise UsageError(f"{text}: not a head; it is SEQ:HASH as `edgegate journal verify` prints it")
        return head


@dataclass(frozen=True, slots=True)
class Verification:
    """The finding of a check of the whole journal."""

    head: Head
    """The last row up to which everything is there and right; `seq` is also their number, 0 if there is none."""
    reason: str | None = None
    """The fault of the row after that."""

    @property
    def intact(self) -> bool:
        return self.reason is None


def verify(path: Path, expect: Head | None = None) -> Verification:
    """Check every row of the journal at `path`, and that the noted head `expect` is still one of them.

    Raises UsageError when there is no journal, JournalError when the file cannot be read.
    """
    head = Head(0, GENESIS)
    with closing(connect(path)) as db, readable_errors(path):
        db.execute("BEGIN")  # a door in service goes on writing: rows and last number are to be of one moment
        # As bytes: a row that is no longer UTF-8 must be reported like any other that was changed.
        rows = db.execute("SELECT seq, time, CAST(event AS BLOB), hash FROM events ORDER BY seq")
        for seq, time, text, digest in rows:
            reason = _fault(head, seq, time, text, digest)
            if reason is None and expect is not None and seq == expect.seq and digest != expect.hash:
                reason = "the hash is not the one that was noted: this row or one before it was rewritten"
            if reason is not None:
                return Verification(head, reason)
            head = Head(seq, digest)
        there_were = max(last_issued(db), expect.seq if expect else 0)
    missing = there_were - head.seq
    return Verification(head, f"{missing} rows were cut off the end" if missing > 0 else None)


def _fault(head: Head, seq: int, time: float, text: bytes | None, digest: bytes) -> str | None:
    """Returns what is wrong with a row that should follow `head`."""
    if seq != head.seq + 1:
        return f"rows are missing: the next is {seq}"
    if text is None or link(head.hash, text) != digest:
        return "the hash does not match: the event, its hash or the hash before it was changed"
    try:
        event = json.loads(text)
        agree = event["id"].endswith(f"/{seq}") and event["time"] == rfc3339(time)
    except (ValueError, TypeError, LookupError):
        return "not an event"
    return None if agree else "the event's number or time is not the row's"


def last_issued(db: sqlite3.Connection) -> int:
    """The last number SQLite gave out, whether or not its row is still there."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return 0 if row is None else int(row[0])
