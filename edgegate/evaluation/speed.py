"""The speed of this machine, stage by stage: the figures behind `edgegate bench` and `make bench`."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np

from edgegate import app
from edgegate.access.observation import Observation
from edgegate.clock import Clock, SystemClock
from edgegate.config import Config
from edgegate.errors import ModelError
from edgegate.gallery import Enrolled, Person, Photo
from edgegate.recognition.identification import Identifier
from edgegate.types import Frame, Image
from edgegate.vision.analyzer import Analyzer
from edgegate.vision.motion import MotionGate
from edgegate.vision.packs import load_pack, shipped

WIDTH, HEIGHT = 640, 480
WARM_UP_FRAMES = 10
BLOCK = 50
"""Frames whose median is one sample: enough that a median means something."""


class Stopwatch:
    """Sums the time spent inside it; give `timer` to the models to sum their invocations."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.seconds = 0.0

    @contextmanager
    def timer(self) -> Iterator[None]:
        started = self._clock.monotonic()
        yield
        self.seconds += self._clock.monotonic() - started


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds, the quietest block's median, for 640x480 frames, video decoding excluded.

    A face frame goes through everything with one person in view; an empty frame is motionless.
    """

    face_frame_ms: float
    invocations_ms: float
    overhead_ms: float
    """The time that a face frame takes beyond the TFLite invocations in it."""
    empty_frame_ms: float
    empty_over_face: float
    detect_ms: float
    describe_ms: float
    xnnpack: bool
    """True if every model runs on TFLite's fast kernels."""


def measure(config: Config, frames: int = 200) -> Speed:
    """Run `frames` of each kind; raises ModelError where no face is found, since nothing would be measured."""
    clock = SystemClock()
    watch = Stopwatch(clock)
    analyzer = app.build_analyzer(config, watch.timer)
    picture = face_picture()
    face_frame = Frame(0.0, 0, picture)
    faces = analyzer.detect(face_frame)
    face = analyzer.describe(face_frame, faces[0]) if faces else None
    if face is None or face.embedding is None:
        raise ModelError(f"{config.recognition.detector} finds no usable face in the test picture")
    person = Person("0", "benchmark", "", (Photo(face.embedding, 1.0, analyzer.pack.sha256),))
    identifier = app.build_identifier(config, Enrolled((person,)))
    parts = (analyzer, identifier, app.build_identity_network(config, watch.timer))
    face_ms, invocations_ms = _frames(config, parts, picture, watch, clock, frames)
    empty_ms, _ = _frames(config, parts, np.full_like(picture, 90), watch, clock, frames)
    overheads = [whole - inside for whole, inside in zip(face_ms, invocations_ms, strict=True)]
    return Speed(
        face_frame_ms=quietest(face_ms),
        invocations_ms=quietest(invocations_ms),
        overhead_ms=quietest(overheads),
        empty_frame_ms=statistics.mean(empty_ms),  # the mean: a search once a second is part of the price
        empty_over_face=statistics.mean(empty_ms) / statistics.mean(face_ms),
        detect_ms=_median_ms(lambda: analyzer.detect(face_frame), clock, frames),
        describe_ms=_median_ms(lambda: analyzer.describe(face_frame, faces[0]), clock, frames),
        xnnpack=not analyzer.slow,
    )


def quietest(milliseconds: Sequence[float]) -> float:
    """The least median of a run's blocks: other work on the machine only ever adds."""
    return min(statistics.median(milliseconds[i : i + BLOCK]) for i in range(0, len(milliseconds), BLOCK))


def face_picture() -> Image:
    """A 640x480 picture with one face: what the shipped detector's golden answer was given for."""
    with np.load(load_pack(shipped("face-detector"), "detector").golden) as golden:
        rgb = golden["input"][0]
    square = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), (HEIGHT, HEIGHT), interpolation=cv2.INTER_CUBIC)
    margin = (WIDTH - HEIGHT) // 2
    return np.asarray(cv2.copyMakeBorder(square, 0, 0, margin, margin, cv2.BORDER_REPLICATE), np.uint8)


def _frames(
    config: Config,
    parts: tuple[Analyzer, Identifier, app.IdentityNetwork | None],
    picture: Image,
    watch: Stopwatch,
    clock: Clock,
    frames: int,
) -> tuple[list[float], list[float]]:
    """Milliseconds of each frame, and of the invocations in it, at 15 frames a second of the camera's time."""
    analyzer, identifier, identity_network = parts
    pipeline = app.build_pipeline(config, analyzer, MotionGate(), identifier, identity_network)
    gate = app.build_gate(config, analyzer.pack)
    whole: list[float] = []
    inside: list[float] = []
    for seq in range(frames + WARM_UP_FRAMES * 3):
        frame = Frame(seq / 15, seq, picture)
        watch.seconds, started = 0.0, clock.monotonic()
        sightings = pipeline.look(frame)
        gate.observe(Observation(frame.at, frame.at, frame.at, sightings))
        whole.append((clock.monotonic() - started) * 1000)
        inside.append(watch.seconds * 1000)
    return whole[-frames:], inside[-frames:]


def _median_ms(work: Callable[[], object], clock: Clock, times: int) -> float:
    samples: list[float] = []
    for _ in range(times):
        started = clock.monotonic()
        work()
        samples.append((clock.monotonic() - started) * 1000)
    return quietest(samples)


def in_words(speed: Speed) -> Sequence[str]:
    return (
        f"face frame        {speed.face_frame_ms:7.2f} ms   everything, one face in view",
        f"  TFLite          {speed.invocations_ms:7.2f} ms   the invocations in it",
        f"  overhead        {speed.overhead_ms:7.2f} ms   the rest of it",
        f"  detection       {speed.detect_ms:7.2f} ms",
        f"  description     {speed.describe_ms:7.2f} ms   landmarks, alignment, quality, embedding",
        f"motionless frame  {speed.empty_frame_ms:7.2f} ms   {speed.empty_over_face:.3f} of a face frame",
        f"XNNPACK           {'yes' if speed.xnnpack else 'no: everything is many times slower than it need be'}",
    )
