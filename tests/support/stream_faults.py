"""Faults of a network camera, some times each: when they were noticed and mended; a line of JSON each.

python -m tests.support.stream_faults [TIMES]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from edgegate import config
from edgegate.events.vocabulary import EventType
from tests.support.rtsp import Network, RtspServer, age_of
from tests.support.watched import Door

AWAY_SECONDS = (1.0, 1.7, 2.4, 3.1, 3.8, 4.5)
"""Seconds that a fault lasts after it was noticed, in turn: each ends at another time of the reader's next try."""

Act = Callable[[], object]


def measured(door: Door, break_it: Act, mend: Act, away: float) -> tuple[float, float]:
    """Seconds until the fault was reported, and from its end until fresh frames were back."""
    door.playing()
    break_it()
    noticed = door.after(EventType.CAMERA_STALLED)
    door.idle(away)
    mend()
    return noticed, door.after(EventType.CAMERA_RECOVERED)


def _summary(name: str, times: list[tuple[float, float]], unseen: float) -> None:
    noticed, back = zip(*times, strict=True)
    figures: dict[str, object] = {"fault": name, "times": len(times)}
    for what, seconds in (("noticed", noticed), ("working_again", back)):
        figures[what] = [round(min(seconds), 2), round(max(seconds), 2)]
    figures["age_unseen_at_most"] = round(unseen, 2)
    print(json.dumps(figures), flush=True)


def main(times: int) -> None:
    with RtspServer("--gop", "30") as server, Network(server.port) as network:
        for name, port, break_it, mend in (
            ("restart", server.port, server.kill, server.start),
            ("silent", server.port, server.pause, server.go_on),
            ("network", network.port, network.flowing.clear, network.flowing.set),
        ):
            with Door(config.CameraSettings(source=server.address(port=port)), age_of) as door:
                results = [
                    measured(door, break_it, mend, AWAY_SECONDS[turn % len(AWAY_SECONDS)]) for turn in range(times)
                ]
            _summary(name, results, max(true - claimed for true, claimed in door.frames))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
