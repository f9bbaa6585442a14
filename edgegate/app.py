"""The composition root: which parts a door is made of, and in what order they are built."""

from __future__ import annotations

import logging
import queue
import secrets
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2

from edgegate import gate, site, tracking
from edgegate.clock import Clock
from edgegate.closed_set import ClosedSet
from edgegate.config import TRACKER_ALONE, Config
from edgegate.errors import GalleryError, ModelError
from edgegate.events import CloudEvent, Names, Origin
from edgegate.gallery import Gallery
from edgegate.gate import Gate
from edgegate.identification import Identifier, People
from edgegate.journal import Journal, last_of, last_with
from edgegate.keeper.client import KEEPER, KeeperClient, parse_reference
from edgegate.keys import Keys
from edgegate.lock import Lock, Tell, build_lock
from edgegate.lock_keeper import LockKeeper
from edgegate.loop import Loop
from edgegate.pipeline import Analyzer, MotionGate, Pipeline
from edgegate.thresholds import Table
from edgegate.tracking import Tracker
from edgegate.types import UNKNOWN_CLASS, Event, EventType
from edgegate.vision import analyzer as vision
from edgegate.vision import motion
from edgegate.vision.packs import Pack, load_pack, refused, shipped
from edgegate.vision.quality import QualityLimits
from edgegate.vision.tflite import Model, Timer
from edgegate.vision.tracker import Alone, Naming, Network, TrackerNetwork
from edgegate.visits import ScoreKeeper, VisitScores

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recognition:
    """Seeing and knowing: what `run`, `replay`, `enroll`, `evaluate` and `bench` share."""

    analyzer: vision.Analyzer
    gallery: Gallery
    identifier: Identifier
    tracker: TrackerNetwork | None = None
    """What names people before the embedder does, where the config says so."""


def open_gallery(config: Config) -> Gallery:
    return Gallery(config.data_dir / "gallery.db", key=keys_of(config))


def keys_of(config: Config) -> Keys:
    """The keys that the gallery is encrypted with; none is made before the first enrolment."""
    return Keys(config.key_file, config.data_dir, config.key_credential)


def journal_path(config: Config) -> Path:
    return config.data_dir / "journal.db"


def site_path(config: Config) -> Path:
    """Where the threshold lies that this camera's own visits asked for."""
    return config.data_dir / "site.toml"


def open_scores(config: Config) -> site.Scores:
    return site.Scores(config.data_dir / "scores.db", config.privacy.keep_scores_days)


def build_score_keeper(config: Config, embedder: Pack, clock: Clock) -> ScoreKeeper | None:
    """What keeps the visits' scores; None unless the config consents, and where the scores are no embedder's."""
    settings = config.recognition
    if not config.privacy.keep_scores or settings.tracker_alone:
        return None
    visits = VisitScores(embedder.sha256, settings.decide_after_frames, config.access.rearm_seconds)
    return ScoreKeeper(open_scores(config), visits, clock)


def names_of(config: Config) -> Names:
    """Names as the gallery has them now."""
    return open_gallery(config).name_of


def origin_of(config: Config, boot: str | None = None) -> Origin:
    return Origin(config.site.name, config.site.door, boot or secrets.token_hex(4))


def open_journal(config: Config, origin: Origin, clock: Clock) -> Journal:
    """The door's journal, for the calling thread; what is written to it waits for the broker, if there is one."""
    return Journal(journal_path(config), origin=origin, clock=clock, outbox=config.mqtt.enabled)


def open_lock(config: Config, clock: Clock, tell: Tell) -> Lock | KeeperClient:
    """The lock in this process, or the lock keeper's, where one is configured. Raises LockError."""
    if config.door.keeper:
        return KeeperClient(Path(config.door.keeper), clock, tell)
    return build_lock(config.door.wiring, clock, tell)


def last_of_keeper(config: Config) -> tuple[str, int] | None:
    """The lock keeper's own number of its last event in the journal."""
    event = last_with(journal_path(config), KEEPER)
    return None if event is None else parse_reference(event)


