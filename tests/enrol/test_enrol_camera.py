"""Guided enrolment before a camera: recorded sessions through the real models, and the command as it speaks."""

from __future__ import annotations

import os
import pty
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from edgegate.camera import Recording
from edgegate.enrol import Enroller, PhotoVerdict, Prompt, Sameness, take_photos
from edgegate.enrol.guidance import GuidanceRules, Guide, Say
from edgegate.recognition.thresholds import Table
from edgegate.vision.analyzer import Analyzer, build_analyzer
from tests.support.poses import OTHER, POSES, SITTER, STRAIGHT, Standing, write_session
from tests.support.program import Program

Script = Sequence[tuple[Sequence[Standing], float]]

NOBODY: Sequence[Standing] = ()
COMPANY: Sequence[Standing] = (STRAIGHT, (OTHER, 0.0, 520.0, 100.0))
SOMEBODY_ELSE: Sequence[Standing] = ((OTHER, 0.0, 310.0, 120.0),)
OBEDIENT: Script = [(standing, 0.7) for standing in POSES]


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return build_analyzer()


def session(
    video: Path, analyzer: Analyzer, rules: GuidanceRules | None = None
) -> tuple[list[PhotoVerdict], list[Prompt]]:
    told: list[Prompt] = []
    recording = Recording(video)
    try:
        same = Sameness(Table(analyzer.pack.thresholds)).of_one_camera
        return take_photos(recording, Enroller(analyzer, "Grace"), Guide(same, rules), told.append), told
    finally:
        recording.close()


def test_a_session_asks_for_one_pose_after_the_other(analyzer: Analyzer, tmp_path: Path) -> None:
    script = [(NOBODY, 0.5), *OBEDIENT]
    photos, told = session(write_session(tmp_path / "session.avi", script), analyzer)
    assert [verdict.source for verdict in photos] == [
        "camera, straight", "camera, left", "camera, closer", "camera, right", "camera, back",
    ]  # fmt: skip
    said = [one.say for one in told]
    assert said[0] is Say.COME
    assert [say for say in said if say not in {Say.HOLD_STILL, Say.LOOK_STRAIGHT}] == [
        Say.COME, Say.TURN_LEFT, Say.COME_CLOSER, Say.TURN_RIGHT, Say.STEP_BACK, Say.DONE,
    ]  # fmt: skip
    assert told[-1].taken == 5
    assert all(earlier.at <= later.at for earlier, later in pairwise(told))


def test_it_waits_while_somebody_else_is_in_view_too(analyzer: Analyzer, tmp_path: Path) -> None:
    photos, told = session(write_session(tmp_path / "company.avi", [(COMPANY, 1.0), ([STRAIGHT], 0.7)]), analyzer)
    assert told[0].say is Say.ONE_AT_A_TIME
    assert len(photos) == 1
    assert told[-1].say is Say.TURN_LEFT


def test_who_takes_the_place_of_the_first_gets_no_photo(analyzer: Analyzer, tmp_path: Path) -> None:
    photos, told = session(write_session(tmp_path / "swap.avi", [([STRAIGHT], 0.7), (SOMEBODY_ELSE, 1.0)]), analyzer)
    assert len(photos) == 1
    assert {one.say for one in told} <= {Say.HOLD_STILL, Say.TURN_LEFT, Say.SAME_PERSON}
    assert told[-1].say is Say.SAME_PERSON


def test_the_time_is_the_cameras(analyzer: Analyzer, tmp_path: Path) -> None:
    video = write_session(tmp_path / "long.avi", [([STRAIGHT], 2.0)])
    _, told = session(video, analyzer, GuidanceRules(seconds=1.0))
    assert told[-1].say is Say.TIME_IS_UP
    assert told[-1].at == pytest.approx(1.1, abs=0.01)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session(tmp_path_factory.mktemp("camera") / "camera.avi", OBEDIENT)


def test_the_command_tells_lines_in_a_pipe(edgegate: Program, recorded: Path) -> None:
    result = edgegate("enroll", "Grace", "--camera", "--photos", "3", "--set", f"camera.source={recorded}")
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    assert any(line.endswith("[1 of 3] turn your head a bit to your left") for line in lines)
    assert lines[-1] == "Grace: enrolled with 3 photos"
    (person,) = edgegate.gallery.people()
    assert [photo.source for photo in person.photos] == ["camera, straight", "camera, left", "camera, closer"]


def test_the_command_tells_json_lines_and_the_result_last(edgegate: Program, recorded: Path) -> None:
    source = f"camera.source={recorded}"
    *told, result = edgegate("enroll", "Grace", "--camera", "--photos", "4", "--json", "--set", source).events
    assert {event["event"] for event in told} == {"instruction"}
    assert {"say": "turn_left", "taken": 1, "wanted": 4}.items() <= next(
        event for event in told if event["say"] == "turn_left"
    ).items()
    assert (result["event"], result["kept"], result["photos"][0]["photo"]) == ("result", 4, "camera, straight")


def test_on_a_terminal_one_line_changes(edgegate: Program, recorded: Path, tmp_path: Path) -> None:
    reader, terminal = pty.openpty()
    call = ["enroll", "Grace", "--camera", "--photos", "3", "--set", f"camera.source={recorded}"]
    assert edgegate.run(*call, stdout=terminal).status == 0
    os.close(terminal)
    shown = b""
    while chunk := _rest(reader):
        shown += chunk
    os.close(reader)
    session_line, *conclusion = shown.decode().replace("\r\n", "\n").rstrip("\n").split("\n")
    assert session_line.count("\r\x1b[K") >= 4
    assert conclusion[-1] == "Grace: enrolled with 3 photos"


def _rest(reader: int) -> bytes:
    try:
        return os.read(reader, 65536)
    except OSError:  # Linux says EIO once the other end is closed
        return b""


def test_a_camera_that_sees_nobody_enrols_nobody(edgegate: Program, tmp_path: Path) -> None:
    video = write_session(tmp_path / "empty.avi", [(NOBODY, 0.5)])
    result = edgegate("enroll", "Grace", "--camera", "--set", f"camera.source={video}")
    assert (result.status, result.out.splitlines()[-1]) == (1, "Grace: not enrolled, no photo was taken")
    assert not edgegate.data.exists()


def test_somebody_enrolled_is_guided_in_vain_under_another_name(
    edgegate: Program, recorded: Path, tmp_path: Path
) -> None:
    assert edgegate("enroll", "Grace", SITTER.file).status == 0
    result = edgegate("enroll", "Mary", "--camera", "--photos", "3", "--set", f"camera.source={recorded}")
    assert result.status == 1
    assert "camera, left: refused: duplicate_of: the face is enrolled as Grace" in result.out
