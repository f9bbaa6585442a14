"""Replacing the key of a gallery, so that a crash at any point leaves everything readable.

The order: the new key is durable beside the old one; one transaction re-encrypts everything and names the new key;
the new key takes the place of the old one, which stays as a neighbour. At any step the gallery names the key it was
written with, and a file holds that key. Old keys are erased only by choice, and last: other folders and backups
elsewhere may have been written with them.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgegate.errors import KeyFileError
from edgegate.gallery.gallery import Gallery
from edgegate.gallery.keys import Keys


@dataclass(frozen=True, slots=True)
class Rotation:
    """The new key's id, the number of photos re-encrypted, people left unreadable, and how many keys were erased."""

    key: str
    photos: int
    unreadable: tuple[str, ...]
    erased_keys: int


def rotate(gallery: Gallery, keys: Keys, *, lost: bool = False, erase_retired: bool = False) -> Rotation:
    """Replaces the key; raises KeyFileError where it is lost, unless `lost` says that those people come again."""
    keys.load()  # a key that is refused is not lost
    if (fault := gallery.fault()) is not None and not lost:
        raise KeyFileError(fault)
    new = keys.make_next()
    photos = gallery.rotate(new)
    keys.promote(new)
    erased = keys.erase_retired() if erase_retired else 0
    left = tuple(person.name for person in gallery.people() if person.unreadable)
    return Rotation(new.id, photos, left, erased)
