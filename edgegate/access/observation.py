"""The gate's observations and its decision: frozen values. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgegate.door.pulse import Hold, Pulse
from edgegate.events.vocabulary import Denial, Event
from edgegate.types import Box, Prediction


@dataclass(frozen=True, slots=True)
class Validity:
    """The time in which somebody may enter: from `since` until before `until`, seconds since the epoch."""

    since: float = float("-inf")
    until: float = float("inf")

    @property
    def limited(self) -> bool:
        """True if it depends on the time at all."""
        return self != ALWAYS

    def holds(self, wall: float) -> bool:
        return self.since <= wall < self.until


ALWAYS = Validity()


@dataclass(frozen=True, slots=True)
class Candidate:
    """The best match of an embedding among the enrolled people, and what it must reach to count."""

    person: str
    """The opaque id, never the name."""
    score: float
    """Cosine similarity to the person's template, -1…1."""
    threshold: float
    """The least `score` that keeps the false-accept rate."""
    margin: float
    """`score` minus the runner-up's; 2 when there is nobody else."""
    validity: Validity = ALWAYS
    """The time in which this person may enter, however well they are recognised."""
    groups: tuple[str, ...] = ()
    """The groups they belong to, which the access rules name."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One tracked face in the frame that is being decided on.

    `pooled` is the match of everything the track has shown, `own` of this frame alone; both are None while the
    face is too poor to say anything, or when nobody is enrolled. Where a network is asked that names
    people, they are comparisons with the one person it names, and None where it names nobody.
    """

    track: int
    visit: int
    """The first of the tracks that tracking takes for one coming of the same face."""
    box: Box
    frames: int = 0
    """Usable frames the track has pooled."""
    usable: bool = False
    """This frame's face is good enough to have an embedding."""
    pooled: Candidate | None = None
    own: Candidate | None = None
    prediction: Prediction | None = None
    """This frame's; None where no network is asked that names people."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The content of one frame. No sightings means: time passed and nobody is in view."""

    at: float
    """Now, monotonic seconds."""
    frame_at: float
    """The time at which the frame was taken."""
    received_at: float
    """The time at which the loop took the frame; what came before is the camera's delay, what follows is ours."""
    sightings: tuple[Sighting, ...] = ()
    wall: float = 0.0
    """The wall time of now, seconds since the epoch: what people's validity is judged by."""
    wall_trusted: bool = True
    """True if that is known to be right; a machine without a battery does not know until it is synchronized."""
    barred: Denial | None = None
    """The reason why the lock would open for nobody now: lockdown, or a fault; None if it would."""
    held: bool = False
    """True while the lock is held open, as it was last asked to."""


@dataclass(frozen=True, slots=True)
class Released:
    """Staff ended a lock-out; it is in the journal already."""

    at: float


@dataclass(frozen=True, slots=True)
class TooLate:
    """The lock did not give a pulse, mostly because its evidence had aged: the person was not let in."""

    at: float
    pulse: Pulse
    reason: Denial = field(default_factory=lambda: Denial.STALE)  # Denial comes further down


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of one observation: events to journal, and perhaps a pulse or a hold to give after that."""

    events: tuple[Event, ...] = ()
    pulse: Pulse | None = None
    hold: Hold | None = None
