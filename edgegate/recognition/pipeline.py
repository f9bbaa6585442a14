"""From a frame to an observation: is anything there, which faces, whose."""

from __future__ import annotations

from typing import Protocol

from edgegate.access.observation import Candidate, Sighting
from edgegate.recognition.tracking import Track, Tracker, TrackingRules
from edgegate.types import Embedding, Frame, Prediction
from edgegate.vision.faces import Face

LOOK_ANYWAY_SECONDS = 1.0
"""A motionless scene is searched this often all the same: somebody may have stood still since before the start."""

KEEP_LOOKING_SECONDS = 1.0
"""After the last motion, every frame is searched for this long."""


class FrameAnalyzer(Protocol):
    """`vision.analyzer`, or `vision.tracker` or `vision.classifier` around it, as far as the pipeline needs it."""

    def detect(self, frame: Frame) -> tuple[Face, ...]: ...

    def describe(self, frame: Frame, face: Face) -> Face: ...


class Matcher(Protocol):
    """`identification`, or `closed_set` where the network decides alone, as far as the pipeline needs it."""

    def match(self, embedding: Embedding, frames: int, prediction: Prediction | None = None, /) -> Candidate | None: ...

    def match_own(self, embedding: Embedding, prediction: Prediction | None = None, /) -> Candidate | None: ...


class MotionCheck(Protocol):
    """`vision.motion`, as far as the pipeline needs it."""

    def moved(self, frame: Frame) -> bool: ...


class Pipeline:
    """Vision, tracking and identification in their order; only the nearest face, which decides, is embedded."""

    def __init__(self, analyzer: FrameAnalyzer, motion: MotionCheck, tracker: Tracker, matcher: Matcher) -> None:
        self._analyzer = analyzer
        self._motion = motion
        self._tracker = tracker
        self._matcher = matcher
        self._moved_at = float("-inf")
        self._looked_at = float("-inf")

    def change_rules(self, rules: TrackingRules) -> None:
        """Follow faces by other rules from now on."""
        self._tracker.change_rules(rules)

    def look(self, frame: Frame) -> tuple[Sighting, ...]:
        """The faces of one frame, tracked and, for the nearest, compared with everybody enrolled."""
        if not self._worth_looking(frame):
            return ()
        self._looked_at = frame.at
        faces = self._analyzer.detect(frame)
        tracks = self._tracker.update(frame.at, faces)
        if not faces:
            return ()
        nearest = max(range(len(faces)), key=lambda i: faces[i].box.area)
        face = self._analyzer.describe(frame, faces[nearest])
        sightings = [Sighting(t.id, t.visit, t.box, t.frames) for t in tracks]
        sightings[nearest] = self._identify(tracks[nearest], face)
        return tuple(sightings)

    def _worth_looking(self, frame: Frame) -> bool:
        if self._tracker.following:  # then motion is no question
            return True
        if self._motion.moved(frame):
            self._moved_at = frame.at
        return frame.at - self._moved_at <= KEEP_LOOKING_SECONDS or frame.at - self._looked_at >= LOOK_ANYWAY_SECONDS

    def _identify(self, track: Track, face: Face) -> Sighting:
        if face.embedding is None:
            return Sighting(track.id, track.visit, track.box, track.frames, prediction=face.prediction)
        weight = 1.0 if face.quality is None else face.quality.weight  # a network alone judges no quality
        track = self._tracker.add_evidence(track, face.embedding, weight)
        pooled = track.pooled()
        assert pooled is not None
        return Sighting(
            track.id,
            track.visit,
            track.box,
            track.frames,
            usable=True,
            pooled=self._matcher.match(pooled, len(track.pool), face.prediction),
            own=self._matcher.match_own(face.embedding, face.prediction),
            prediction=face.prediction,
        )
