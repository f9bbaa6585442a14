"""Golden replays: scenes that the repository makes itself, and what the door decides about them.

The golden files hold what `replay --expect` compares. After a wanted change write them again, with `python -m
tests.service.test_replays`, and read the diff.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.door_scenes import ENROLLED, REARM_SECONDS, SCENES, write_scene
from tests.support.paths import REPLAYS
from tests.support.program import Program

REARM = f"access.rearm_seconds={REARM_SECONDS}"


@pytest.mark.parametrize("name", SCENES)
def test_a_replay_decides_as_it_did(name: str, door: Program, scene: Callable[[str], Path]) -> None:
    result = door("replay", scene(name), "--set", REARM, "--expect", REPLAYS / f"{name}.jsonl")
    assert (result.status, result.err) == (0, "")


def test_every_golden_file_has_its_scene() -> None:
    assert {path.stem for path in REPLAYS.glob("*.jsonl")} == set(SCENES)


def write_golden_files() -> None:
    edgegate = [sys.executable, "-m", "edgegate"]
    with tempfile.TemporaryDirectory() as data:
        subprocess.run([*edgegate, "enroll", ENROLLED.person, ENROLLED.file, "--data", data], check=True)
        for name, script in SCENES.items():
            video = write_scene(Path(data, f"{name}.avi"), script)
            replay = [*edgegate, "replay", str(video), "--set", REARM, "--data", data]
            lines = subprocess.run(replay, check=True, text=True, capture_output=True).stdout.splitlines()
            (REPLAYS / f"{name}.jsonl").write_text("".join(f"{_compared(line)}\n" for line in lines), encoding="utf-8")


def _compared(line: str) -> str:
    event = json.loads(line)
    data = {key: event["data"][key] for key in ("reason", "person") if key in event["data"]}
    return json.dumps({"type": event["type"], "time": event["time"], "data": data})


if __name__ == "__main__":
    write_golden_files()
