"""The words that pass between the rooms: frozen values, valid if they exist. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:  # the lock keeper speaks these words too, and must not load NumPy
    import numpy as np
    import numpy.typing as npt

Image: TypeAlias = "npt.NDArray[np.uint8]"
"""Pixels, uint8, (height, width, 3) in BGR order unless a docstring says otherwise."""

Points: TypeAlias = "npt.NDArray[np.float32]"
"""Points in pixels, float32, (n, 2): x to the right, y down."""

Embedding: TypeAlias = "npt.NDArray[np.float32]"
"""A face as a float32 vector of length 1; the cosine of two is their dot product."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture from a camera.

    `at` is when the sensor took it, in seconds on the monotonic clock (in a recording: since its start), so
    that age can be judged however late the picture arrives. `seq` counts frames of one source from 0; a gap is
    a dropped frame.
    """

    at: float
    seq: int
    image: Image
    preview: Image | None = None
    """The same moment, smaller, BGR, same aspect ratio: what a camera's second (lores) stream gives for nothing."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, x1 < x2 and y1 < y2; it may reach beyond the picture."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def center(self) -> tuple[float, float]:
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    def iou(self, other: Box) -> float:
        """Intersection over union, 0…1."""
        width = min(self.x2, other.x2) - max(self.x1, other.x1)
        height = min(self.y2, other.y2) - max(self.y1, other.y1)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + other.area - shared)

    def rounded(self) -> tuple[int, int, int, int]:
        return round(self.x1), round(self.y1), round(self.x2), round(self.y2)


class Fault(StrEnum):
    """Why a face, or a photo, is not good enough to say who it is."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "too_small"
    CUT_OFF = "cut_off"
    BLURRED = "blurred"
    DARK = "dark"
    OVEREXPOSED = "overexposed"
    POSE = "pose"
    DUPLICATE_OF = "duplicate_of"
    LOOKALIKE_OF = "lookalike_of"
    NOT_SAME_PERSON = "not_same_person"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a face can be seen.

    `size` is the shorter side of the box in pixels; `sharpness` and `brightness` are measured on the aligned
    face (see `vision.quality`); `yaw` is 0 for a frontal face and about ±1 for a profile. `weight`, 0…1, is what
    the frame counts in a pooled embedding.
    """

    size: float
    sharpness: float
    brightness: float
    yaw: float
    weight: float
    faults: tuple[Fault, ...] = ()

    @property
    def usable(self) -> bool:
        return not self.faults


UNKNOWN_CLASS = 0
"""The class that stands for nobody and for everybody else, in a network that names people."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a tracker or a classifier says of a face: a claim, until the embedder has confirmed it."""

    name: str | None
    """Of the class, which is an enrolled person's; None where the network names nobody here, or is not sure."""
    confidence: float
    """The probability of its likeliest class, 0…1."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face in one frame. `embedding` is there only if the face was good enough to have one."""

    box: Box
    score: float
    """The detector's confidence, 0…1."""
    keypoints: Points
    """Image-left eye, image-right eye, nose tip, mouth."""
    quality: Quality | None = None
    embedding: Embedding | None = None
    claim: Claim | None = None
    """None where no network is asked that names people."""
    mesh: Points | None = None
    """Its 468 landmarks in pixels, where it has been looked at closely."""


@dataclass(frozen=True, slots=True)
class Validity:
    """When somebody may enter: from `since` until before `until`, seconds since the epoch."""

    since: float = float("-inf")
    until: float = float("inf")

    @property
    def limited(self) -> bool:
        """Whether it depends on the time at all."""
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
    """What `score` must reach for the promised false-accept rate."""
    margin: float
    """`score` minus the runner-up's; 2 when there is nobody else."""
    validity: Validity = ALWAYS
    """When this person may enter, however well they are recognised."""
    groups: tuple[str, ...] = ()
    """What they belong to; the access rules name groups."""


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
    claim: Claim | None = None
    """This frame's; None where no network is asked that names people."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a frame showed. No sightings means: time passed and nobody is in view."""

    at: float
    """Now, monotonic seconds."""
    frame_at: float
    """When the frame was taken."""
    received_at: float
    """When the loop took the frame in hand; what came before is the camera's delay, what follows is ours."""
    sightings: tuple[Sighting, ...] = ()
    wall: float = 0.0
    """The wall time of now, seconds since the epoch: what people's validity is judged by."""
    wall_trusted: bool = True
    """Whether that is known to be right; a machine without a battery does not know until it is synchronized."""
    barred: Denial | None = None
    """Why the lock would open for nobody now: lockdown, or a fault; None if it would."""
    held: bool = False
    """Whether the lock is held open now, as it was last asked to."""


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


