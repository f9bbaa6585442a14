"""From the first schema, whose templates were stored plainly, to this one; a backup is made first."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from edgegate.gallery.database import TABLES


def backup_of(path: Path) -> Path:
    """Where the file of the first schema is kept."""
    return path.with_name(path.name + ".schema-1")


def back_up(path: Path, db: sqlite3.Connection) -> None:
    """Keep the whole file as it is, before anything is written; inside a transaction."""
    draft = backup_of(path).with_suffix(".new")
    descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(db.serialize())  # opening the gallery itself again would end SQLite's locks on it
        file.flush()
        os.fsync(file.fileno())
    draft.replace(backup_of(path))


def upgrade(db: sqlite3.Connection) -> None:
    """Carry a file of the first schema over, inside a transaction."""
    db.execute("ALTER TABLE photo RENAME TO photo_1")
    db.execute("ALTER TABLE person RENAME TO person_1")
    for statement in TABLES:
        db.execute(statement)
    db.execute("INSERT INTO person (id, name, enrolled) SELECT id, name, enrolled FROM person_1")
    db.execute(
        "INSERT INTO photo (person, key, template, quality, embedder, source)"
        " SELECT person, '', embedding, quality, embedder, source FROM photo_1 ORDER BY rowid"
    )
    db.execute("DROP TABLE photo_1")
    db.execute("DROP TABLE person_1")
