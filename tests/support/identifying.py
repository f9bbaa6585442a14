"""An identifier over a gallery in memory."""

from __future__ import annotations

from collections.abc import Sequence

from edgegate.gallery import Person
from edgegate.recognition.identification import Identifier, People
from edgegate.recognition.thresholds import Table
from tests.support.fakes import EMBEDDER, FakePeople, looks, person, photo

ROWS = [
    {"data": "lfw", "photos": photos, "frames": frames, "rate": rate, "threshold": base + photos / 1000, "trials": 9}
    for photos in (1, 5)
    for frames, bases in ((1, {0.05: 0.8, 1e-3: 0.85}), (5, {1e-3: 0.9, 1e-4: 0.92, 1e-5: 0.94}))
    for rate, base in bases.items()
]


ANN, BEN = person("ann", photo(looks(0))), person("ben", photo(looks(90)))


def identifier(gallery: People | Sequence[Person]) -> Identifier:
    people = FakePeople(tuple(gallery)) if isinstance(gallery, Sequence) else gallery
    return Identifier(people, Table(ROWS), EMBEDDER, false_accept_rate=1e-3, decide_after_frames=5)