MAX_PULSE_SECONDS = 30.0
"""No pulse is longer, whatever the config says: a door that must stay open is held, not pulsed."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Open the lock now, and lock it again by itself after `seconds`.

    Raises ValueError outside 0.1…MAX_PULSE_SECONDS. `not_after` (monotonic seconds) is when the evidence is too
    old to act on; the lock checks it again at the very last moment.
    """

    seconds: float
    not_after: float
    visit: int

    def __post_init__(self) -> None:
        if not 0.1 <= self.seconds <= MAX_PULSE_SECONDS:
            raise ValueError(f"a pulse lasts 0.1 to {MAX_PULSE_SECONDS:g} seconds, not {self.seconds!r}")


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep the lock open from now on, and lock it by itself at `until` (monotonic seconds)."""

    until: float


class EventType(StrEnum):
    """What is told to staff; on the wire each is prefixed `io.edgegate.`."""

    GRANTED = "access.granted"
    DENIED = "access.denied"
    UNLOCKED = "lock.unlocked"
    LOCKED = "lock.locked"
    LOCK_FAULT = "lock.fault"
    """A line cannot be driven, or the keeper's own record suffered; `reason` says which."""
    REQUEST_REFUSED = "lock.request_refused"
    """Somebody asked the lock keeper for something that it does not do, or not any more."""
    UNUSED = "access.unused"
    """The lock was opened for somebody who was granted entry, and the door was not."""
    LOCKOUT_STARTED = "access.lockout_started"
    LOCKOUT_ENDED = "access.lockout_ended"
    """`reason`: `time`, `released` (by staff) or `rules_changed`."""
    HOLD_OPEN_STARTED = "access.hold_open_started"
    """The hours during which the door stands open; `hold.started` is the lock's own word."""
    HOLD_OPEN_ENDED = "access.hold_open_ended"
    """`reason`: `schedule`, or `interrupted` where the lock did not hold on."""
    EXIT_REQUESTED = "exit.requested"
    EXIT_STUCK = "exit.stuck"
    EXIT_FREED = "exit.freed"
    DOOR_OPENED = "door.opened"
    DOOR_CLOSED = "door.closed"
    FORCED_OPEN = "door.forced_open"
    HELD_OPEN = "door.held_open"
    TAMPERED = "door.tampered"
    TAMPER_ENDED = "door.tamper_ended"
    FIRE_STARTED = "fire.started"
    FIRE_ENDED = "fire.ended"
    HOLD_STARTED = "hold.started"
    HOLD_ENDED = "hold.ended"
    LOCKDOWN_STARTED = "lockdown.started"
    LOCKDOWN_ENDED = "lockdown.ended"
    CAMERA_STALLED = "camera.stalled"
    CAMERA_RECOVERED = "camera.recovered"
    SERVICE_STARTED = "service.started"
    SERVICE_STOPPED = "service.stopped"
    SERVICE_RELOADED = "service.reloaded"
    RELOAD_REFUSED = "service.reload_refused"
    DEGRADED = "service.degraded"
    """A part of the door does not do all that it should: `part`, and `reason` in words."""
    RECOVERED = "service.recovered"
    PERSON_ENROLLED = "person.enrolled"
    PERSON_CHANGED = "person.changed"
    PERSON_FORGOTTEN = "person.forgotten"
    PERSON_EXPORTED = "person.exported"


class CameraFault(StrEnum):
    """Why there are no frames to decide on."""

    NO_FRAMES = "no_frames"
    """It is there, and silent."""
    FROZEN = "frozen"
    """It gives the same picture again and again."""
    UNPLUGGED = "unplugged"
    """There is no such device, or no longer."""
    UNREACHABLE = "unreachable"
    """Nothing answers at its address."""
    REFUSED = "refused"
    """It answers, and does not give its pictures: password, path, certificate."""
    IN_USE = "in_use"
    """Another program has it."""
    LATE = "late"
    """Its frames come too late to be of use."""
    UNUSABLE = "unusable"
    """It is there, and cannot be used as it is."""


class Denial(StrEnum):
    """Why somebody was not let in."""

    UNKNOWN = "unknown"
    UNCONFIRMED = "unconfirmed"
    STALE = "stale"
    NOT_PERMITTED_HERE = "not_permitted_here"
    NOT_PERMITTED_NOW = "not_permitted_now"
    CLOCK_UNSYNCHRONIZED = "clock_unsynchronized"
    LOCKED_OUT = "locked_out"
    """Recognised, but too many others were refused a moment ago."""
    LOCKDOWN = "lockdown"
    LOCK_FAULT = "lock_fault"
    """Recognised and granted, but the lock could not be asked or driven."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, before it has a sequence number: the journal gives it one.

    `subject` is a person's opaque id. `data` holds what JSON can hold; a time in it is monotonic until the
    journal's clock turns it into RFC 3339 (see `events`).
    """

    type: EventType
    at: float
    subject: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from one observation: events to journal, and perhaps a pulse or a hold to give after that."""

    events: tuple[Event, ...] = ()
    pulse: Pulse | None = None
    hold: Hold | None = None
