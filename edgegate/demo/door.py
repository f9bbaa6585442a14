"""The demo's door: the real pipeline, journal, lock and uplink, put together over the rendered scene."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial

from edgegate import app
from edgegate.broker import Topics, Uplink
from edgegate.camera import Recording
from edgegate.clock import VirtualClock
from edgegate.config import Config
from edgegate.demo.listener import Listener
from edgegate.demo.portraits import DemoPortrait
from edgegate.demo.stage import DemoFolder
from edgegate.enrol import Enroller, read_pictures
from edgegate.errors import BrokerError, EdgegateError
from edgegate.events.cloudevents import CloudEvent, Names, dumps
from edgegate.journal import Journal
from edgegate.loop.turn import Turn
from edgegate.report import Report
from edgegate.report.annotate import Annotator
from edgegate.service import replay
from edgegate.system import output_files
from edgegate.system.quiet import quiet

START = datetime.fromisoformat(replay.DEFAULT_START).timestamp()
_SECONDS = 30.0

Hear = Callable[[CloudEvent], object]
Progress = Callable[[Iterable[Turn], int], Iterable[Turn]]


def perform(
    config: Config, stage: DemoFolder, person: DemoPortrait, hear: Hear, progress: Progress = lambda turns, _: turns
) -> list[CloudEvent]:
    """Enrol `person`, replay the scene, publish over MQTT; the answer is what a subscriber received.

    `hear` is called with each event as the subscriber receives it; `progress` wraps the turns and gets their number.
    Leaves the annotated video, the report, the events and the journal. Raises EdgegateError.
    """
    clock = VirtualClock(START)
    with quiet():  # the models' runtime announces itself
        recognition = app.build_recognition(config)
    told = 0

    def tell(_event: CloudEvent) -> None:
        nonlocal told
        told += 1
        uplink.notify()

    with ExitStack() as stack:
        listener = stack.enter_context(Listener(config.mqtt, _topics(config), hear))
        journal = app.open_journal(config, replay.origin(config), clock)
        stack.callback(journal.close)
        enrolled = _enrol(recognition, journal, clock, person)
        uplink = stack.enter_context(_uplink(config, clock, recognition.identifier.name_of))
        for event in enrolled:
            tell(event)
        recording = Recording(stage.scene)
        stack.callback(recording.close)
        turns = replay.replay(config, recognition, recording, journal, clock, tell)
        _watch(progress(turns, recording.expected_frames), config, recognition, stage, recording)
        if not uplink.flush(_SECONDS) or not listener.wait_for(told):
            raise BrokerError(f"of {told} events the subscriber received {len(listener.events)}")
        events = list(listener.events)
    with output_files.text(stage.events) as file:
        file.writelines(dumps(event) + "\n" for event in events)
    return events


def _watch(
    turns: Iterable[Turn], config: Config, recognition: app.Recognition, stage: DemoFolder, recording: Recording
) -> None:
    """Draw and report every turn."""
    report = Report(stage.scene.name, site=config.site.name, door=config.site.door, start=START)
    names = recognition.identifier.name_of
    with Annotator(stage.annotated, names, recording.size, recording.fps, START) as annotator:
        for turn in turns:
            annotator.add(turn)
            report.add(turn)
    report.write(stage.report)


def _enrol(
    recognition: app.Recognition, journal: Journal, clock: VirtualClock, person: DemoPortrait
) -> list[CloudEvent]:
    """Enrol a person from the portrait, exactly as `edgegate enroll` does."""
    enroller = Enroller(recognition.analyzer, person.person)
    with quiet():  # libpng remarks on the colour profile
        pictures = list(read_pictures(person.file))
    verdicts = [enroller.judge(source, image) for source, image in pictures]
    photos = [verdict.photo for verdict in verdicts if verdict.photo]
    if not photos:
        raise EdgegateError(f"{person.file}: not accepted for enrolment: {verdicts[0].fault}: {verdicts[0].advice}")
    events = enroller.keep(photos, recognition.gallery, journal, clock)
    recognition.identifier.refresh()
    return events


@contextmanager
def _uplink(config: Config, clock: VirtualClock, names: Names) -> Iterator[Uplink]:
    open_outbox = partial(app.open_journal, config, replay.origin(config), clock)
    uplink = Uplink(config.mqtt, _topics(config), open_outbox, names)
    uplink.start()
    try:
        yield uplink
    finally:
        uplink.close(_SECONDS)


def _topics(config: Config) -> Topics:
    return Topics(config.site.name, config.site.door)
