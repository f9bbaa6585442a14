"""Migration from the first schema, whose templates were stored plainly, to this one; a backup is made first.

The backup is the whole old file, encrypted like what the new one holds: a plain one would be worth stealing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from edgegate.errors import GalleryError, KeyFileError, UsageError
from edgegate.gallery.database import create
from edgegate.gallery.keys import Key
from edgegate.gallery.people import Photo
from edgegate.gallery.rows import insert_photos, plain_embedding
from edgegate.system import private_files

_MAGIC = b"edgegate gallery backup 1 "


def backup_of(path: Path) -> Path:
    """Returns the path that the file of the first schema is kept at."""
    return path.with_name(f"{path.name}.schema-1")


def back_up(path: Path, db: sqlite3.Connection, key: Key | None) -> None:
    """Backs the whole file up, before anything is written; inside a transaction. Raises GalleryError."""
    content = db.serialize()  # opening the file again here would end SQLite's locks on it
    if key is not None:
        header = _MAGIC + key.id.encode()
        content = header + b"\n" + key.seal(content, header)
    try:
        private_files.write(backup_of(path), content)
    except OSError as error:
        raise GalleryError(
            f"{backup_of(path)}: no backup can be made, so nothing is changed: {error.strerror}"
        ) from None


def read_backup(path: Path, keys: Mapping[str, Key]) -> bytes:
    """Returns the gallery at `path` as it was before migration: an SQLite file, plain.

    Raises UsageError where there is no backup, KeyFileError where its key is lost, GalleryError where it is damaged.
    """
    backup = backup_of(path)
    try:
        header, _, sealed = backup.read_bytes().partition(b"\n")
    except FileNotFoundError:
        raise UsageError(f"{backup}: there is no backup") from None
    except OSError as error:
        raise GalleryError(f"{backup}: cannot be read: {error.strerror}") from None
    name = header.removeprefix(_MAGIC).decode(errors="replace")
    if not header.startswith(_MAGIC):
        raise GalleryError(f"{backup}: not a backup of this program's making")
    if name not in keys:
        raise KeyFileError(f"{backup}: the key {name} that it was written with is lost, and with it the backup")
    try:
        return keys[name].open(sealed, header)
    except ValueError as error:
        raise GalleryError(f"{backup}: damaged: {error}") from None


def upgrade(db: sqlite3.Connection, key: Key | None) -> None:
    """Migrates a file of the first schema, inside a transaction; with a key, encrypted."""
    db.execute("ALTER TABLE photo RENAME TO photo_1")
    db.execute("ALTER TABLE person RENAME TO person_1")
    create(db)
    db.execute("INSERT INTO person (id, name, enrolled) SELECT id, name, enrolled FROM person_1")
    rows = db.execute("SELECT person, embedding, quality, embedder, source FROM photo_1 ORDER BY rowid").fetchall()
    for person, blob, *said in rows:
        insert_photos(db, key, person, [Photo(plain_embedding(blob), *said)])
    db.execute("DROP TABLE photo_1")
    db.execute("DROP TABLE person_1")
