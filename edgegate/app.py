"""The composition root: which parts a door is made of, and in what order they are built."""

from __future__ import annotations

import logging
import queue
import secrets
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import cv2

from edgegate import gate, tracking
from edgegate.clock import Clock
from edgegate.config import Config
from edgegate.errors import GalleryError, ModelError
from edgegate.events import CloudEvent, Names, Origin
from edgegate.gallery import Gallery
from edgegate.gate import Gate
from edgegate.identification import Identifier, People
from edgegate.journal import Journal
from edgegate.lock import LockKeeper
from edgegate.loop import Loop
from edgegate.pipeline import Analyzer, MotionGate, Pipeline
from edgegate.thresholds import Table
from edgegate.tracking import Tracker
from edgegate.types import Event
from edgegate.vision import analyzer as vision
from edgegate.vision import motion
from edgegate.vision.packs import Pack, load_pack, shipped
from edgegate.vision.quality import QualityLimits
from edgegate.vision.tflite import Timer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recognition:
    """Seeing and knowing: what `run`, `replay`, `enroll`, `evaluate` and `bench` share."""

    analyzer: vision.Analyzer
    gallery: Gallery
    identifier: Identifier


def open_gallery(config: Config) -> Gallery:
    return Gallery(config.data_dir / "gallery.db")


def journal_path(config: Config) -> Path:
    return config.data_dir / "journal.db"


def names_of(config: Config) -> Names:
    """Names as the gallery has them now."""
    return open_gallery(config).name_of


def origin_of(config: Config, boot: str | None = None) -> Origin:
    return Origin(config.site.name, config.site.door, boot or secrets.token_hex(4))


def open_journal(config: Config, origin: Origin, clock: Clock) -> Journal:
    """The door's journal, for the calling thread; what is written to it waits for the broker, if there is one."""
    return Journal(journal_path(config), origin=origin, clock=clock, outbox=config.mqtt.enabled)


def load_embedder(config: Config) -> Pack:
    """The embedder's pack, checked but not yet running; raises ModelError."""
    folder = config.recognition.embedder
    return load_pack(Path(folder) if folder else shipped("face-embedder"), "embedder")


def table_of(embedder: Pack) -> Table:
    """Its threshold table; raises ModelError if it has none that can be used."""
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
        people, table_of(embedder), embedder.sha256, settings.false_accept_rate, settings.decide_after_frames
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


def build_recognition(config: Config) -> Recognition:
    """Load the models and the gallery; raises ModelError or GalleryError."""
    gallery = open_gallery(config)
    return Recognition(build_analyzer(config), gallery, build_identifier(config, gallery))


def build_pipeline(config: Config, analyzer: Analyzer, motion_gate: MotionGate, identifier: Identifier) -> Pipeline:
    rules = tracking.Rules(
        pool_frames=config.recognition.decide_after_frames, rejoin_seconds=config.access.rearm_seconds
    )
    return Pipeline(analyzer, motion_gate, Tracker(rules), identifier)


def build_gate(config: Config, embedder: Pack) -> Gate:
    rules = gate.Rules(
        unlock_seconds=config.door.unlock_seconds,
        max_frame_age=config.recognition.max_frame_age_ms / 1000,
        rearm_seconds=config.access.rearm_seconds,
        decide_after_frames=config.recognition.decide_after_frames,
        refuse_after_frames=config.recognition.refuse_after_frames,
    )
    return Gate(rules, embedder.name)


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
    return Loop(
        build_pipeline(config, recognition.analyzer, motion.MotionGate(), recognition.identifier),
        build_gate(config, recognition.analyzer.pack),
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