UNCLEAN = "the run before did not end by itself: it hung, was killed, or lost power"


def left_without_a_word(config: Config) -> dict[str, str]:
    """What `service.started` says of the run before, where that wrote no `service.stopped`. Raises JournalError."""
    event = last_of(journal_path(config), (EventType.SERVICE_STARTED, EventType.SERVICE_STOPPED))
    return {"reason": UNCLEAN} if event is not None and event["type"].endswith(EventType.SERVICE_STARTED) else {}


def load_embedder(config: Config) -> Pack:
    """The embedder's pack, checked but not yet running; raises ModelError."""
    folder = config.recognition.embedder
    return load_pack(Path(folder) if folder else shipped("face-embedder"), "embedder")


def table_of(embedder: Pack) -> Table:
    """Its threshold table; raises ModelError if it has none that can be used."""
    if not embedder.thresholds:
        raise ModelError(
            f"model pack {embedder.name}: it has no threshold table, so no score of its means anything yet; measure "
            f"one: edgegate evaluate PHOTOS --table NAME --set recognition.embedder={embedder.folder} > rows.toml, "
            f"then python -m converter import table {embedder.folder} rows.toml"
        )
    try:
        return Table(embedder.thresholds)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"model pack {embedder.name}: its threshold table is unusable ({error}); measure one with "
            "`edgegate evaluate --table`, or use another pack"
        ) from None


def build_identifier(config: Config, people: People) -> Identifier:
    embedder, settings = load_embedder(config), config.recognition
    return Identifier(
        people,
        table_of(embedder),
        embedder.sha256,
        settings.false_accept_rate,
        settings.decide_after_frames,
        partial(site.read_threshold, site_path(config), embedder.sha256),
    )


def build_analyzer(config: Config, timer: Timer = nullcontext) -> vision.Analyzer:
    """Load the models; raises ModelError. `timer` is entered around every TFLite invocation."""
    cv2.setNumThreads(1)  # its threads spin beside TFLite's, and a door's pictures are small
    settings = config.recognition
    return vision.build_analyzer(
        settings.detector,
        embedder_pack=load_embedder(config).folder,
        runtime=settings.runtime,
        threads=settings.threads,
        limits=QualityLimits(min_size=settings.min_face_pixels),
        timer=timer,
    )


def slowness_in_words(analyzer: vision.Analyzer) -> str | None:
    """Which models TFLite runs without its fast kernels, which it never says; None while all is well."""
    if not analyzer.slow:
        return None
    return (
        f"{', '.join(analyzer.slow)}: TFLite runs without its fast kernels (XNNPACK), up to thirty times slower; "
        "it needs to read /proc/cpuinfo, which ProcSubset=pid in a unit hides"
    )


def load_tracker(config: Config) -> Pack | None:
    """The tracker's pack, if the config names one, checked but not yet running.

    Raises ModelError, also where its report does not say that it passed, unless the config accepts just this pack.
    """
    settings = config.recognition
    if not settings.model:
        return None
    pack = load_pack(Path(settings.model), "tracker")
    if pack.report.get("grade") != "passed" and settings.accept_failed_grade != pack.name:
        raise refused(
            pack.folder,
            "its report does not say that it passed",
            f'train a better one, or set recognition.accept_failed_grade = "{pack.name}" to use it all the same',
        )
    return pack


def build_tracker(config: Config, timer: Timer = nullcontext) -> TrackerNetwork | None:
    """Load the tracker network, if the config names one; raises ModelError."""
    pack, settings = load_tracker(config), config.recognition
    if pack is None:
        return None
    return TrackerNetwork(Model(pack, runtime=settings.runtime, threads=settings.threads, timer=timer))


