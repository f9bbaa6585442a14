"""`edgegate demo`: see a door decide, with nothing plugged in, no account and no network."""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from edgegate import config, journal
from edgegate.cli.wording import in_words
from edgegate.config import NO_LIVENESS, Config
from edgegate.demo import door, scene, story
from edgegate.demo.broker import HOST, PROTOCOL, EmbeddedBroker
from edgegate.demo.portraits import ASTRONAUT, HOPPER
from edgegate.demo.stage import DemoFolder
from edgegate.errors import UsageError
from edgegate.events.cloudevents import CloudEvent
from edgegate.system.progress import progress
from edgegate.system.terminal import print_json, printable
from edgegate.vision.packs import shipped

Say = Callable[[str], object]


def run(args: argparse.Namespace) -> int:
    if args.data is not None:
        raise UsageError("demo: keeps everything in one folder; name it with --out instead of --data")
    say: Say = (lambda _: None) if args.json else tqdm.write
    # The embedded broker speaks MQTT 3.1.1, which is what is asked of it here, and no news.
    logging.getLogger("edgegate.broker").setLevel(logging.ERROR)
    stage = DemoFolder(args.out)
    portraits = (ASTRONAUT.file, HOPPER.file)  # whether they are there is better known before anything is deleted
    # The key goes when the demo ends: what it leaves shows nobody's template.
    with EmbeddedBroker(args.port) as broker, tempfile.TemporaryDirectory() as elsewhere:
        settings = _settings(args, broker.port, Path(elsewhere) / "edgegate.key")
        stage.clear()
        say(f"A door on a screen: {story.ENROLLED.person} is enrolled, {HOPPER.person} is not; both walk up.")
        say(f"The scene, {stage.scene}, is rendered from {' and '.join(path.name for path in portraits)}.")
        scene.render(stage.scene, lambda frames: progress(frames, "rendering", "frame", scene.FRAMES))
        say("The pipeline replays it: real models, real journal, mock pins. It publishes to an MQTT broker on")
        say(f"{HOST}:{broker.port}, where a subscriber receives:")
        events = door.perform(
            settings,
            stage,
            story.ENROLLED,
            hear=lambda event: say("  " + in_words(event)),
            progress=lambda turns, count: progress(turns, "replaying", "frame", count),
        )
    problems = _problems(stage, events, tracker=bool(settings.recognition.model))
    _conclude(args, stage, events, problems)
    return 1 if problems else 0


def _settings(args: argparse.Namespace, port: int, key: Path) -> Config:
    """Returns the user's config, but for what makes it a demo."""
    own = {
        "service.data_dir": str(args.out),
        "service.key_file": str(key),
        "door.pins": "mock",
        "mqtt.enabled": True,
        "mqtt.host": HOST,
        "mqtt.port": port,
        "mqtt.protocol": PROTOCOL,
        "mqtt.tls": False,
        "mqtt.username": "",
    }
    given = [f"recognition.model={json.dumps(str(_tracker_pack()))}"] if args.tracker else []
    given += [*args.set, *(f"{key}={json.dumps(value)}" for key, value in own.items())]
    return config.load(args.config, given)


def _tracker_pack() -> Path:
    pack = shipped("face-tracker")
    if not pack.is_dir():
        raise UsageError(f"demo --tracker: {pack}: no such pack; install edgegate again, or go without --tracker")
    return pack


def _problems(stage: DemoFolder, events: Sequence[CloudEvent], *, tracker: bool) -> list[str]:
    """Returns the differences of this run from what must happen, in words."""
    found = journal.verify(stage.journal)
    broken = [] if found.intact else [f"{stage.journal}: {found.reason}"]
    if found.head.seq != len(events):
        broken.append(f"{stage.journal}: holds {found.head.seq} events, the subscriber received {len(events)}")
    return story.differences(events, tracker=tracker) + broken


def _conclude(
    args: argparse.Namespace, stage: DemoFolder, events: Sequence[CloudEvent], problems: Sequence[str]
) -> None:
    if args.json:
        files = {
            path.stem: str(path) for path in (stage.scene, stage.annotated, stage.report, stage.journal, stage.events)
        }
        print_json({"as_expected": not problems, "problems": problems, "files": files, "events": list(events)})
        return
    for problem in problems:
        print(printable(f"edgegate: {problem}"), file=sys.stderr)
    if not problems:
        reasons = " and ".join(story.refusals(events))
        print(f"As expected: {story.ENROLLED.person} was let in once, {HOPPER.person} was refused as {reasons}.")
    print(f"\nMind: {NO_LIVENESS}.\n")
    print(_columns("See what happened", _left(stage)) + "\n" + _columns("Try next", _ideas()), end="")


def _left(stage: DemoFolder) -> dict[str, str]:
    return {
        str(stage.report): "open it in a browser: what was decided, and why",
        str(stage.annotated): "so too: the scene with boxes, scores and the lock",
        str(stage.journal): f"{_program()} journal list --data {stage.folder}",
        str(stage.events): "the same events, as the subscriber received them",
    }


def _ideas() -> dict[str, str]:
    program = _program()
    camera = "--set camera.source=/dev/video0 --set door.pins=mock --set mqtt.enabled=false"
    return {
        "your own face": f"{program} enroll YOU photo.jpg --data mine",
        "your own video": f"{program} replay video.mp4 --data mine --report report.html",
        "your own camera": f"{program} run --data mine {camera}",
    }


def _columns(title: str, rows: dict[str, str]) -> str:
    width = max(map(len, rows))
    return f"{title}\n" + "".join(f"  {left:{width}}  {right}\n" for left, right in rows.items())


def _program() -> str:
    """Returns the words to type to run edgegate here: its name, or its path where it is not on $PATH."""
    return "edgegate" if shutil.which("edgegate") else sys.argv[0]
