"""The rules that decide who enters. Pure: no I/O, no clock, no pixels; everything it knows it is told.

Rules
-----
1. The nearest face, the largest in view, decides; the others are recorded in `data.others`.
2. A visit is one person's coming: the tracks that tracking takes for the same face, and tracks recognised as the
   same person, until none of them was in view for `rearm_seconds`.
3. A visit is granted at most once: when all of this holds in one frame:
   - the face is in view in that frame, and good enough to have an embedding of its own;
   - the track has pooled `decide_after_frames` such frames;
   - the pooled score reaches its threshold and is `margin` ahead of the runner-up; the threshold is that of the
     promised rate, or of a lookalike who is enrolled too, whichever is higher;
   - this frame's own embedding names the same person and reaches its own threshold, so that somebody who steps
     into a track does not inherit it;
   - the frame is not older than `max_frame_age`, nor stamped as far in the future (otherwise: refused as `stale`);
   - no lock-out runs (otherwise: `locked_out`);
   - the person may enter here and now, as the rules of `access` say (otherwise: `not_permitted_here`,
     `not_permitted_now`, or `clock_unsynchronized` where that depends on a time that is not known). That is asked
     of every frame, so that a permission begins and ends at its moment;
   - the lock would open now (otherwise: `lockdown` or `lock_fault`, as the observation says).
   Where a network is asked that names people (a tracker or a classifier), the scores are those of the person it
   names in this frame, and there are none where it names nobody: the network and the embedder must agree.
   A pooled score is one piece of evidence, however many frames it pools: frames of one visit resemble each other,
   and nowhere do they vote as if each were a chance of its own. The thresholds are measured for what is decided on.
4. A visit that shows `refuse_after_frames` usable frames without a grant is refused as `unknown`; as `unconfirmed`
   where the network named somebody in as many, and the embedder did not agree. It may still be granted afterwards;
   the other way round, a granted visit is not refused later, unless its pulse was too late.
5. Each refusal is told once per visit and reason.
6. A grant comes with the pulse that opens the door. The caller commits the events first, then hands the pulse to
   the lock, which checks the age once more; if it refuses, the caller says `TooLate`, with the lock's reason: the
   visit is open again.
7. A lock-out begins when as many visits as `lockout` says were refused as `unknown` or `unconfirmed`, and ends by
   time, or when staff released it (`Released`). `access.lockout` has its rules. Refusals are told meanwhile.
8. In hold-open hours the lock is held open, as `access.hold_open` says.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from edgegate.access import ANYBODY, NO_LOCKOUT, HoldOpen, HoldOpenHours, LockOut, LockOutRules, Permissions
from edgegate.access.observation import Candidate, Decision, Observation, Released, Sighting, TooLate
from edgegate.door.pulse import Pulse
from edgegate.events.vocabulary import Denial, Event, EventType

MARGIN_DECADES = 2 / 3
"""The margin that `GateRules` asks for, in powers of ten of the rate at which strangers reach a score: each embedder's
table says what one is worth in cosine (`Table.decade`)."""


@dataclass(frozen=True, slots=True)
class GateRules:
    """The settings that the gate decides by; seconds throughout."""

    unlock_seconds: float = 3.0
    max_frame_age: float = 0.5
    rearm_seconds: float = 5.0
    decide_after_frames: int = 5
    refuse_after_frames: int = 15
    margin: float = 0.01
    """The lead, in cosine, that the best match must have over the second-best person."""
    permissions: Permissions = ANYBODY
    lockout: LockOutRules = NO_LOCKOUT
    hold_open: HoldOpenHours | None = None
    """The hours in which the door stands open; None: never."""


_COUNTED = {Denial.UNKNOWN, Denial.UNCONFIRMED}
"""The refusals that lead to a lock-out; `spoof`, once there is such a thing, is another."""


@dataclass(slots=True)
class _Visit:
    id: int
    seen_at: float
    tracks: set[int] = field(default_factory=set)
    person: str | None = None
    usable_frames: Counter[Denial] = field(default_factory=Counter)
    """By what would be said of them if nothing better came."""
    grant: dict[str, Any] | None = None
    """The record of the grant, once there was one."""
    refused: set[Denial] = field(default_factory=set)


class Gate:
    """Decides. Feed it every frame's observation in order of time; time running backwards counts as standing still.

    `model` names the networks that scores come from, for the record.
    """

    def __init__(self, rules: GateRules, model: str) -> None:
        self._rules = rules
        self._model = model
        self._visits: list[_Visit] = []
        self._now = float("-inf")
        self._next_visit = 1
        self._lockout = LockOut()
        self._hold_open = HoldOpen()

    @property
    def locked_out(self) -> bool:
        return self._lockout.running

    @property
    def locked_out_until(self) -> float | None:
        """The end of the lock-out by time, in monotonic seconds; None while there is none."""
        return self._lockout.until

    def take_up_lockout(self, until: float) -> None:
        """Go on with a lock-out that began before this start, until this monotonic moment."""
        self._lockout.take_up(until)

    def change_rules(self, rules: GateRules) -> None:
        """Decide by these from the next observation on; visits and a lock-out go on."""
        self._rules = rules

    def observe(self, what: Observation | TooLate | Released) -> Decision:
        """Returns what follows from one frame, from time that passed, from a late pulse, or from staff's release."""
        self._now = max(self._now, what.at)
        if isinstance(what, TooLate):
            return self._too_late(what)
        if isinstance(what, Released):
            self._lockout.release()
            return Decision()
        over = self._lockout.pass_time(self._rules.lockout, self._now)
        decision = self._look(what)
        told, hold = self._hold_open.turn(self._rules.hold_open, what, self._now)
        if decision.pulse is not None:
            self._hold_open.person_in()
        return replace(decision, events=over + decision.events + told, hold=hold)

    def _look(self, what: Observation) -> Decision:
        """Returns what follows from who is in view."""
        self._forget_past_visits()
        if not what.sightings:
            return Decision()
        by_size = sorted(what.sightings, key=lambda sighting: sighting.box.area, reverse=True)
        visits = [self._visit_of(sighting) for sighting in by_size]
        return self._decide(what, by_size[0], visits[0], by_size[1:])

    def _forget_past_visits(self) -> None:
        earliest = self._now - self._rules.rearm_seconds
        self._visits = [visit for visit in self._visits if visit.seen_at >= earliest]

    def _visit_of(self, sighting: Sighting) -> _Visit:
        """The visit this face belongs to, by who it is before what tracking says, and marks it as seen."""
        person = sighting.pooled.person if self._recognised(sighting) and sighting.pooled else None
        by_track = next((v for v in self._visits if v.tracks & {sighting.track, sighting.visit}), None)
        by_person = next((v for v in self._visits if person is not None and v.person == person), None)
        visit = by_person or by_track
        if visit is None or (by_person is None and person is not None and visit.person not in {None, person}):
            visit = self._open_visit()
        if by_track is not None and by_track is not visit:
            by_track.tracks -= {sighting.track, sighting.visit}
        visit.tracks |= {sighting.track, sighting.visit}
        visit.person = person or visit.person
        visit.seen_at = self._now
        return visit

    def _open_visit(self) -> _Visit:
        visit = _Visit(self._next_visit, self._now)
        self._next_visit += 1
        self._visits.append(visit)
        return visit

    def _decide(self, what: Observation, nearest: Sighting, visit: _Visit, others: list[Sighting]) -> Decision:
        if not nearest.usable or visit.grant is not None:
            return Decision()
        reason = Denial.UNCONFIRMED if nearest.prediction is not None and nearest.prediction.name else Denial.UNKNOWN
        visit.usable_frames[reason] += 1
        if self._recognised(nearest):
            return self._admit(what, nearest, visit, others)
        if visit.usable_frames[reason] >= self._rules.refuse_after_frames:
            return self._refuse(reason, visit, self._record(what, nearest, others))
        return Decision()

    def _recognised(self, sighting: Sighting) -> bool:
        pooled, own = sighting.pooled, sighting.own
        return (
            sighting.usable
            and (sighting.prediction is None or sighting.prediction.name is not None)
            and sighting.frames >= self._rules.decide_after_frames
            and pooled is not None
            and own is not None
            and pooled.score >= pooled.threshold
            and pooled.margin >= self._rules.margin
            and own.person == pooled.person
            and own.score >= own.threshold
        )

    def _admit(self, what: Observation, nearest: Sighting, visit: _Visit, others: list[Sighting]) -> Decision:
        assert nearest.pooled is not None
        record = self._record(what, nearest, others)
        if abs(self._now - what.frame_at) > self._rules.max_frame_age:
            return self._refuse(Denial.STALE, visit, record, nearest.pooled.person)
        if (reason := self._forbidden(what, nearest.pooled) or what.barred) is not None:
            return self._refuse(reason, visit, record, nearest.pooled.person)
        visit.grant = record
        self._lockout.forgive(visit.id)
        event = Event(EventType.GRANTED, self._now, nearest.pooled.person, {"reason": "recognised", **record})
        not_after = min(what.frame_at, self._now) + self._rules.max_frame_age
        return Decision((event,), Pulse(self._rules.unlock_seconds, not_after, visit.id))

    def _too_late(self, what: TooLate) -> Decision:
        visit = next((v for v in self._visits if v.id == what.pulse.visit), None)
        if visit is None or visit.grant is None:
            return Decision()
        age = _milliseconds(self._now - visit.grant["frame_at"])
        record, visit.grant = visit.grant | {"frame_age_ms": age}, None
        self._hold_open.person_out()
        return self._refuse(what.reason, visit, record, visit.person)

    def _refuse(self, reason: Denial, visit: _Visit, record: dict[str, Any], person: str | None = None) -> Decision:
        if reason in visit.refused:
            return Decision()
        counts = reason in _COUNTED and not visit.refused & _COUNTED
        visit.refused.add(reason)
        denied = Event(EventType.DENIED, self._now, person, {"reason": reason.value, **record})
        lockout = self._lockout.count(self._rules.lockout, visit.id, self._now) if counts else ()
        return Decision((denied, *lockout))

    def _forbidden(self, what: Observation, who: Candidate) -> Denial | None:
        """Returns why somebody may not enter now, however well they are recognised; None if they may."""
        if self._lockout.running:
            return Denial.LOCKED_OUT
        permissions = self._rules.permissions
        return permissions.ask(who.groups, who.validity, what.wall, trusted=what.wall_trusted).reason

    def _record(self, what: Observation, nearest: Sighting, others: list[Sighting]) -> dict[str, Any]:
        best: Candidate | None = nearest.pooled
        claimed = {} if nearest.prediction is None else {"confidence": round(nearest.prediction.confidence, 4)}
        return {
            "track": nearest.track,
            "person": None,
            "score": None if best is None else round(best.score, 4),
            "threshold": None if best is None else round(best.threshold, 4),
            **claimed,
            "frames": nearest.frames,
            "frame_at": what.frame_at,
            "frame_age_ms": _milliseconds(self._now - what.frame_at),
            "latency_ms": _milliseconds(self._now - what.received_at),
            "model": self._model,
            "box": nearest.box.rounded(),
            "others": [{"track": other.track, "box": other.box.rounded()} for other in others],
        }


def _milliseconds(seconds: float) -> int:
    return max(0, round(seconds * 1000))
