"""`edgegate replay`: a recording through the same pipeline, with the decisions the door would have made."""

from __future__ import annotations

import argparse
import queue
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from tqdm import tqdm

from edgegate import app, replay
from edgegate.annotate import Annotator
from edgegate.broker import Topics, Uplink
from edgegate.camera import Recording
from edgegate.cli.common import Commands, existing, load_config, progress
from edgegate.clock import Clock, RecordingClock, SystemClock, VirtualClock
from edgegate.config import NO_LIVENESS, Config
from edgegate.errors import BrokerError
from edgegate.events import CloudEvent, dumps
from edgegate.journal import Journal
from edgegate.loop import Turn
from edgegate.output import complete
from edgegate.report import Report

FLUSH_SECONDS = 30.0
"""How long `--publish` waits at the end for the broker to acknowledge what is left."""


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "replay", parents=[parent], help="run a recorded video through the pipeline", description=__doc__
    )
    parser.add_argument("video", type=Path, metavar="VIDEO")
    parser.add_argument(
        "--start-time",
        type=_moment,
        default=_moment(replay.DEFAULT_START),
        metavar="T",
        help=f"when the recording begins, RFC 3339 (default: {replay.DEFAULT_START})",
    )
    parser.add_argument("--events", type=Path, metavar="OUT.jsonl", help="write events here instead of to stdout")
    parser.add_argument("--annotate", type=Path, metavar="OUT.mp4", help="write the video with boxes and decisions")
    parser.add_argument("--report", type=Path, metavar="OUT.html", help="write one self-contained page")
    parser.add_argument("--expect", type=Path, metavar="GOLDEN.jsonl", help="exit 1 with a diff unless events match")
    parser.add_argument("--realtime", action="store_true", help="pace by the wall clock and drop like the door")
    parser.add_argument("--publish", action="store_true", help="publish the events to the configured broker")
    parser.set_defaults(run=run)


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as {replay.DEFAULT_START}") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def run(args: argparse.Namespace) -> int:
    config = load_config(args)
    existing(args.video, "video")
    expected = replay.read_events(existing(args.expect, "golden file")) if args.expect else None
