"""The events of a door that no daemon has taken yet: an append-only file that survives a power cut.

One line a record: the CRC-32 of the rest in hexadecimal, a space, and JSON. A header names the spool, the next number
and what goes on; an event has the next number, which never starts again; `acked` says up to which number the daemon has
written events into its journal. Lines that are torn or damaged are left out when it is read, and said to be.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from edgegate.events.vocabulary import EventType
from edgegate.system import private_files

MAX_EVENTS = 10_000
"""So many events wait for the daemon at most; of those beyond only the number is kept."""

MAX_BYTES = 8_000_000
"""A file longer than this is written again without what was acknowledged."""

ENDINGS: Mapping[str, str] = {
    EventType.UNLOCKED: EventType.LOCKED,
    EventType.HOLD_STARTED: EventType.HOLD_ENDED,
    EventType.FIRE_STARTED: EventType.FIRE_ENDED,
}
"""Events that begin something, and the events that end it. Lockdown goes on over the keeper's death."""

SLOW_SECONDS = 2.0
"""A disk that takes longer is told of; an SD card that makes room for itself takes a good part of a second."""

TRY_EVERY = 25
"""A broken disk is tried at every event, and besides at one in so many calls."""

Job = Callable[[], object]
Later = Callable[[Job], object]


def at_once(job: Job) -> None:
    job()


@dataclass(frozen=True, slots=True)
class SpoolEntry:
    """One event: `at` on the monotonic clock of the machine's start `boot`, and the wall time as it was then known."""

    seq: int
    boot: str
    type: str
    at: float
    wall: float
    data: Mapping[str, Any]


class SpoolDisk:
    """The file system, as far as the spool needs it; everything may raise OSError."""

    def write(self, file: int, content: bytes) -> None:
        while content:
            content = content[os.write(file, content) :]

    def sync(self, file: int) -> None:
        os.fdatasync(file)

    def replace(self, path: Path, content: bytes) -> None:
        private_files.write(path, content)


