"""`edgegate replay`: a recording through the same pipeline, with the decisions the door would have made."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from edgegate import app
from edgegate.app import Recognition
from edgegate.broker import Topics, Uplink
from edgegate.camera import Recording
from edgegate.cli.common import TimeReader, existing, load_config, understood
from edgegate.cli.replay_words import Summary, say
from edgegate.cli.wording import in_words
from edgegate.clock import Clock, RecordingClock, SystemClock, VirtualClock
from edgegate.config import Config
from edgegate.errors import BrokerError, CameraError, UsageError
from edgegate.events.cloudevents import CloudEvent, dumps
from edgegate.journal import Journal
from edgegate.loop.turn import Turn
from edgegate.report import Report, video
from edgegate.report.annotate import Annotator
from edgegate.service import replay
from edgegate.system import output_files
from edgegate.system.progress import progress
from edgegate.system.terminal import for_stdout, printable

FLUSH_SECONDS = 30.0
"""Seconds that `--publish` waits at the end for the broker to acknowledge what is left."""

CLOSE_SECONDS = 5.0


def run(args: argparse.Namespace) -> int:
    config = load_config(args)
    args.start_time = _start(args, config)
    _check(args, config)
    expected = replay.read_events(existing(args.expect, "golden file")) if args.expect else None
    events: list[CloudEvent] = []
    with ExitStack() as stack:  # what it writes to files appears only if all of it ends well
        recording = Recording(args.video)
        stack.callback(recording.close)
        recognition = app.build_recognition(config)
        watchers: list[_Watcher] = list(_watchers(args, config, recognition, recording, stack))
        watchers += [summary := Summary()]
        listeners = [events.append, *_writers(args, stack)]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edgegate-replay-")))
        clock = RecordingClock(args.start_time) if args.realtime else VirtualClock(args.start_time)
        journal = _open_journal(folder, config, clock, publish=args.publish)
        stack.callback(journal.close)
        uplink = _start_uplink(folder, config, recognition, clock, stack) if args.publish else None
        if uplink is not None:
            listeners.append(lambda _: uplink.notify())
        for turn in _turns(config, recognition, recording, journal, clock, listeners):
            for watcher in watchers:
                watcher.add(turn)
        if _somebody_reads(args):
            say(summary.in_words())
        _check_end(recording, args.video, uplink)
    return 0 if expected is None else _compare(expected, events)


def _start(args: argparse.Namespace, config: Config) -> float:
    """Returns the beginning of the recording, in seconds since the epoch."""
    times = TimeReader(config, SystemClock())
    if args.start_time is None:
        return times.read(replay.DEFAULT_START, "--start-time").timestamp()
    start = times.read(args.start_time, "--start-time")
    understood("the recording begins at", start)
    return start.timestamp()


def _check(args: argparse.Namespace, config: Config) -> None:
    """Raises UsageError for everything that can be known to be wrong before anything is done."""
    existing(args.video, "video")
    if args.annotate:
        video.check(args.annotate)
    for path in filter(None, (args.events, args.annotate, args.report)):
        existing(path.absolute().parent, "folder to write to")
        output_files.check(path)
        if path.exists() and path.samefile(args.video):
            raise UsageError(f"{path}: is the recording itself; write to another file")
    if args.publish and not config.mqtt.enabled:
        raise UsageError("replay --publish: mqtt.enabled is false: this door publishes to no broker")


def _check_end(recording: Recording, path: Path, uplink: Uplink | None) -> None:
    """Raises BrokerError unless the broker has everything, and CameraError unless all of the video was there."""
    if uplink is not None and not uplink.flush(FLUSH_SECONDS):
        raise BrokerError(f"the broker has not acknowledged every event: {uplink.status.problem}")
    if recording.ended_early:
        raise CameraError(f"{path}: it ends early, as if cut off")


def _turns(
    config: Config,
    recognition: Recognition,
    recording: Recording,
    journal: Journal,
    clock: RecordingClock | VirtualClock,
    listeners: Sequence[replay.Report],
) -> Iterable[Turn]:
    """Returns the replay's turns, behind a bar on a terminal."""

    def report(event: CloudEvent) -> None:
        for listener in listeners:
            listener(event)

    turns = (
        replay.replay(config, recognition, recording, journal, clock, report)
        if isinstance(clock, VirtualClock)
        else replay.replay_in_real_time(config, recognition, recording, journal, clock, report)
    )
    return progress(turns, "replaying", "frame", total=recording.expected_frames or None)


class _Watcher(Protocol):
    def add(self, turn: Turn) -> None: ...


def _watchers(
    args: argparse.Namespace, config: Config, recognition: Recognition, recording: Recording, stack: ExitStack
) -> Iterator[_Watcher]:
    """Yields the report and the annotated video, as far as they were asked for."""
    if args.report:
        report = Report(args.video.name, site=config.site.name, door=config.site.door, start=args.start_time)
        yield stack.enter_context(_written(report, args.report))
    if args.annotate:
        names = recognition.identifier.name_of
        yield stack.enter_context(Annotator(args.annotate, names, recording.size, recording.fps, args.start_time))


@contextmanager
def _written(report: Report, path: Path) -> Iterator[Report]:
    """Yields the report, and writes it if the block ends well."""
    yield report
    report.write(path)


def _writers(args: argparse.Namespace, stack: ExitStack) -> Iterator[replay.Report]:
    """Yields the writer of events: to a file that appears when it is complete, or to stdout as they come."""
    if args.events:
        file = stack.enter_context(output_files.text(args.events))
        yield lambda event: print(dumps(event), file=file)
    elif _somebody_reads(args):
        yield lambda event: say(in_words(event, start=args.start_time))
    else:
        yield lambda event: print(for_stdout(dumps(event)), flush=True)


def _somebody_reads(args: argparse.Namespace) -> bool:
    """True while stdout is for people: a terminal, unless JSON was asked for."""
    return sys.stdout.isatty() and not args.json


def _open_journal(folder: Path, config: Config, clock: Clock, *, publish: bool) -> Journal:
    return Journal(folder / "journal.db", origin=replay.origin(config), clock=clock, outbox=publish)


def _start_uplink(folder: Path, config: Config, recognition: Recognition, clock: Clock, stack: ExitStack) -> Uplink:
    uplink = Uplink(
        config.mqtt,
        Topics(config.site.name, config.site.door, speaker=replay.BOOT),
        lambda: _open_journal(folder, config, clock, publish=True),
        recognition.identifier.name_of,
        presence=False,
    )
    uplink.start()
    stack.callback(uplink.close, CLOSE_SECONDS)
    return uplink


def _compare(expected: Sequence[CloudEvent], events: Sequence[CloudEvent]) -> int:
    lines = replay.differences(expected, events)
    for line in lines:
        print(printable(line), file=sys.stderr)
    return 1 if lines else 0
