from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgegate.errors import UsageError
from edgegate.loop.turn import Turn
from edgegate.report import Report
from edgegate.report.picture import snapshot
from edgegate.report.record import MAX_PICTURES, Record
from tests.support.turns import BOX, FPS, START, denied, event, granted, image, sighting, turn

EMPTY_TAGS = {"meta", "img", "br", "circle", "path", "rect", "line", "polyline"}


class Page(HTMLParser):
    """Reads a page strictly: every tag that opens must close, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY_TAGS:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def report(folder: Path, turns: list[Turn], title: str = "door.mp4") -> Page:
    writer = Report(title, site="home", door="front", start=START)
    for one in turns:
        writer.add(one)
    writer.write(folder / "report.html")
    assert [path.name for path in folder.iterdir()] == ["report.html"]
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def visits() -> list[Turn]:
    """Ada is let in from second 1 to 4, somebody unknown is refused in second 8."""
    turns = []
    for seq in range(100):
        known, unknown = 5 <= seq < 50, 60 <= seq < 90
        sightings = [sighting(0.98)] if known else [sighting(0.8, track=2)] if unknown else []
        events = {10: [granted(), event("lock.unlocked", 2)], 40: [event("lock.locked", 3)]}.get(seq, [])
        events = [denied(track=2, number=4)] if seq == 80 else events
        turns.append(turn(seq, sightings, events, locked=not 10 <= seq < 40))
    return turns


def test_a_guard_reads_what_was_decided(tmp_path: Path) -> None:
    page = report(tmp_path, visits())

    for words in (
        "1 granted, 1 refused",
        "site home, door front",
        "door.mp4",
        "1 January 2026, 00:00:00 to 00:00:09",
        "Ada",
        "Unknown person",
        "it matches nobody who is enrolled",
        "no liveness check yet",
        "0.980 ≥ 0.950",
        "0.800 < 0.950",
        "The lock opened",
        "front/replay/4",
    ):
        assert words in page.words, words


def test_every_decision_has_its_picture_and_its_mark_on_the_timeline(tmp_path: Path) -> None:
    page = report(tmp_path, visits())

    pictures = page.all("img")
    assert len(pictures) == 2
    for picture in pictures:
        kind, _, data = str(picture["src"]).partition(",")
        assert kind == "data:image/jpeg;base64"
        assert cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR) is not None
        assert picture["alt"]
    marks = [mark["href"] for mark in page.all("a")]
    cards = [f"#{card['id']}" for card in page.all("article")]
    assert marks == cards == ["#decision-1", "#decision-2"]


def test_the_page_needs_nothing_from_outside_and_runs_nothing(tmp_path: Path) -> None:
    page = report(tmp_path, visits())

    assert not re.search(r"https?://|@import|url\(", page.text)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert all(not name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "prefers-color-scheme: dark" in page.text


def test_what_comes_from_outside_is_escaped(tmp_path: Path) -> None:
    nasty = "<script>alert('x')</script>"
    page = report(tmp_path, [turn(0, [sighting(0.98)], [granted(nasty)])], title=f"{nasty}.mp4")

    assert not page.all("script")
    assert page.words.count(nasty) >= 3


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (denied(score=None), "nobody is enrolled"),
        (denied("stale", score=0.99), "too old"),
        (denied("not_permitted_now"), "not permitted now"),
        (granted(None), "Somebody no longer enrolled"),
    ],
)
def test_reasons_are_told_in_words(tmp_path: Path, decision: dict[str, object], words: str) -> None:
    page = report(tmp_path, [turn(0, [sighting(0.9)], [decision])])

    assert words in page.words


def test_nobody_came(tmp_path: Path) -> None:
    page = report(tmp_path, [turn(seq) for seq in range(30)])

    assert "Nobody was granted or refused" in page.words
    assert "No face was seen." in page.words


def test_somebody_passed_by(tmp_path: Path) -> None:
    page = report(tmp_path, [turn(seq, [sighting(None)]) for seq in range(30)])

    assert "1 face was seen, but not long or clearly enough to decide." in page.words


def test_an_hour_of_faces_stays_a_small_page(tmp_path: Path) -> None:
    hour = [turn(seq, [sighting(0.9 + 0.05 * (seq % 2))]) for seq in range(3600 * FPS)]
    page = report(tmp_path, hour)

    assert len(page.text) < 150_000
    assert "1 h 0 min" in page.words


def test_pictures_are_kept_of_so_many_decisions_only() -> None:
    record = Record()
    for number in range(MAX_PICTURES + 2):
        record.add(turn(number, [sighting(0.8)], [denied(number=number)]))

    assert sum(decision.picture is not None for decision in record.decisions) == MAX_PICTURES
    assert len(record.decisions) == MAX_PICTURES + 2


def test_a_lock_that_is_open_at_the_end_counts_as_open_until_then() -> None:
    record = Record()
    for seq in range(21):
        record.add(turn(seq, locked=seq < 10))

    assert record.open_times() == [(1.0, 2.0)]


@pytest.mark.parametrize("box", [BOX.rounded(), (-30, -20, 20, 40), (300, 200, 400, 300), (5, 5, 6, 6)])
def test_a_snapshot_is_square_wherever_the_face_is(box: tuple[int, int, int, int]) -> None:
    picture = cv2.imdecode(np.frombuffer(snapshot(image(), box), np.uint8), cv2.IMREAD_COLOR)

    assert picture is not None
    assert picture.shape == (360, 360, 3)


def test_a_missing_folder_is_a_wrong_call(tmp_path: Path) -> None:
    writer = Report("door.mp4", site="home", door="front", start=START)
    with pytest.raises(UsageError, match="cannot be written"):
        writer.write(tmp_path / "nowhere" / "report.html")
