from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import sys
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgegate import journal
from edgegate.cli import main
from edgegate.demo import scene, story
from edgegate.demo.broker import HOST, EmbeddedBroker
from edgegate.demo.portraits import ASTRONAUT, HOPPER, DemoPortrait
from edgegate.demo.stage import DemoFolder
from edgegate.errors import BrokerError, UsageError
from edgegate.vision.packs import load_pack, shipped

EXPECTED = ["person.enrolled", "access.granted", "lock.unlocked", "lock.locked", "access.denied"]


@pytest.fixture(scope="module")
def performance(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoFolder, subprocess.CompletedProcess[str]]:
    """The whole demo, once, as a newcomer runs it."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    command = [sys.executable, "-m", "edgegate", "demo", "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    return DemoFolder(folder), done


def test_the_demo_goes_as_it_must(performance: tuple[DemoFolder, subprocess.CompletedProcess[str]]) -> None:
    stage, done = performance

    assert (done.returncode, done.stderr) == (0, "")
    events = [json.loads(line) for line in stage.events.read_text().splitlines()]
    assert [event["type"].removeprefix("io.edgegate.") for event in events] == EXPECTED
    assert journal.verify(stage.journal).intact
    assert stage.report.stat().st_size > 10_000
    for words in ("Eileen Collins was let in once", "Grace Hopper was refused", "no liveness", str(stage.annotated)):
        assert words in done.stdout


def test_with_the_shipped_tracker_it_goes_as_it_must_too(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edgegate", "demo", "--tracker", "--json", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    granted, *refused = [event["data"] for event in json.loads(done.stdout)["events"] if "reason" in event["data"]]
    assert (granted["person"], granted["model"].split("+")[0]) == (
        ASTRONAUT.person,
        load_pack(shipped("face-tracker"), "tracker").name,
    )
    assert {denied["reason"] for denied in refused} <= {"unknown", "unconfirmed"}


def test_every_frame_of_the_scene_is_annotated(performance: tuple[DemoFolder, object]) -> None:
    stage, _ = performance
    capture = cv2.VideoCapture(str(stage.annotated))
    frames = 0
    while capture.grab():
        frames += 1

    assert frames == scene.FRAMES


def test_the_folder_can_be_used_again(tmp_path: Path) -> None:
    stage = DemoFolder(tmp_path)
    for path in (stage.scene, stage.journal, tmp_path / "journal.db-wal", tmp_path / "mine.txt"):
        path.touch()
    stage.clear()

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_real_doors_folder_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gallery = tmp_path / "gallery.db"
    gallery.write_text("people")

    assert main(["demo", "--out", str(tmp_path)]) == 2
    assert "holds files that no demo made" in capsys.readouterr().err
    assert gallery.read_text() == "people"


@pytest.mark.parametrize(("option", "words"), [("--port=99999", "not a port"), ("--data=x", "--out")])
def test_wrong_calls(option: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = main(["demo", "--out", str(tmp_path / "out"), option])
    except SystemExit as stop:
        status = int(stop.code or 0)

    assert status == 2
    assert words in capsys.readouterr().err


def test_differences_are_told_in_words() -> None:
    denied = {"type": "io.edgegate.access.denied", "data": {"reason": "unknown", "person": None}}
    enrolled = {"type": "io.edgegate.person.enrolled", "data": {"person": "Eileen Collins"}}
    stranger = {"type": "io.edgegate.access.granted", "data": {"reason": "recognised", "person": "Somebody"}}

    assert set(story.differences([enrolled, stranger, denied])) == {
        "missing: access.granted Eileen Collins recognised",
        "missing: lock.unlocked",
        "missing: lock.locked",
        "not expected: access.granted Somebody recognised",
    }


@pytest.mark.parametrize(
    ("reasons", "right"),
    [
        (["unknown"], True),
        (["unconfirmed"], True),
        (["unconfirmed", "unknown"], True),
        ([], False),
        (["stale"], False),
    ],
)
def test_with_a_tracker_the_other_is_unknown_or_unconfirmed(reasons: list[str], right: bool) -> None:
    told: list[tuple[str, str | None, str | None]] = [
        ("person.enrolled", None, ASTRONAUT.person),
        ("access.granted", "recognised", ASTRONAUT.person),
        ("lock.unlocked", None, None),
        ("lock.locked", None, None),
    ]
    told += [("access.denied", reason, None) for reason in reasons]
    events = [{"type": f"io.edgegate.{kind}", "data": {"reason": why, "person": who}} for kind, why, who in told]
    assert (not story.differences(events, tracker=True)) is right
    assert story.refusals(events) == reasons


def test_a_taken_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        with pytest.raises(BrokerError, match="--port"):
            EmbeddedBroker(taken.getsockname()[1])


def test_a_missing_portrait_is_told_with_the_way_out() -> None:
    portrait = DemoPortrait("Nobody", "no_such_package", "face.png", (0, 0), 1, ())
    with pytest.raises(UsageError, match=r"pip install '\.\[demo\]'"):
        _ = portrait.file


def test_portraits_are_found_without_importing_their_packages() -> None:
    code = (
        "import sys; from edgegate.demo.portraits import ASTRONAUT, HOPPER; ASTRONAUT.cut_out(), HOPPER.cut_out();"
        "print({'matplotlib', 'skimage', 'amqtt', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_scene_is_the_same_every_time() -> None:
    def digest() -> str:
        frames = islice(scene.frames(scene.walks()), 60)
        return hashlib.sha256(b"".join(frame.tobytes() for frame in frames)).hexdigest()

    assert digest() == digest()


def test_the_scene_is_empty_before_between_and_after() -> None:
    both = scene.walks()
    seconds = np.arange(0, scene.SECONDS, 0.5)
    there = ["".join(str(i) for i, walk in enumerate(both) if walk.where(at)) for at in seconds]

    assert there[0] == there[-1] == ""
    first, second = (np.array(seconds)[[who == str(i) for who in there]] for i in (0, 1))
    assert second[0] - first[-1] > 5.0, "longer than rearm_seconds"
    assert "01" not in there


def test_whoever_comes_nearer_grows_to_a_fair_size() -> None:
    for walk in scene.walks():
        marks = [mark for at in np.arange(0, scene.SECONDS, 0.1) if (mark := walk.where(float(at)))]
        widths = [mark.width for mark in marks]

        assert widths[0] < 70
        assert max(widths) == pytest.approx(130, abs=2)


def test_people_are_cut_out_with_soft_edges() -> None:
    for portrait in (ASTRONAUT, HOPPER):
        person = portrait.cut_out()
        x, y = map(round, person.face)

        assert person.alpha[y, x] == 1.0
        assert person.alpha[5, 5] == 0.0
        assert np.mean((person.alpha > 0.02) & (person.alpha < 0.98)) > 0.005
