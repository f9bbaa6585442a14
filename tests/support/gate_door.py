"""A gate that sees frames one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgegate.access.gate import Gate, GateRules
from edgegate.access.observation import Decision, Observation, Sighting, TooLate
from edgegate.door.pulse import Pulse
from edgegate.events.vocabulary import Event, EventType
from tests.support.fakes import seen

FRAME = 0.1


RULES = GateRules(
    unlock_seconds=3.0,
    max_frame_age=0.5,
    rearm_seconds=5.0,
    decide_after_frames=3,
    refuse_after_frames=6,
    margin=0.02,
)


STRANGER = seen(None)


@dataclass
class Door:
    """A gate, the time, and everything that it decided."""

    gate: Gate = field(default_factory=lambda: Gate(RULES, "embedder-1"))
    now: float = 100.0
    trusted: bool = True
    """True if the wall clock is trusted; it shows `now`."""
    events: list[Event] = field(default_factory=list)
    pulses: list[Pulse] = field(default_factory=list)

    def see(self, *sightings: Sighting, age: float = 0.05, frames: int = 1) -> Decision:
        """Show the same view for some frames; the answer is the last one's decision."""
        for _ in range(frames):
            self.now += FRAME
            observation = Observation(self.now, self.now - age, self.now, sightings, self.now, self.trusted)
            decision = self._keep(self.gate.observe(observation))
        return decision

    def wait(self, seconds: float) -> None:
        """Nobody in view for this long."""
        self.see(frames=round(seconds / FRAME))

    def too_late(self, pulse: Pulse) -> Decision:
        return self._keep(self.gate.observe(TooLate(self.now, pulse)))

    def _keep(self, decision: Decision) -> Decision:
        self.events += decision.events
        self.pulses += [decision.pulse] if decision.pulse else []
        return decision

    @property
    def granted(self) -> list[str | None]:
        return [event.subject for event in self.events if event.type is EventType.GRANTED]

    @property
    def refused(self) -> list[str]:
        return [event.data["reason"] for event in self.events if event.type is EventType.DENIED]
