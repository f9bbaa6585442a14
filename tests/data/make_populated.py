"""A populated data folder, by the version of edgegate that runs this: `python make_populated.py FOLDER [OPTION...]`.

Run with the checkout of an older version on PYTHONPATH, it makes what tests/service/test_upgrade.py opens: two
people, enrolled from the demo's portraits by `edgegate enroll ... OPTION...`, and a journal of 120 events in 20 visits,
of which the last ten wait for the broker.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from edgegate.clock import VirtualClock
from edgegate.demo.portraits import ASTRONAUT, HOPPER
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Journal

START = 1767225600.0  # 2026-01-01T00:00:00Z
VISITS = 20


def main(folder: Path) -> None:
    for portrait in (ASTRONAUT, HOPPER):
        photo = Path(portrait.file.name)  # in the working folder: where it lies is kept with the template
        shutil.copy(portrait.file, photo)
        call = ["enroll", portrait.person, str(photo), "--data", str(folder), *sys.argv[2:]]
        subprocess.run([sys.executable, "-m", "edgegate", *call], check=True)
    clock = VirtualClock(START)
    journal = Journal(folder / "journal.db", origin=Origin("home", "front", "old"), clock=clock, outbox=True)
    for number in range(VISITS):
        clock.advance(60.0 * (number + 1))
        journal.append(visit(clock.monotonic()))
    waiting = [seq for seq, _ in journal.pending(0, 1000)]
    journal.delivered(waiting[:-10])
    journal.close()


def visit(at: float) -> list[Event]:
    decision = {"track": 1, "person": None, "score": 0.91, "threshold": 0.82, "frame_at": at - 0.1, "model": "old"}
    return [
        Event(EventType.DENIED, at, data={"reason": "unknown", **decision}),
        Event(EventType.GRANTED, at + 5.0, "somebody", {"reason": "recognised", **decision}),
        Event(EventType.UNLOCKED, at + 5.0),
        Event(EventType.LOCKED, at + 8.0),
        Event(EventType.CAMERA_STALLED, at + 20.0),
        Event(EventType.CAMERA_RECOVERED, at + 22.0),
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
