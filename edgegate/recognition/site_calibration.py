"""Scores of this camera's own visits, kept by consent (`[privacy] keep_scores`), and the threshold they ask for.

Of a visit there is its time, the highest pooled score against anybody and the best against anybody else, the
threshold, who it was recognised as by opaque id (nothing, for somebody unknown), whether they were let in, how many
frames were pooled and by which embedder. No embedding, no picture, and nothing older than some days.
"""

from __future__ import annotations

import os
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from edgegate.errors import EdgegateError, GalleryError
from edgegate.system import private_files

DAY_SECONDS = 86_400.0

_TABLE = """CREATE TABLE IF NOT EXISTS visit (
    at REAL NOT NULL, score REAL NOT NULL, runner_up REAL, threshold REAL NOT NULL,
    person TEXT, granted INTEGER NOT NULL, frames INTEGER NOT NULL, embedder TEXT NOT NULL
) STRICT"""


@dataclass(frozen=True, slots=True)
class ScoredVisit:
    """One coming of somebody. `at` is wall time; `runner_up` is None where only one person was enrolled."""

    at: float
    score: float
    runner_up: float | None
    threshold: float
    person: str | None
    granted: bool
    frames: int
    embedder: str


class ScoreStore:
    """The scores' file at `path`, made when the first visit is kept. Raises EdgegateError when it cannot be used."""

    def __init__(self, path: Path, days: int) -> None:
        self.path = path
        self._seconds = days * DAY_SECONDS

    def keep(self, visit: ScoredVisit) -> None:
        """Write a visit down, and erase those that are too old by then."""
        with self._opened() as db:
            db.execute(_TABLE)
            db.execute("INSERT INTO visit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", astuple(visit))
            db.execute("DELETE FROM visit WHERE at < ?", (visit.at - self._seconds,))

    def visits(self, embedder: str) -> tuple[ScoredVisit, ...]:
        """Returns what is kept of visits by this embedder, oldest first."""
        if not self.path.exists():
            return ()
        with self._opened() as db:
            rows = db.execute("SELECT * FROM visit WHERE embedder = ? ORDER BY at", (embedder,)).fetchall()
        return tuple(replace(ScoredVisit(*row), granted=bool(row[5])) for row in rows)

    def forget(self, person: str) -> int:
        """Erase the visits recognised as somebody, by opaque id; how many there were."""
        if not self.path.exists():
            return 0
        with self._opened() as db:
            return db.execute("DELETE FROM visit WHERE person = ?", (person,)).rowcount

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            if not self.path.exists():
                private_files.make_folder(self.path.parent)
                os.close(private_files.create(self.path))
            with closing(sqlite3.connect(self.path, timeout=0.2)) as db, db:
                db.executescript("PRAGMA secure_delete = ON; PRAGMA synchronous = OFF")  # a lost score does no harm
                yield db
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
            raise EdgegateError(
                f"{self.path}: scores cannot be kept or read: {error}; delete it to start again"
            ) from None


# The threshold that visits asked for.


def read_threshold(path: Path, embedder: str) -> float:
    """Returns the threshold at `path` for this embedder; 0 without one. Raises GalleryError if it is damaged."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return 0.0
    except (OSError, UnicodeDecodeError) as error:
        raise GalleryError(f"{path}: cannot be read: {error}") from None
    try:
        content = tomllib.loads(text)
        return float(content["threshold"]) if content["embedder"] == embedder else 0.0
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise GalleryError(
            f"{path}: damaged ({error}); measure it again, or delete it to go back to the pack's"
        ) from None


def write_threshold(path: Path, embedder: str, threshold: float, basis: str) -> None:
    """Replace what is at `path`, at once; `basis` says in words, on one line, what it rests on."""
    text = (
        "# Written by `edgegate evaluate --site --apply`; it only ever tightens. Delete it to go back to the pack's.\n"
        f'# {basis}\nthreshold = {threshold:.4f}\nembedder = "{embedder}"\n'
    )
    private_files.write(path, text.encode())
