"""`edgegate replay`: the same events every time, and files only when complete."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import pytest

from edgegate.gallery import Details, Gallery
from tests.support.devices import device
from tests.support.door_scenes import ENROLLED, SCENES, cut_off, frames, stills, write_scene
from tests.support.program import Program
from tests.support.small_disk import SmallDisk

Scene = Callable[[str], Path]

GRANTED = ["access.granted recognised", "lock.unlocked", "lock.locked"]


@contextmanager
def busy(core: int) -> Iterator[None]:
    """A process on this core that never waits."""
    burn = f"import os; os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", burn]) as process:
        try:
            yield
        finally:
            process.kill()


def test_the_same_recording_gives_the_same_bytes_on_a_busy_machine(door: Program, scene: Scene) -> None:
    video = scene("enrolled-then-stranger")
    at_leisure = door.run("replay", video)
    core = min(os.sched_getaffinity(0))
    with busy(core):
        in_a_crowd = door.run("replay", video, preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    assert at_leisure.told == [*GRANTED, "access.denied unknown"]
    assert in_a_crowd == at_leisure


def test_the_start_is_a_time_of_the_doors_zone_and_printed_back(door: Program, scene: Scene) -> None:
    zone = ("--set", "access.time_zone=Europe/Berlin")
    result = door("replay", scene("enrolled"), "--start-time", "2026-03-01 08:00", *zone)
    assert result.events[0]["time"] == "2026-03-01T07:00:00.900Z"
    assert result.err == "the recording begins at 2026-03-01 08:00 CET (Europe/Berlin)\n"


def test_events_have_the_fields_of_the_contract(door: Program, scene: Scene) -> None:
    granted, unlocked, locked = door("replay", scene("enrolled"), "--start-time", "2026-03-01T08:00:00+01:00").events
    assert {name: granted[name] for name in ("specversion", "id", "source", "type", "time")} == {
        "specversion": "1.0",
        "id": "front/replay/1",
        "source": "/edgegate/home/front",
        "type": "io.edgegate.access.granted",
        "time": "2026-03-01T07:00:00.900Z",
    }
    decision = granted["data"]
    assert decision["person"] == ENROLLED.person
    assert (decision["frame_at"], decision["frame_age_ms"], decision["latency_ms"]) == (granted["time"], 0, 0)
    assert decision["score"] >= decision["threshold"]
    assert {"reason", "track", "model"} <= decision.keys()
    assert (unlocked["time"], locked["time"]) == (granted["time"], "2026-03-01T07:00:03.900Z")


SUMMED_UP = re.compile(
    rf"""0:00\.4  access\.granted    {ENROLLED.person}  recognised  score 0\.\d{{3}}, needs 0\.\d{{3}}
