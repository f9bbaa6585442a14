"""Recognition: the models, the gallery, and the way from frames to sightings."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial

from edgegate.app.networks import (
    IdentityNetwork,
    build_analyzer,
    build_identity_network,
    least_confidence,
    load_embedder,
    slowness_in_words,
    table_of,
)
from edgegate.app.storage import open_gallery, site_path
from edgegate.config import MODEL_ALONE, Config
from edgegate.gallery import Gallery
from edgegate.recognition import site_calibration, tracking
from edgegate.recognition.closed_set import ClosedSet
from edgegate.recognition.identification import Identifier, People
from edgegate.recognition.pipeline import FrameAnalyzer, MotionCheck, Pipeline
from edgegate.recognition.tracking import Tracker
from edgegate.vision import analyzer as vision
from edgegate.vision import classifier, tracker
from edgegate.vision.packs import Pack

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recognition:
    """The parts that `run`, `replay`, `enroll`, `evaluate` and `bench` share."""

    analyzer: vision.Analyzer
    gallery: Gallery
    identifier: Identifier
    identity_network: IdentityNetwork | None = None
    """The network that names people before the embedder does, where the config says so."""


def build_recognition(config: Config) -> Recognition:
    """Loads the models and the gallery; raises ModelError or GalleryError."""
    gallery, analyzer = open_gallery(config), build_analyzer(config)
    if (fault := slowness_in_words(analyzer)) is not None:
        log.warning("%s", fault)
    else:
        log.info("every model runs on TFLite's fast kernels (XNNPACK)")
    return Recognition(analyzer, gallery, build_identifier(config, gallery), build_identity_network(config))


def build_identifier(config: Config, people: People) -> Identifier:
    embedder, settings = load_embedder(config), config.recognition
    return Identifier(
        people,
        table_of(embedder),
        embedder.sha256,
        settings.false_accept_rate,
        settings.decide_after_frames,
        partial(site_calibration.read_threshold, site_path(config), embedder.sha256),
    )


def build_pipeline(
    config: Config,
    analyzer: classifier.FaceDescriber,
    motion_gate: MotionCheck,
    identifier: Identifier,
    identity_network: tracker.AnyTracker | classifier.AnyClassifier | None = None,
) -> Pipeline:
    """Builds the way from frames to sightings: by the embedder, the identity network, or both."""
    follow = Tracker(tracking_rules(config, identifier))
    if identity_network is None:
        return Pipeline(analyzer, motion_gate, follow, identifier)
    enough = least_confidence(config, identity_network.pack)
    if config.recognition.model_alone:
        people = ClosedSet(identity_network.labels, enough, identifier.everybody)
        return Pipeline(_alone(config, analyzer, identity_network), motion_gate, follow, people)
    return Pipeline(_confirmed(analyzer, identity_network, enough), motion_gate, follow, identifier)


def _alone(
    config: Config, analyzer: classifier.FaceDescriber, identity_network: tracker.AnyTracker | classifier.AnyClassifier
) -> FrameAnalyzer:
    if isinstance(identity_network, classifier.AnyClassifier):
        return classifier.ClassifierAlone(analyzer, identity_network)
    return tracker.TrackerAlone(identity_network, config.recognition.min_face_pixels)


def _confirmed(
    analyzer: classifier.FaceDescriber,
    identity_network: tracker.AnyTracker | classifier.AnyClassifier,
    confidence: float,
) -> FrameAnalyzer:
    if isinstance(identity_network, classifier.AnyClassifier):
        return classifier.ClassifierPredictions(analyzer, identity_network, confidence)
    return tracker.TrackerPredictions(analyzer, identity_network, confidence)


def tracking_rules(config: Config, identifier: Identifier) -> tracking.TrackingRules:
    return tracking.TrackingRules(
        pool_frames=config.recognition.decide_after_frames,
        rejoin_seconds=config.access.rearm_seconds,
        same_face=identifier.table.one_to_one(tracking.SAME_FACE_RATE),
        same_visitor=identifier.table.one_to_one(tracking.SAME_VISITOR_RATE),
    )


def door_rate_in_words(config: Config, identifier: Identifier) -> str:
    """Returns, in words, the basis of the door's false-accept rate with the people enrolled now, or its absence."""
    if config.recognition.model_alone:
        return f"{len(identifier.everybody())} enrolled; {MODEL_ALONE}"
    return identifier.door_rate().in_words()


def model_names(config: Config, embedder: Pack, identity_network: Pack | None) -> str:
    """Returns the networks that a decision rests on, as events record them."""
    if identity_network is None:
        return embedder.name
    return identity_network.name if config.recognition.model_alone else f"{identity_network.name}+{embedder.name}"
