"""Galleries for tests: photos, an encrypted gallery with its keys, and one of the first schema."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from edgegate.gallery import Gallery, Person, Photo
from edgegate.gallery.keys import Keys
from tests.support.fakes import EMBEDDER

TODAY = "2026-01-01T00:00:00Z"
PICTURE = b"\xff\xd8\xff a picture, which is longer than a word \xff\xd9"

FIRST_SCHEMA = """
CREATE TABLE person (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, enrolled TEXT NOT NULL) STRICT;
CREATE TABLE photo (
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    embedding BLOB NOT NULL, quality REAL NOT NULL, embedder TEXT NOT NULL, source TEXT NOT NULL
) STRICT;
PRAGMA user_version = 1;
"""


def random_photo(seed: int, source: str = "one.jpg", **said: object) -> Photo:
    """Returns a photo of quality 0.5 with a random embedding (128, float32, length 1)."""
    values = np.random.default_rng(seed).normal(size=128).astype(np.float32)
    return Photo(values / np.linalg.norm(values), 0.5, EMBEDDER, source, **said)  # type: ignore[arg-type]


class EncryptedGallery:
    """A gallery and its keys, in folders that can be put back as they were."""

    def __init__(self, folder: Path) -> None:
        self.data, self.etc, self._saved = folder / "data", folder / "etc", folder / "saved"
        self.keys = Keys(self.etc / "edgegate.key", self.data)
        self.gallery = Gallery(self.data / "gallery.db", key=self.keys)

    def save(self) -> None:
        for part in (self.data, self.etc):
            if part.exists():
                shutil.copytree(part, self._saved / part.name)

    def restore(self) -> None:
        for part in (self.data, self.etc):
            shutil.rmtree(part, ignore_errors=True)
            if (self._saved / part.name).exists():
                shutil.copytree(self._saved / part.name, part)

    @property
    def bytes_at_rest(self) -> bytes:
        return b"".join(file.read_bytes() for file in self.data.rglob("*") if file.is_file())


def known(people: tuple[Person, ...]) -> list[tuple[str, list[bytes]]]:
    return [(person.name, [shot.embedding.tobytes() for shot in person.photos]) for person in people]


def with_first_schema(door: EncryptedGallery) -> list[tuple[str, list[bytes]]]:
    """A gallery as the first version wrote it; who is in it."""
    door.data.mkdir(mode=0o700)
    shots = {name: [random_photo(10 * i + j, source=f"{name}.jpg") for j in range(2)] for i, name in enumerate("AB")}
    with closing(sqlite3.connect(door.gallery.path)) as db:
        db.executescript(FIRST_SCHEMA)
        for name, photos in shots.items():
            db.execute("INSERT INTO person VALUES (?, ?, ?)", (f"id-of-{name}", name, TODAY))
            for shot in photos:
                row = (f"id-of-{name}", shot.embedding.tobytes(), shot.quality, shot.embedder, shot.source)
                db.execute("INSERT INTO photo VALUES (?, ?, ?, ?, ?)", row)
        db.commit()
    return [(name, [shot.embedding.tobytes() for shot in photos]) for name, photos in shots.items()]
