"""Following faces over frames: detections become tracks, and tracks pool what they have shown. Pure.

A face is followed by its box. A track breaks when the box jumps, or when a new embedding does not look like what
the track has pooled: somebody stepped in. A new track that looks like one lost a moment ago belongs to the same
visit, so that a turned head does not make two visitors of one.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from edgegate.types import Box, Embedding
from edgegate.vision.faces import Face
from edgegate.vision.pooling import pool

SAME_FACE_RATE, SAME_VISITOR_RATE = 3e-4, 1e-5
"""The rates at which two people may be taken for one face, and for one visitor come back: cosines follow from the
embedder's table (`Table.one_to_one`)."""


@dataclass(frozen=True, slots=True)
class TrackingRules:
    """Limits within which a face may move and change and still be the same track."""

    pool_frames: int = 5
    """The number of the latest usable frames that are pooled: what the thresholds are measured for."""
    lost_seconds: float = 0.7
    """A track not seen for this long is over."""
    rejoin_seconds: float = 5.0
    """A track that was over for longer is forgotten; the same face is then a new visit."""
    min_iou: float = 0.2
    """Boxes of consecutive frames that overlap this much are the same face."""
    max_step: float = 0.6
    """…and so are boxes whose centres are closer than this many box widths: at few frames a second, faces jump."""
    same_face: float = 0.94
    """Cosine to the pooled embedding below which a face is somebody else's, and the track breaks."""
    same_visitor: float = 0.96
    """Cosine to a lost track's pooled embedding from which a new track belongs to the same visit."""


@dataclass(slots=True, eq=False)
class Track:
    """One face, followed. `pool` holds its latest usable (embedding, weight) pairs, `frames` counts all of them."""

    id: int
    visit: int
    """The id of the first track of this coming."""
    box: Box
    seen_at: float
    frames: int = 0
    pool: deque[tuple[Embedding, float]] = field(default_factory=deque)

    def pooled(self) -> Embedding | None:
        """The pool as one embedding; None before the first usable frame."""
        return pool(self.pool) if self.pool else None


class Tracker:
    """Gives every detected face a track. Feed it each frame's faces in order of time."""

    def __init__(self, rules: TrackingRules) -> None:
        self._rules = rules
        self._tracks: list[Track] = []
        self._lost: list[Track] = []
        self._next_id = 1

    def change_rules(self, rules: TrackingRules) -> None:
        """Follow by other rules from now on; tracks go on."""
        self._rules = rules

    @property
    def following(self) -> bool:
        """True if anybody is being followed: such a scene is looked at even if nothing moves."""
        return bool(self._tracks)

    def update(self, at: float, faces: Sequence[Face]) -> list[Track]:
        """The tracks of `faces`, in their order; tracks that no face continues grow old and end."""
        self._expire(at)
        tracks: list[Track | None] = [None] * len(faces)
        for face, track in self._matches(faces):
            tracks[face] = track
        return [self._seen(at, face.box, track) for face, track in zip(faces, tracks, strict=True)]

    def add_evidence(self, track: Track, embedding: Embedding, weight: float) -> Track:
        """Pool what a track's face looked like; the answer is the track it belongs to, a new one if it broke."""
        pooled = track.pooled()
        if pooled is None:
            track.visit = self._rejoined(embedding) or track.id
        elif float(pooled @ embedding) < self._rules.same_face:
            track = self._break(track, embedding)
        track.pool.append((embedding, weight))
        while len(track.pool) > self._rules.pool_frames:
            track.pool.popleft()
        track.frames += 1
        return track

    def _expire(self, at: float) -> None:
        ended = [t for t in self._tracks if at - t.seen_at > self._rules.lost_seconds]
        self._tracks = [t for t in self._tracks if t not in ended]
        self._lost = [t for t in self._lost + ended if at - t.seen_at <= self._rules.rejoin_seconds]

    def _matches(self, faces: Sequence[Face]) -> Iterable[tuple[int, Track]]:
        """Pairs of a face and the track it continues, the most certain first, each used once."""
        pairs = [
            (closeness, i, track)
            for i, face in enumerate(faces)
            for track in self._tracks
            if (closeness := self._closeness(face.box, track.box)) > 0
        ]
        taken: set[object] = set()
        for _, i, track in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2].id)):
            if i not in taken and track not in taken:
                taken |= {i, track}
                yield i, track

    def _closeness(self, a: Box, b: Box) -> float:
        """2 to 1 for boxes that overlap enough, 1 to 0 for ones that are merely near and alike in size, else 0."""
        iou = a.iou(b)
        if iou >= self._rules.min_iou:
            return 1.0 + iou
        step = math.dist(a.center, b.center) / max(a.width, b.width)
        alike = 0.5 <= a.width / b.width <= 2.0
        return 1.0 - step / self._rules.max_step if alike and step < self._rules.max_step else 0.0

    def _seen(self, at: float, box: Box, track: Track | None) -> Track:
        if track is None:
            track = self._start(at, box)
        track.box, track.seen_at = box, at
        return track

    def _start(self, at: float, box: Box) -> Track:
        track = Track(self._next_id, self._next_id, box, at)
        self._next_id += 1
        self._tracks.append(track)
        return track

    def _break(self, track: Track, embedding: Embedding) -> Track:
        self._tracks.remove(track)
        self._lost.append(track)
        successor = self._start(track.seen_at, track.box)
        successor.visit = self._rejoined(embedding) or successor.id
        return successor

    def _rejoined(self, embedding: Embedding) -> int | None:
        """The visit of the lost track that looks most like this face, if one looks enough like it."""
        alike = [(float(pooled @ embedding), track) for track in self._lost if (pooled := track.pooled()) is not None]
        score, best = max(alike, key=lambda pair: pair[0], default=(-1.0, None))
        return best.visit if best is not None and score >= self._rules.same_visitor else None
