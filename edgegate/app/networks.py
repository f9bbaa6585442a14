"""The models that the config names, loaded, and their warnings."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TypeAlias

import cv2

from edgegate.config import Config
from edgegate.errors import ModelError
from edgegate.recognition.identification import Identifier
from edgegate.recognition.thresholds import Table
from edgegate.types import UNKNOWN_CLASS
from edgegate.vision import analyzer as vision
from edgegate.vision.classifier import ClassifierNetwork
from edgegate.vision.packs import Pack, load_pack, refused, shipped
from edgegate.vision.quality import QualityLimits
from edgegate.vision.tflite import Model, Timer
from edgegate.vision.tracker import TrackerNetwork

IdentityNetwork: TypeAlias = TrackerNetwork | ClassifierNetwork
"""An identity network: it names the few people it was trained on."""

TRACKER_CONFIDENCE, TAUGHT_CONFIDENCE = 0.9, 0.5
"""Probability from which on a class names somebody, where the config does not say: a tracker's; a classifier's, the 0.5
of textbooks."""


def load_embedder(config: Config) -> Pack:
    """Returns the embedder's pack, checked but not yet running; raises ModelError."""
    folder = config.recognition.embedder
    return load_pack(Path(folder) if folder else shipped("face-embedder"), "embedder")


def table_of(embedder: Pack) -> Table:
    """Returns its threshold table; raises ModelError if it has none that can be used."""
    if not embedder.thresholds:
        raise ModelError(
            f"model pack {embedder.name}: it has no threshold table, so no score of its means anything yet; measure "
            f"one: edgegate evaluate PHOTOS --table NAME --set recognition.embedder={embedder.folder} > rows.toml, "
            f"then python -m converter import table {embedder.folder} rows.toml"
        )
    return _table(embedder, "measure one with `edgegate evaluate --table`, or use another pack")


def build_analyzer(config: Config, timer: Timer = nullcontext) -> vision.Analyzer:
    """Loads the models; raises ModelError. `timer` is entered around every TFLite invocation."""
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
    """Returns the models that TFLite runs without its fast kernels, which it never says; None while all is well."""
    if not analyzer.slow:
        return None
    return (
        f"{', '.join(analyzer.slow)}: TFLite runs without its fast kernels (XNNPACK), up to thirty times slower; "
        "it needs to read /proc/cpuinfo, which ProcSubset=pid in a unit hides"
    )


def load_identity_network(config: Config) -> Pack | None:
    """Returns the tracker's or classifier's pack, if the config names one, checked but not yet running.

    Raises ModelError, also where its report does not say that it passed, unless the config accepts just this pack.
    """
    settings = config.recognition
    if not settings.model:
        return None
    pack = load_pack(Path(settings.model), "tracker", "classifier")
    if pack.report.get("grade") != "passed" and settings.accept_failed_grade != pack.name:
        unmeasured = pack.report.get("grade") == "unmeasured"
        raise refused(
            pack.folder,
            "nobody has measured it" if unmeasured else "its report does not say that it passed",
            f"{'import it again with labelled photos' if unmeasured else 'train a better one'}, or set "
            f'recognition.accept_failed_grade = "{pack.name}" to use it all the same',
        )
    return pack


def build_identity_network(config: Config, timer: Timer = nullcontext) -> IdentityNetwork | None:
    """Loads the identity network, if the config asks for one; raises ModelError."""
    pack, settings = load_identity_network(config), config.recognition
    if pack is None:
        return None
    least_confidence(config, pack)  # a table that cannot be used is found now
    model = Model(pack, runtime=settings.runtime, threads=settings.threads, timer=timer)
    return ClassifierNetwork(model) if pack.task == "classifier" else TrackerNetwork(model)


def least_confidence(config: Config, pack: Pack) -> float:
    """Returns the probability, 0…1, from which on a class names somebody: the config's, or the default of its task.

    A classifier with a threshold table is held to what strangers reach at the door's rate, never to less than is
    taught; it is above 1, and nobody is named, where strangers reached certainty. Raises ModelError if the table
    cannot be used.
    """
    settings = config.recognition
    if settings.class_confidence:
        return settings.class_confidence
    if pack.task == "tracker":
        return TRACKER_CONFIDENCE
    if not pack.thresholds:
        return TAUGHT_CONFIDENCE
    measured = _table(pack, "measure it again, or set recognition.class_confidence")
    return max(TAUGHT_CONFIDENCE, measured.threshold(1, 1, settings.false_accept_rate).value)


def confidence_in_words(config: Config, pack: Pack) -> str:
    """Returns the probability from which on it names somebody, and its origin, in words."""
    settings, words = config.recognition, f"from {least_confidence(config, pack):.4g} on"
    if settings.class_confidence or pack.task == "tracker":
        return words
    if not pack.thresholds:
        return f"{words} (as is taught)"
    if least_confidence(config, pack) > 1:
        return "never (calibrated: it is certain of strangers in its table, so that no confidence keeps them out)"
    found = _table(pack, "").threshold(1, 1, settings.false_accept_rate)
    return f"{words} (calibrated: at most {found.measured_rate:.2g} of the strangers in its table are named)"


def unenrolled(identity_network: IdentityNetwork, identifier: Identifier) -> tuple[str, ...]:
    """Returns the network's classes that nobody enrolled bears the name of: they open nothing."""
    enrolled = {person.name for person in identifier.everybody()}
    return tuple(name for name in identity_network.labels[UNKNOWN_CLASS + 1 :] if name not in enrolled)


def _table(pack: Pack, way_out: str) -> Table:
    try:
        return Table(pack.thresholds)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"model pack {pack.name}: its threshold table is unusable ({error}); {way_out}") from None
