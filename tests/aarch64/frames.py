"""A recording as this machine's processor sees it, frame by frame: `python -m tests.aarch64.frames DATA VIDEO`.

JSON lines: first the runtime, then a line a frame with box and scores of the nearest face, and the decisions in it.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edgegate import app, config
from edgegate.camera import Recording
from edgegate.clock import VirtualClock
from edgegate.journal import Journal
from edgegate.loop.turn import Turn
from edgegate.service import replay

PARTS = ("ai-edge-litert", "numpy", "opencv-python-headless", "gpiozero", "lgpio", "cryptography", "pydantic")


def main(data: Path, video: Path) -> None:
    print(json.dumps({"machine": platform.machine(), "python": platform.python_version(), "parts": _versions()}))
    settings = config.load(None, [f"service.data_dir={json.dumps(str(data))}", "mqtt.enabled=false"])
    recognition = app.build_recognition(settings)
    clock, recording = VirtualClock(), Recording(video)
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.db", origin=replay.origin(settings), clock=clock, outbox=False)
        for turn in replay.replay(settings, recognition, recording, journal, clock, lambda _: None):
            print(json.dumps(dict(_said(turn))), flush=True)
        journal.close()
    recording.close()


def _said(turn: Turn) -> Iterator[tuple[str, Any]]:
    yield "frame", turn.frame.seq
    yield "events", [[event["type"], event["data"].get("reason"), event["data"].get("person")] for event in turn.events]
    for sighting in turn.sightings[:1]:
        yield "box", [sighting.box.x1, sighting.box.y1, sighting.box.x2, sighting.box.y2]
        for name in ("own", "pooled"):
            candidate = getattr(sighting, name)
            if candidate is not None:
                yield name, candidate.score


def _versions() -> dict[str, str]:
    found = {}
    for part in PARTS:
        try:
            found[part] = version(part)
        except ModuleNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
