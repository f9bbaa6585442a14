"""The gallery file: written by any process (`edgegate enroll` while the daemon runs), erased from for good.

It keeps templates: an embedding cannot be turned back into the picture, but it is biometric data all the same, and
is encrypted. Names, groups and dates are not, so that a lost key loses nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edgegate.errors import GalleryError, KeyFileError, UsageError
from edgegate.gallery import database, enrolling, erasure, rows, session, snapshot
from edgegate.gallery.enrolling import NO_DETAILS, Enrollee
from edgegate.gallery.erasure import Erased
from edgegate.gallery.keys import Key, Keys
from edgegate.gallery.people import Details, Person, Photo

Record = Callable[[str], object]


def _unrecorded(_person: str) -> None:
    """Records nothing, for a caller without a journal."""


class Gallery:
    """The gallery file at `path`; it is made on the first writing. Raises GalleryError when it is damaged.

    With `key` what it keeps is encrypted, and what was not is not read; without, it is plain. Another process that is
    writing is waited for up to `patience` seconds.
    """

    def __init__(self, path: Path, patience: float = 5.0, key: Keys | None = None) -> None:
        self.path = path
        self._patience = patience
        self._keys = key
        self._file = (path, patience, key)

    def version(self) -> tuple[int, ...] | None:
        """Returns a value that differs after every change by any process; cheap enough to ask every second."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        keys = () if self._keys is None else self._keys.version()
        return status.st_mtime_ns, status.st_size, status.st_ino, *keys

    def people(self, *, pictures: bool = False) -> tuple[Person, ...]:
        """Returns everybody, by name; pictures, which may be large, only if asked for.

        A key that is lost or refused costs people their photos, which are then `unreadable`, and nothing else.
        """
        with session.reading(*self._file) as now:
            return snapshot.read_people(now.db, now.keys, pictures=pictures)

    def bare(self) -> tuple[Person, ...]:
        """Returns everybody, by name, without their photos."""
        with session.reading(*self._file) as now, database.transaction(now.db, "DEFERRED"):
            return rows.read_bare(now.db)

    def fault(self, people: Sequence[Person] | None = None) -> str | None:
        """Returns the fault of the keys, with the way out; None if everybody can be read.

        `people` is everybody as they were read before; without it the file is checked as a whole and read now.
        """
        try:
            if self._keys is not None:
                self._keys.load()
        except KeyFileError as error:
            return str(error)
        if people is None:
            with session.reading(*self._file) as now:
                database.check(now.db)
            people = self.people()
        unreadable = [person.name for person in people if person.unreadable]
        if not unreadable:
            return None
        where = f"not in {self._keys.path}" if self._keys else "not given"
        return (
            f"the key that {len(unreadable)} people's templates were encrypted with is {where}: restore it from a "
            "backup; if it is lost, `edgegate people rotate-key --lost`, and they must come again: "
            f"{', '.join(unreadable[:10])}{' …' * (len(unreadable) > 10)}"
        )

    def find(self, name: str, *, pictures: bool = False) -> Person:
        """Returns the person of that name; raises GalleryError with the names there are if there is none."""
        with session.reading(*self._file) as now:
            for person in snapshot.read_person(now.db, now.keys, name, pictures=pictures):
                return person
        known = ", ".join(person.name for person in self.bare()[:10]) or "nobody"
        raise GalleryError(f"{name}: not enrolled; enrolled: {known}")

    def names(self) -> dict[str, str]:
        """Returns everybody's name by opaque id, as of now."""
        if not self.path.exists():
            return {}
        with database.opened(self.path, self._patience) as db:
            if database.schema_of(self.path, db) == 0:
                return {}
            return dict(db.execute("SELECT id, name FROM person").fetchall())

    def add(
        self,
        name: str,
        photos: Sequence[Photo],
        enrolled: str,
        record: Record = _unrecorded,
        details: Details = NO_DETAILS,
        apart: Mapping[str, float] | None = None,
    ) -> Person:
        """Enrols somebody, or adds photos to somebody enrolled: all of them or none.

        `record` is called with the person's id before anything is committed; if it raises, nothing is.
        """
        self._add([Enrollee(name, photos, details, apart)], enrolled, lambda people: record(people[0]))
        return self.find(name)

    def add_all(
        self, entries: Sequence[Enrollee], enrolled: str, record: Callable[[Sequence[str]], object] = lambda _: None
    ) -> None:
        """Enrols several new people, all of them or none; `record` is called with all their ids."""
        self._add(entries, enrolled, record, new=True)

    def _add(
        self,
        entries: Sequence[Enrollee],
        enrolled: str,
        record: Callable[[Sequence[str]], object],
        *,
        new: bool = False,
    ) -> None:
        enrolling.check(entries)
        with session.writing(*self._file) as now:
            record(enrolling.enrol(now, entries, enrolled, new=new))

    def migrate(self) -> bool:
        """Migrates and encrypts a gallery of the first schema now, not at the next writing; True if it was one."""
        if not self.path.exists():
            return False
        with database.opened(self.path, self._patience) as db:
            old = database.schema_of(self.path, db) == 1
        if old:
            with session.without_key(*self._file):
                pass
        return old

    def change(self, name: str, details: Details, record: Record = _unrecorded) -> Person:
        """Changes the details of somebody enrolled, not their photos."""
        person = self.find(name)
        with session.without_key(*self._file) as now:
            rows.set_details(now.db, person.id, details)
            record(person.id)
        return self.find(name)

    def renew(self, name: str, photos: Sequence[Photo], embedder: str, record: Record = _unrecorded) -> None:
        """Replaces photos that other embedders made, and whose pictures were kept, by photos that `embedder` made.

        `record` is called as in `add`. Photos without a picture stay: they are all there is of that occasion.
        """
        person = self.find(name)
        with session.writing(*self._file) as now:
            if now.db.execute("SELECT 1 FROM person WHERE id = ?", (person.id,)).fetchone() is None:
                raise GalleryError(f"{name}: forgotten meanwhile; try again for the others")
            rows.drop_pictured(now.db, person.id, embedder)
            rows.insert_photos(now.db, now.key, person.id, photos)
            record(person.id)

    def forget(self, name: str, record: Record = _unrecorded) -> Erased:
        """Erases somebody, and the backups they may be in, for good; raises GalleryError if a trace remains.

        `record` is called as in `add`. No key is needed. Others can read until the changes are committed, and write
        but for that transaction: a few hundredths of a second, or as long as `record` waits for a journal that is
        locked. What was erased is zeroed where it lay (`secure_delete`), so that the file need not be rewritten.
        """
        person = self.find(name, pictures=True)
        removed = erasure.remove_files(self.path, person)  # while the name still leads here, if this is cut short
        with session.without_key(*self._file) as now:
            now.db.execute("PRAGMA cache_spill = OFF")  # which would keep readers out before the commit
            stored = erasure.stored_blobs(now.db, person.id)
            now.db.execute("DELETE FROM person WHERE id = ?", (person.id,))
            now.db.execute("REINDEX")  # a cell that an index once moved leaves a copy between others, which none zeroes
            record(person.id)
        with database.opened(self.path, self._patience) as db:
            searched = erasure.search(self.path, db, person, erasure.traces(person, stored))
        return Erased(person, len(person.photos) + person.unreadable, tuple(removed), tuple(searched))

    def give_back(self, pages: int) -> bool:
        """Gives up to `pages` free pages back to the file system; True if there are more to give back."""
        if not self.path.exists():
            return False
        with database.opened(self.path, self._patience) as db:
            return database.give_back(db, pages)

    def rotate(self, new: Key) -> int:
        """Re-encrypts everything readable with `new`, from now on the key in use. Returns the number of photos.

        Until this returns the former key is in use. The backup of an older gallery, written with it, is removed. The
        whole file is rewritten meanwhile, and kept from others: this is done rarely, by somebody who is there.
        """
        if self._keys is None:
            raise UsageError(f"{self.path}: not encrypted, so there is no key to replace")
        keys = self._keys.load()
        with session.without_key(*self._file) as now:
            count = rows.reencrypt(now.db, keys, new)
            rows.write_with(now.db, new)
        erasure.remove_backups(self.path)
        with database.opened(self.path, self._patience) as db:
            database.let_shrink(db)
            db.execute("VACUUM")
        return count
