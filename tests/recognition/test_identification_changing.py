"""Identification in a gallery that changes, what rate is supported, and templates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgegate.access.observation import ALWAYS, Validity
from edgegate.errors import GalleryError
from edgegate.gallery import Gallery, Photo
from edgegate.types import Embedding
from tests.support.fakes import FakePeople, looks, person, photo
from tests.support.identifying import ANN, BEN, identifier

# Validity.


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, ALWAYS),
        ("2026-01-01T00:00:00Z", None, Validity(since=1767225600.0)),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", Validity(0.0, 0.0)),
        ("2026-01-01T01:00:00+01:00", "2026-01-01T00:00:01.500Z", Validity(1767225600.0, 1767225601.5)),
    ],
)
def test_a_match_says_when_the_person_may_enter(since: str | None, until: str | None, expected: Validity) -> None:
    known = identifier([replace(ANN, valid_from=since, valid_until=until), BEN])
    pooled, own = known.match(looks(0), 5), known.match_own(looks(0))
    assert pooled is not None
    assert own is not None
    assert pooled.validity == own.validity == expected


# A gallery that changes.


def test_the_gallery_is_read_again_only_when_it_changed() -> None:
    gallery = FakePeople((ANN,))
    known = identifier(gallery)
    assert not known.refresh()
    assert gallery.times_read == 1
    gallery.everybody, gallery.revision = (ANN, BEN), 1
    assert known.refresh()
    assert [p.name for p in known.people] == ["ann", "ben"]
    gallery.everybody, gallery.revision = (), 2
    assert known.refresh()
    assert known.match(looks(0), 5) is None


def test_the_threshold_rises_when_somebody_is_enrolled() -> None:
    gallery = FakePeople((ANN,))
    known = identifier(gallery)
    before = known.threshold(ANN).value
    gallery.everybody, gallery.revision = (ANN, BEN), 1
    known.refresh()
    assert known.threshold(ANN).value > before


def test_what_another_process_enrols_and_forgets_is_noticed(tmp_path: Path) -> None:
    here, elsewhere = Gallery(tmp_path / "gallery.db"), Gallery(tmp_path / "gallery.db")
    known = identifier(here)
    ann = elsewhere.add("ann", [photo(looks(0))], "2026-01-01T00:00:00Z")
    assert known.refresh()
    match = known.match(looks(0), 5)
    assert match is not None
    assert match.person == ann.id
    elsewhere.forget("ann")
    assert known.refresh()
    assert known.match(looks(0), 5) is None


def test_a_gallery_that_cannot_be_read_leaves_what_was_known(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path / "gallery.db")
    gallery.add("ann", [photo(looks(0))], "2026-01-01T00:00:00Z")
    known = identifier(gallery)
    gallery.path.write_bytes(b"not a database, and long enough to be one" * 100)
    for _ in range(2):
        with pytest.raises(GalleryError):
            known.refresh()
    assert known.match(looks(0), 5) is not None


# What is promised.


def test_a_promise_that_is_carried_says_what_is_asked_of_a_score() -> None:
    door_rate = identifier([ANN, BEN]).door_rate()
    assert door_rate.as_dict() == {
        "people": 2,
        "false_accept_rate": 1e-3,
        "threshold": pytest.approx(0.921),
        "carried": True,
        "shown_rate": pytest.approx(2e-4),
        "templates": 2,
        "site": 0.0,
    }
    assert door_rate.in_words() == "2 enrolled; threshold 0.9210 for a false-accept rate of 0.001 a visit"


def test_a_promise_that_too_many_people_break_says_what_is_shown_instead() -> None:
    crowd = [person(f"p{i}", photo(looks(i / 10))) for i in range(1000)]
    door_rate = identifier(crowd).door_rate()
    assert not door_rate.carried
    assert door_rate.shown_rate == pytest.approx(1e-2)
    assert "do not carry: they show 0.01 for this door" in door_rate.in_words()


def test_the_promise_of_an_empty_gallery_is_that_of_its_first_person() -> None:
    door_rate = identifier([]).door_rate()
    assert door_rate.people == 0
    assert door_rate.threshold == pytest.approx(0.901)
    assert door_rate.in_words().startswith("nobody is enrolled; ")


# Templates.


def test_a_template_is_the_mean_of_the_best_photos_by_quality() -> None:
    poor, good = [photo(looks(90), quality=0.1)] * 3, [photo(looks(0), quality=0.9)] * 5
    assert person("ann", *poor, *good).template() == pytest.approx(looks(0))
    assert person("ann", photo(looks(0), 0.5), photo(looks(40), 0.5)).template() == pytest.approx(looks(20))


def angle_between(one: Embedding, other: Embedding) -> float:
    return float(np.degrees(np.arccos(np.clip(one @ other, -1, 1))))


def test_a_better_photo_counts_more() -> None:
    photos: list[Photo] = [photo(looks(0), quality=0.9), photo(looks(40), quality=0.3)]
    template = person("ann", *photos).template()
    assert angle_between(template, looks(0)) < angle_between(template, looks(40)) / 2
    assert float(np.linalg.norm(template)) == pytest.approx(1.0)