0:00\.4  lock\.unlocked
0:03\.4  lock\.locked
0:03\.9  access\.denied     unknown  score 0\.\d{{3}}, needs 0\.\d{{3}}
4\.4 s, 2 visits, 1 granted, 1 refused
"""
)


def test_a_terminal_gets_a_line_an_event_and_what_came_of_it(door: Program, scene: Scene) -> None:
    result = door.on_terminal("replay", scene("enrolled-then-stranger"), "--start-time", "2026-03-01T08:00:00+01:00")
    assert result.status == 0
    assert result.err.startswith("the recording begins at 2026-0")
    assert SUMMED_UP.fullmatch(result.out), result.out


def test_a_recording_of_nobody_and_a_photo_are_summed_up_on_a_terminal(
    door: Program, scene: Scene, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "photo.jpg"), stills()["enrolled"])
    assert door.on_terminal("replay", scene("empty")).out == "2.4 s: nobody was seen\n"
    photo = door.on_terminal("replay", tmp_path / "photo.jpg").out
    assert photo.startswith("one picture, 1 visit, 1 not decided (")
    assert door.run("replay", scene("empty")).out == door.run("replay", tmp_path / "photo.jpg").out == ""


def test_programs_get_the_same_lines_of_json_however_they_ask(door: Program, scene: Scene, tmp_path: Path) -> None:
    video, file = scene("enrolled"), tmp_path / "events.jsonl"
    piped = door.run("replay", video)
    assert piped.told == GRANTED
    assert door.run("replay", video, "--json") == piped
    assert door.on_terminal("replay", video, "--json") == piped
    assert door.on_terminal("replay", video, "--events", file).out == "2.2 s, 1 visit, 1 granted\n"
    assert file.read_text(encoding="utf-8") == piped.out
    assert door.run("replay", video, "--events", "/dev/fd/1") == piped


def test_the_door_of_the_config_is_replayed(door: Program, scene: Scene) -> None:
    result = door("replay", scene("enrolled"), "--set", "site.door=back", "--set", "door.unlock_seconds=0.5")
    granted, _, locked = result.events
    assert granted["source"] == "/edgegate/home/back"
    assert locked["time"] == "2026-01-01T00:00:01.400Z"


def test_a_replay_leaves_the_doors_own_journal_alone(door: Program, scene: Scene) -> None:
    before = {path.name: path.read_bytes() for path in door.data.iterdir()}
    door("replay", scene("enrolled"))
    assert {path.name: path.read_bytes() for path in door.data.iterdir()} == before


def test_validity_follows_the_replays_own_time_and_may_begin_within_a_visit(door: Program, scene: Scene) -> None:
    gallery = Gallery(door.data / "gallery.db")
    gallery.change(ENROLLED.person, Details(valid_from="2026-03-01T07:00:01.4Z", valid_until="2026-03-02T00:00:00Z"))
    early, granted, *_ = door("replay", scene("enrolled"), "--start-time", "2026-03-01T07:00:00Z").events
    assert (early["data"]["reason"], early["data"]["person"]) == ("not_permitted_now", ENROLLED.person)
    assert (granted["data"]["reason"], granted["time"]) == ("recognised", "2026-03-01T07:00:01.400Z")
    (late,) = door("replay", scene("enrolled"), "--start-time", "2026-03-02T00:00:00Z").events
    assert late["data"]["reason"] == "not_permitted_now"


def test_nobody_enrolled_is_nobody_let_in(edgegate: Program, scene: Scene) -> None:
    assert edgegate("replay", scene("enrolled-then-stranger")).told == ["access.denied unknown"]
    assert not edgegate.data.exists()


def test_in_real_time_it_can_only_grant_less(door: Program, scene: Scene) -> None:
    result = door("replay", scene("enrolled"), "--realtime")
    assert (result.status, result.err) == (0, "")
    assert result.told in ([], GRANTED)


def test_expect_prints_the_differences(door: Program, scene: Scene, tmp_path: Path) -> None:
    golden = tmp_path / "golden.jsonl"
    events = door("replay", scene("enrolled")).events
    assert door("replay", scene("enrolled"), "--events", golden, "--expect", _write(golden, events)).status == 0
    events[0]["data"]["score"] = 0.1  # scores differ by processor
    events[2]["time"] = "2026-01-01T00:00:04.050Z"  # within 0.2 s
    assert door("replay", scene("enrolled"), "--expect", _write(golden, events)).status == 0
    events[0]["data"]["person"] = "Grace"
    events[2]["time"] = "2026-01-01T00:00:04.200Z"
    result = door("replay", scene("enrolled"), "--expect", _write(golden, [*events, events[1]]))
    assert result.status == 1
    assert result.err.splitlines() == [
        "- 2026-01-01T00:00:00.900Z io.edgegate.access.granted recognised Grace",
        f"+ 2026-01-01T00:00:00.900Z io.edgegate.access.granted recognised {ENROLLED.person}",
        "- 2026-01-01T00:00:04.200Z io.edgegate.lock.locked",
        "+ 2026-01-01T00:00:03.900Z io.edgegate.lock.locked",
        "- 2026-01-01T00:00:00.900Z io.edgegate.lock.unlocked",
    ]


def _write(path: Path, events: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return path


@pytest.mark.parametrize("content", [b"{}\n", b"\xff\xfe", b"[1]\n", b'{"type": "x", "time": "now", "data": {}}\n'])
def test_an_invalid_golden_file_is_a_wrong_call(content: bytes, door: Program, scene: Scene, tmp_path: Path) -> None:
    golden = tmp_path / "golden.jsonl"
    golden.write_bytes(content)
    result = door("replay", scene("empty"), "--expect", golden)
    assert str(golden) in result.problem
    assert (result.status, result.out) == (2, "")


def test_output_files_hold_everything(door: Program, scene: Scene, tmp_path: Path) -> None:
    events, video, page = (tmp_path / name for name in ("events.jsonl", "annotated.webm", "report.html"))
    result = door("replay", scene("enrolled"), "--events", events, "--annotate", video, "--report", page)
    assert (result.status, result.out, result.err) == (0, "", "")
    assert events.read_text(encoding="utf-8") == door("replay", scene("enrolled")).out
    assert _count_frames(video) == len(list(frames(SCENES["enrolled"])))
    assert ENROLLED.person in page.read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {"data", "events.jsonl", "annotated.webm", "report.html"}


def _count_frames(video: Path) -> int:
    capture = cv2.VideoCapture(str(video), cv2.CAP_FFMPEG)
    count = 0
    while capture.grab():
        count += 1
    capture.release()
    return count


def test_an_output_that_cannot_be_written_is_an_error_before_any_work(door: Program, tmp_path: Path) -> None:
    video, link, fifo = (tmp_path / name for name in ("video.webm", "link.html", "fifo.webm"))
    video.write_text("no video: to read it would be another mistake")
    link.symlink_to("elsewhere.html")
    os.mkfifo(fifo)
    for option, path in (
        ("--events", tmp_path),
        ("--report", tmp_path / "no" / "report.html"),
        ("--report", link),
        ("--events", video),
        ("--annotate", "x.txt"),
        ("--annotate", "x.avi"),
        ("--annotate", fifo),
    ):
        result = door("replay", video, option, path)
        assert str(path) in result.problem or "no" in result.problem
        assert (result.status, result.out) == (2, "")
    assert video.read_text() == "no video: to read it would be another mistake"


@pytest.mark.parametrize(("suffix", "share"), [(".mkv", 0.6), (".avi", 0.6)])
def test_a_truncated_video_gives_its_events_then_fails(
    suffix: str, share: float, door: Program, tmp_path: Path
) -> None:
    video = cut_off(write_scene(tmp_path / f"video{suffix}", SCENES["enrolled-then-stranger"]), share)
    result = door("replay", video)
    assert result.told == GRANTED
    assert (result.status, result.problem) == (1, f"{video}: it ends early, as if cut off")
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    events, annotated, report = (outputs / name for name in ("e.jsonl", "a.webm", "r.html"))
    result = door("replay", video, "--events", events, "--annotate", annotated, "--report", report)
    assert result.status == 1
    assert list(outputs.iterdir()) == []


def test_a_video_that_cannot_be_read_is_one_line(door: Program, tmp_path: Path) -> None:
    empty, text = tmp_path / "empty.mp4", tmp_path / "text.mkv"
    empty.touch()
    text.write_text("hardly a film\n" * 100)
    headless = cut_off(write_scene(tmp_path / "video.mp4", SCENES["enrolled"]), 0.6)
    for video in (empty, text, headless):
        result = door.run("replay", video)
        assert result.problem.startswith(f"{video}: ")
        assert (result.status, result.out) == (1, "")
    folder = door.run("replay", tmp_path)
    assert folder.problem.startswith(f"{tmp_path}: ")
    assert folder.status == 2


@pytest.mark.parametrize("option", ["--events", "--report"])
def test_a_full_device_is_one_line(option: str, door: Program, scene: Scene, tmp_path: Path) -> None:
    full = device(tmp_path, "full", 7)
    result = door("replay", scene("enrolled"), option, full)
    assert (result.status, result.problem) == (
        1,
        f"{full}: could not be written to its end: No space left on device",
    )
    assert full.is_char_device()


@pytest.mark.parametrize("output", ["--events=e.jsonl", "--annotate=a.webm", "--report=r.html"])
def test_a_full_disk_leaves_no_half_file(output: str, door: Program, scene: Scene, tmp_path: Path) -> None:
    option, name = output.split("=")
    with SmallDisk(tmp_path / "disk") as disk:
        disk.fill()
        result = door.run("replay", scene("enrolled"), option, disk.folder / name, **disk.options)
        assert result.status == 1
        assert result.problem
        assert {path.name for path in disk.folder.iterdir()} <= {"filler"}