def unenrolled(tracker: TrackerNetwork, identifier: Identifier) -> tuple[str, ...]:
    """The network's classes that nobody enrolled bears the name of: they open nothing."""
    enrolled = {person.name for person in identifier.everybody()}
    return tuple(name for name in tracker.labels[UNKNOWN_CLASS + 1 :] if name not in enrolled)


def build_recognition(config: Config) -> Recognition:
    """Load the models and the gallery; raises ModelError or GalleryError."""
    gallery, analyzer = open_gallery(config), build_analyzer(config)
    if (trouble := slowness_in_words(analyzer)) is not None:
        log.warning("%s", trouble)
    else:
        log.info("every model runs on TFLite's fast kernels (XNNPACK)")
    return Recognition(analyzer, gallery, build_identifier(config, gallery), build_tracker(config))


def build_pipeline(
    config: Config,
    analyzer: Analyzer,
    motion_gate: MotionGate,
    identifier: Identifier,
    tracker: Network | None = None,
) -> Pipeline:
    """From frames to sightings: by the embedder, by both networks in agreement, or by the tracker alone."""
    settings = config.recognition
    rules = tracking.Rules(
        pool_frames=settings.decide_after_frames,
        rejoin_seconds=config.access.rearm_seconds,
        same_face=identifier.table.one_to_one(tracking.SAME_FACE_RATE),
        same_visitor=identifier.table.one_to_one(tracking.SAME_VISITOR_RATE),
    )
    if tracker is None:
        return Pipeline(analyzer, motion_gate, Tracker(rules), identifier)
    if settings.tracker_alone:
        people = ClosedSet(tracker.labels, settings.class_confidence, identifier.everybody)
        return Pipeline(Alone(tracker, settings.min_face_pixels), motion_gate, Tracker(rules), people)
    return Pipeline(Naming(analyzer, tracker, settings.class_confidence), motion_gate, Tracker(rules), identifier)


def promise_in_words(config: Config, identifier: Identifier) -> str:
    """What the door's false-accept rate rests on with the people enrolled now, or that there is none."""
    if config.recognition.tracker_alone:
        return f"{len(identifier.everybody())} enrolled; {TRACKER_ALONE}"
    return identifier.promise().in_words()


def model_names(config: Config, embedder: Pack, tracker: Pack | None) -> str:
    """The networks that a decision rests on, as events record them."""
    if tracker is None:
        return embedder.name
    return tracker.name if config.recognition.tracker_alone else f"{tracker.name}+{embedder.name}"


def build_gate(config: Config, embedder: Pack, tracker: Pack | None = None) -> Gate:
    rules = gate.Rules(
        unlock_seconds=config.door.unlock_seconds,
        max_frame_age=config.recognition.max_frame_age_ms / 1000,
        rearm_seconds=config.access.rearm_seconds,
        decide_after_frames=config.recognition.decide_after_frames,
        refuse_after_frames=config.recognition.refuse_after_frames,
        margin=gate.MARGIN_DECADES * table_of(embedder).decade(),
    )
    return Gate(rules, model_names(config, embedder, tracker))


def build_loop(
    config: Config,
    recognition: Recognition,
    journal: Journal,
    lock: LockKeeper,
    changes: queue.SimpleQueue[Event],
    clock: Clock,
    tell: Callable[[CloudEvent], None],
) -> Loop:
    """A whole door but for the camera."""
    analyzer, identifier, tracker = recognition.analyzer, recognition.identifier, recognition.tracker
    return Loop(
        build_pipeline(config, analyzer, motion.MotionGate(), identifier, tracker),
        build_gate(config, analyzer.pack, tracker.pack if tracker else None),
        journal,
        lock,
        changes,
        clock,
        _forgiving(recognition.gallery.name_of),
        tell,
    )


def _forgiving(names: Names) -> Names:
    """A gallery that cannot be read for a moment costs an event its name, and must not stop a door."""

    def name_of(person: str) -> str | None:
        try:
            return names(person)
        except GalleryError as error:
            log.warning("an event is told without its name: %s", error)
            return None

    return name_of
