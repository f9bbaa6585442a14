from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgegate.errors import UsageError
from edgegate.loop.turn import Turn
from edgegate.pages.overlay import GREEN, GREY, RED, Caption, opinion
from edgegate.report.annotate import CAPTION_SECONDS, Annotator
from edgegate.report.video import CODECS, video_file
from edgegate.types import Box, Image, Prediction
from tests.support.containers import container_and_codec
from tests.support.turns import BOX, FPS, START, denied, granted, image, sighting, turn

SIZE = (320, 240)


def annotate(path: Path, turns: list[Turn], name: str | None = "Ada") -> list[Image]:
    with Annotator(path, lambda _: name, SIZE, FPS, START) as annotator:
        for one in turns:
            annotator.add(one)
    return frames_of(path)


def frames_of(path: Path) -> list[Image]:
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(np.asarray(read[1], np.uint8))
    capture.release()
    return frames


def shows(frame: Image, colour: tuple[int, int, int]) -> bool:
    """True if a fair number of pixels have this colour, more or less: videos are lossy."""
    near = np.abs(frame.astype(int) - np.array(colour)).max(axis=2) < 32
    return int(near.sum()) > 100


PLAYED_BY_BROWSERS = {".webm": ("webm", "V_VP8"), ".mp4": ("mp4", "vp09")}


@pytest.mark.parametrize("suffix", sorted(CODECS))
def test_every_container_is_one_that_browsers_play_and_holds_all_frames(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    frames = annotate(path, [turn(seq) for seq in range(12)])

    assert container_and_codec(path) == PLAYED_BY_BROWSERS[suffix]
    assert len(frames) == 12
    assert frames[0].shape == (240, 320, 3)
    assert [(file.name, stat.S_IMODE(file.stat().st_mode)) for file in tmp_path.iterdir()] == [(path.name, 0o600)]


def test_boxes_are_grey_until_decided_green_when_recognised_and_red_when_refused(tmp_path: Path) -> None:
    undecided, recognised = sighting(0.8), sighting(0.98, track=2)
    turns = [
        turn(0, [undecided]),
        turn(1, [recognised]),
        turn(2, [undecided], [denied()]),
        turn(3 + round(CAPTION_SECONDS * FPS), [sighting(None)]),
    ]
    grey, green, red, later = annotate(tmp_path / "out.webm", turns)

    assert shows(grey, GREY)
    assert not shows(grey, RED)
    assert shows(green, GREEN)
    assert shows(red, RED)
    assert shows(later, RED), "a refused face stays refused, however poorly it is seen"


def test_the_lock_can_be_seen(tmp_path: Path) -> None:
    locked, opened = annotate(tmp_path / "out.webm", [turn(0), turn(1, locked=False)])

    assert not shows(locked, GREEN)
    assert shows(opened, GREEN)


def test_a_decision_is_written_across_the_picture_for_a_while(tmp_path: Path) -> None:
    last = round(CAPTION_SECONDS * FPS)
    turns = [turn(0, [], [granted()]), *(turn(seq) for seq in range(1, last + 2))]
    frames = annotate(tmp_path / "out.webm", turns)

    assert shows(frames[last - 1], GREEN)
    assert not shows(frames[last + 1], GREEN)


@pytest.mark.parametrize("name", ["Zoë Ångström", "王小明", "<b>&", None])
def test_any_name_can_be_drawn(tmp_path: Path, name: str | None) -> None:
    edge = Box(-40, -30, 60, 50)
    events = [granted(name)]

    assert len(annotate(tmp_path / "out.webm", [turn(0, [sighting(0.99, box=edge)], events)], name)) == 1


def test_the_turns_own_picture_is_left_alone(tmp_path: Path) -> None:
    one = turn(0, [sighting(0.98, box=BOX)])
    annotate(tmp_path / "out.webm", [one])

    assert np.array_equal(one.frame.image, image())


def test_nothing_is_left_when_the_block_fails(tmp_path: Path) -> None:
    def fail_halfway() -> None:
        with Annotator(tmp_path / "out.webm", lambda _: None, SIZE, FPS) as annotator:
            annotator.add(turn(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_halfway()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["out.gif", "out", "out.mov", "out.avi", "out.mkv"])
def test_other_formats_are_a_wrong_call(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"name it \*\.webm or \*\.mp4"), video_file(tmp_path / name, SIZE, FPS):
        pass


def test_a_video_goes_into_no_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out.webm")
    with pytest.raises(UsageError, match="only a regular file"), video_file(tmp_path / "out.webm", SIZE, FPS):
        pass


def test_a_missing_folder_is_a_wrong_call(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "out.mp4"
    with pytest.raises(UsageError, match="cannot be written"), video_file(path, SIZE, FPS):
        pass


FULL_DISK = """
import sys, numpy as np
from dataclasses import replace
from pathlib import Path
from edgegate.errors import EdgegateError
from edgegate.report.video import video_file
noise = np.random.default_rng(0)
try:
    with video_file(Path(sys.argv[1]), (320, 240), 10) as write:
        for _ in range(60):
            write(noise.integers(0, 256, (240, 320, 3), dtype=np.uint8))
except EdgegateError as error:
    print(error)
"""


@pytest.mark.parametrize("suffix", sorted(CODECS))
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    path = tmp_path / f"out{suffix}"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path], capture_output=True, text=True, check=True, preexec_fn=limit
    )
    assert "is the disk full?" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("prediction", "score", "decided", "text", "colour"),
    [
        (Prediction("Ada", 0.87), 0.98, None, "Ada 0.87  0.980 >= 0.950", GREEN),
        (Prediction("Ada", 0.87), 0.5, None, "Ada? 0.87  0.500 < 0.950", GREY),
        (Prediction("Ada", 0.87), 0.5, Caption("unknown", RED), "Ada? 0.87  0.500 < 0.950", RED),
        (Prediction(None, 0.41), None, None, "unknown 0.41", GREY),
        (Prediction(None, 0.41), None, Caption("unknown", RED), "unknown 0.41", RED),
        (Prediction(None, 0.41), None, Caption("Ada", GREEN), "Ada", GREEN),
        (None, 0.5, Caption("unknown", RED), "unknown  0.500 < 0.950", RED),
    ],
)
def test_what_a_network_claims_is_written_with_how_sure_it_is(
    prediction: Prediction | None, score: float | None, decided: Caption | None, text: str, colour: tuple[int, int, int]
) -> None:
    assert opinion(replace(sighting(score), prediction=prediction), lambda _: "Ada", decided) == Caption(text, colour)
