"""A recording through the same door: what would have happened, with mock pins and a journal of its own.

`replay` runs on a virtual clock: every frame is processed at its own time, and timers run in between at theirs, so
that the events are the same however fast or busy the machine is. `replay_in_real_time` drops frames as the door does.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from edgegate.app import Recognition, build_loop
from edgegate.camera import CameraHealth, Paced, Recording
from edgegate.camera.capture import Capture, Slot
from edgegate.clock import Clock, RecordingClock, VirtualClock
from edgegate.config import Config
from edgegate.errors import UsageError
from edgegate.events.cloudevents import CloudEvent, Origin
from edgegate.events.vocabulary import Event
from edgegate.journal import Journal
from edgegate.lock.controller import build_lock
from edgegate.loop import live
from edgegate.loop.turn import Loop, Turn

BOOT = "replay"
DEFAULT_START = "2026-01-01T00:00:00Z"

Report = Callable[[CloudEvent], None]


def origin(config: Config) -> Origin:
    return Origin(config.site.name, config.site.door, BOOT)


def replay(
    config: Config,
    recognition: Recognition,
    recording: Recording,
    journal: Journal,
    clock: VirtualClock,
    report: Report,
) -> Iterator[Turn]:
    """Yields one turn a frame; after the last, time runs on until the lock has locked again."""
    with _door(config, recognition, journal, clock, report) as loop:
        while (frame := recording.read()) is not None:
            clock.advance(frame.at)
            yield loop.turn(frame)
        clock.advance(clock.monotonic() + config.door.unlock_seconds)


def replay_in_real_time(
    config: Config,
    recognition: Recognition,
    recording: Recording,
    journal: Journal,
    clock: RecordingClock,
    report: Report,
) -> Iterator[Turn]:
    """Yields a turn for every frame that this machine is in time for; the end locks at once."""
    stopping = threading.Event()
    slot, health = Slot(), CameraHealth(config.camera.stall_seconds)
    capture = Capture(lambda: Paced(recording, clock, stopping), slot, config.camera.reopen_max_seconds, stopping)
    with _door(config, recognition, journal, clock, report) as loop:
        capture.start()
        try:
            yield from filter(None, live.turns(loop, capture, slot, health, clock, stopping))
        finally:
            capture.close(timeout=5)


@contextmanager
def _door(config: Config, recognition: Recognition, journal: Journal, clock: Clock, report: Report) -> Iterator[Loop]:
    changes: queue.SimpleQueue[Event] = queue.SimpleQueue()
    lock = build_lock(config.door.model_copy(update={"pins": "mock"}).wiring, clock, changes.put)
    loop = build_loop(config, recognition, journal, lock, changes, clock, report)
    try:
        yield loop
    finally:
        lock.close()
    loop.settle()


def differences(expected: Sequence[CloudEvent], actual: Sequence[CloudEvent], tolerance: float = 0.2) -> list[str]:
    """Returns the differences of two runs in type, reason, person and order, and in time by over `tolerance` seconds.

    Scores are left out: they differ a little from one processor to another.
    """
    lines = []
    for index in range(max(len(expected), len(actual))):
        want = expected[index] if index < len(expected) else None
        got = actual[index] if index < len(actual) else None
        if want is None or got is None or _essence(want) != _essence(got) or _apart(want, got) > tolerance:
            lines += [f"- {_in_words(want)}"] if want is not None else []
            lines += [f"+ {_in_words(got)}"] if got is not None else []
    return lines


def read_events(path: Path) -> list[CloudEvent]:
    """Reads events from a file of JSON lines; raises UsageError naming the line that is none."""
    events = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as JSON lines: {error}") from None
    for number, line in enumerate(lines, 1):
        try:
            event = json.loads(line)
            _essence(event), _seconds(event)
        except (ValueError, LookupError, TypeError, AttributeError):
            raise UsageError(f"{path}: line {number} is not an event; expected JSON lines from `replay`") from None
        events.append(event)
    return events


def _essence(event: CloudEvent) -> tuple[object, ...]:
    return event["type"], event["data"].get("reason"), event["data"].get("person")


def _seconds(event: CloudEvent) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


def _apart(one: CloudEvent, other: CloudEvent) -> float:
    return abs(_seconds(one) - _seconds(other))


def _in_words(event: CloudEvent) -> str:
    words = [str(word) for word in _essence(event) if word is not None]
    return f"{event['time']} {' '.join(words)}"