class Spool:
    """The spool at `path`, begun if there is none; for one thread.

    `later` is given what is to be done on the disk, which may take its time, and does it in that order; by default
    at once. `now`, in seconds, tells how long that takes. A disk that is full or broken raises nothing, for the
    exit button must work even so: `fault` says what is wrong, the events wait in memory, and later calls try
    again.
    """

    def __init__(
        self,
        path: Path,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
        disk: SpoolDisk | None = None,
        later: Later = at_once,
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.path, self._max_events, self._max_bytes = path, max_events, max_bytes
        self._disk, self._later, self._now = disk or SpoolDisk(), later, now
        self._guard = threading.Lock()
        self.id, self._next, self._acked = secrets.token_hex(4), 1, 0
        self._waiting: deque[SpoolEntry] = deque()
        self._file, self._tries = -1, -1
        self._going_on: set[str] = set()
        self.lost = 0
        """Events for which there was no room, since `take_lost` last asked."""
        self._fault: str | None = "not begun"
        self._anew, self._unwritten, self._since = False, 0, 0.0
        self.damaged = self._read()
        """The number of lines that were torn or damaged."""
        self.left_going_on = frozenset(self._going_on)
        """The events of ENDINGS that had begun when the keeper before this one ended, and that no event has ended."""
        self._first, self._asked = self._next, False
        self._unwritten = 1
        self._put(b"", durable=True)

    def append(self, events: Iterable[tuple[str, str, float, float, Mapping[str, Any]]]) -> None:
        """Number and keep (boot, type, at, wall, data), and have them made durable."""
        lines = []
        with self._guard:
            for boot, kind, at, wall, data in events:
                self._follow(kind)
                if len(self._waiting) >= self._max_events:
                    self.lost += 1
                    continue
                entry = SpoolEntry(self._next, boot, kind, at, wall, data)
                self._waiting.append(entry)
                lines.append(_line(asdict(entry)))
                self._next += 1
        self._write(b"".join(lines), durable=True)

    def pending(self, after: int, limit: int) -> list[SpoolEntry]:
        """The next events beyond number `after` that were not acknowledged; at most `limit`."""
        self._asked = True
        return [entry for entry in self._waiting if entry.seq > after][:limit]

    def resume_after(self, seq: int) -> None:
        """The daemon has events up to number `seq`, as it says when it first asks.

        A keeper whose disk was broken may have handed over events from its memory and died: those numbers are not in
        the file, and what has got them since would be taken for what the daemon has already. It gets later ones.
        """
        used = seq + 1 - self._first
        if self._asked or used <= 0:
            return
        with self._guard:
            self._next += used
            self._waiting = deque(
                replace(entry, seq=entry.seq + used) if entry.seq >= self._first else entry for entry in self._waiting
            )
            self._anew = True
        self._write(_line({"acked": self._acked}), durable=True)

    def acknowledge(self, seq: int) -> None:
        """The daemon has written everything up to `seq`."""
        before = self._acked
        with self._guard:
            self._acked = max(self._acked, min(seq, self._next - 1))
            self._forget()
        if self._acked > before:
            # Not waited for: if it is lost, the daemon is asked to take what it knows that it has.
            self._write(_line({"acked": self._acked}), durable=False)

    def take_lost(self) -> int:
        """Returns how many events there was no room for, once there is room to say so; 0 otherwise."""
        if len(self._waiting) >= self._max_events:
            return 0
        lost, self.lost = self.lost, 0
        return lost

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @property
    def fault(self) -> str | None:
        """The reason why events are kept in memory only; None while all is well."""
        with self._guard:
            slow = self._unwritten and self._now() - self._since > SLOW_SECONDS
        if slow:
            return f"{self.path}: the disk has not answered for {SLOW_SECONDS:g} s: events are kept in memory only"
        return self._fault

    def _write(self, lines: bytes, *, durable: bool) -> None:
        if not lines:
            if self._fault is None:
                return
            self._tries += 1
            if self._tries % TRY_EVERY:
                return
        with self._guard:
            if not self._unwritten:
                self._since = self._now()
            self._unwritten += 1
        self._later(partial(self._put, lines, durable=durable))

    def _put(self, lines: bytes, *, durable: bool) -> None:
        """On the thread that writes, one after the other."""
        try:
            # After a write that failed half a line may stand there.
            if self._fault is not None or self._anew or os.fstat(self._file).st_size > self._max_bytes:
                self._rewrite()
            else:
                self._disk.write(self._file, lines)
                if durable:
                    self._disk.sync(self._file)
            self._fault = None
        except OSError as error:
            self._fault = f"{self.path}: {error.strerror or error}: events are kept in memory only"
        finally:
            with self._guard:
                self._unwritten -= 1
                self._since = self._now()

    def _rewrite(self) -> None:
        """Writes what is to be kept to a new file that takes the old one's place."""
        private_files.make_folder(self.path.parent)
        with self._guard:
            header = {"spool": self.id, "next": self._next, "acked": self._acked, "going_on": sorted(self._going_on)}
            records = [header, *map(asdict, self._waiting)]
            self._anew = False
        self._disk.replace(self.path, b"".join(map(_line, records)))
        self.close()
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)

    def _forget(self) -> None:
        while self._waiting and self._waiting[0].seq <= self._acked:
            self._waiting.popleft()

    def _follow(self, kind: str) -> None:
        if kind in ENDINGS:
            self._going_on.add(kind)
        self._going_on -= {begun for begun, end in ENDINGS.items() if end == kind}

    def _read(self) -> int:
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return 0
        except OSError:
            return 1  # what it held is lost
        return sum(not self._understand(line) for line in lines if line)

    def _understand(self, line: bytes) -> bool:
        checksum, _, text = line.partition(b" ")
        if checksum != b"%08x" % zlib.crc32(text):
            return False
        try:
            self._take(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError):  # of no version that this one knows
            return False
        return True

    def _take(self, record: Mapping[str, Any]) -> None:
        if "spool" in record:
            self.id, self._next = str(record["spool"]), max(self._next, int(record["next"]))
            self._going_on = set(record.get("going_on", []))  # not written by the first version
        if "seq" in record:
            entry = SpoolEntry(**record)
            newest = self._waiting[-1].seq if self._waiting else self._acked
            if entry.seq > newest:  # a file that was written again has what waited to be written, which comes again
                self._waiting.append(entry)
                self._follow(entry.type)
            self._next = max(self._next, entry.seq + 1)
        if "acked" in record:
            self._acked = max(self._acked, int(record["acked"]))
            self._forget()


def _line(record: Mapping[str, Any]) -> bytes:
    text = json.dumps(record, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)
