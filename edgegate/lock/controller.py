"""The lock: the only part that drives the pins. What follows from what is `door`'s table; this carries it out.

1. There is no unlock. A pulse and a hold carry their own end, and so does the exit button's pulse.
2. The relock timer is armed before the pin is driven: where no timer can be armed, no request opens. It depends on
   no camera, model or loop. An exit or a fire opens even so, and `tick` locks again.
3. Evidence is checked at the last moment: a pulse that comes after its `not_after` opens nothing.
4. A pulse during a pulse extends it and never shortens it.
5. Locked and unlocked levels come from one place (`active_high`), and the pin has its locked level from the
   moment it is an output.
6. A level is read back after it is set. Driving that fails is reported, and tried again until it is verified; a request
   to unlock that fails is undone.
7. `close()` locks first. Then the pin is an input, as it is before the program starts and after it was killed:
   a resistor on the relay board must hold the locked level.

No answer contradicts the pin. "Opened" means that the driver accepted the unlocked level and that reading back does not
deny it: where it cannot be read back the door counts as open, the relock timer runs, and the fault is reported and
tried again. LockError means that nothing was opened: the line was not touched, or is locked again. InDoubtError means
that it could not be verified as locked. `locked` and `status` never raise: where the pin cannot be read they go by what
was verified last, and report the fault.
A pulse waits for nothing but the guard, which is held while a pin is driven or read, never during I/O that may wait.

It needs gpiozero and the standard library only: the same class runs in the daemon and in the lock keeper's process.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from edgegate import door
from edgegate.clock import Clock
from edgegate.door import Input, Leaf, Part, State
from edgegate.door.pulse import Pulse
from edgegate.errors import InDoubtError, LockError
from edgegate.events.vocabulary import Event, EventType
from edgegate.lock.inputs import Panel
from edgegate.lock.interface import LockStatus
from edgegate.lock.relock import RelockTimer
from edgegate.lock.strike import Line, UnverifiedError, pin_factory
from edgegate.lock.wiring import Wiring

log = logging.getLogger(__name__)

Tell = Callable[[Event], None]
"""Told what happened, after the pin changed, on whichever thread changed it. It must not wait for anything: the lock
is held meanwhile, so that events are told in their order."""

RETRY_SECONDS = 0.1


class LockController:
    """A lock and its door on GPIO pins; see the module's rules. Any thread may call anything.

    `factory` makes the pins, and is gpiozero's. Raises LockError when a pin cannot be claimed.
    """

    def __init__(self, wiring: Wiring, clock: Clock, factory: Any, tell: Tell) -> None:
        self._clock, self._tell = clock, tell
        self._times, self._wiring = wiring.times, wiring.digest
        self._guard = threading.RLock()
        self._timer = RelockTimer(clock, self._wake)
        self._unlocked = self._closed = False
        self.fault: str | None = None
        self._state = State(clock.monotonic(), contact=bool(wiring.contact_pin))
        self._line = Line(wiring.lock_pin, factory, active_high=wiring.active_high)
        with self._guard:
            try:
                self._panel = Panel(wiring, factory, self._edge)
            except LockError:
                self._line.close()
                raise
            self._begin()

    @property
    def locked(self) -> bool:
        """True while the pin, read back now, has its locked level. After `close()`: if it had."""
        with self._guard:
            return not (self._line.may_be_unlocked if self._closed else self._read_back())

    def status(self) -> LockStatus:
        with self._guard:
            state, locked = self._state, self.locked  # which may find fault
            return LockStatus(locked, state.door, state.mode, state.cause == "fire", self.fault, self._wiring)

    def pulse(self, pulse: Pulse) -> bool:
        """Open for `pulse.seconds`; False, and nothing happens, if its evidence is too old by now or in lockdown.

        Raises LockError if the lock is closed, no timer can be armed, or the pin cannot be driven: it opened nothing.
        Raises InDoubtError if that is not known.
        """
        with self._guard:
            self._check_open()
            if self._clock.monotonic() > pulse.not_after:
                return False
            return self._ask(Input.GRANT, pulse.seconds)

    def hold(self, seconds: float) -> bool:
        """Raises LockError as `pulse` does, and ValueError beyond `door.MAX_HOLD_SECONDS`."""
        with self._guard:
            self._check_open()
            return self._ask(Input.HOLD, seconds)

    def lockdown(self) -> None:
        """It opens nothing, so it needs no timer; nor does `resume`."""
        with self._guard:
            self._check_open()
            self._happen(Input.LOCKDOWN)

    def resume(self) -> None:
        with self._guard:
            self._check_open()
            self._happen(Input.RESUME)

    def tick(self) -> None:
        """Make up for timers that did not run and edges that were not seen; call it a few times a second.

        Raises LockError while the pin cannot be driven or read: then it is not as it should be.
        """
        with self._guard:
            if self._closed:
                return
            self._catch_up()
            self._look_for_missed_edges()
            if self._read_back() != self._state.unlocked or self.fault is not None:
                self._follow()
            if self.fault is not None:
                raise LockError(self.fault)

    def close(self) -> None:
        """Lock, and give the pins back; a second call does nothing. Raises LockError if it cannot be locked."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            self._timer.disarm()
            try:
                self._line.drive(unlocked=False)
                if self._state.latch.place is door.Latch.HOLD:  # which does not come back with the next start
                    self._tell(Event(EventType.HOLD_ENDED, self._clock.monotonic()))
                self._tell_level(unlocked=False)
            finally:
                self._panel.close()
                self._line.close()

    def _begin(self) -> None:
        """Take the door as it is found: one that stands open was not forced now, a pressed button or bar is no edge."""
        now = self._state.now
        parts: dict[str, Part] = {}
        found = set(self._panel.levels())
        if Input.DOOR_OPENED in found:
            parts["leaf"] = Part(Leaf.OPEN, now, now + self._times.open_seconds)
        if Input.EXIT_PRESSED in found:
            parts["button"] = Part(door.Button.PRESSED, now, now + self._times.stuck_seconds)
        if Input.HANDLE in found:
            parts["handle"] = Part(door.Handle.HELD, now, now + self._times.stuck_seconds)
        self._state = self._state.moved(parts)
        for what in (Input.FIRE, Input.TAMPER):
            if what in found:
                self._happen(what)
        self._arm_leniently()
        self._panel.show(self._state)

    def _look_for_missed_edges(self) -> None:
        times = self._times
        for what in self._panel.missed(self._clock.monotonic(), lambda what: door.is_news(self._state, what, times)):
            log.warning("an edge was missed: %s", what)
            self._happen(what)

    def _check_open(self) -> None:
        if self._closed:
            raise LockError("the lock is closed: nothing is done for anybody any more")

    def _ask(self, what: Input, seconds: float) -> bool:
        """Open as was asked for entirely, or not at all."""
        self._catch_up()
        before = self._state
        result = door.step(before, what, self._clock.monotonic(), self._times, seconds)
        if result.refused is not None:
            return False
        self._timer.arm(result.state.due)
        self._state = result.state
        failure = self._drive()
        if failure is not None and before.unlocked:
            failure = self._drive()  # the door may stand open: there is nothing to bring it back to
        if failure is not None:
            self._undo(before, failure)
        self._tell_all(result.told)
        return True

    def _undo(self, before: State, failure: LockError) -> NoReturn:
        self._state = before
        self._follow()  # the level may have changed even so
        self._arm_leniently()
        if self._line.may_be_unlocked:
            raise InDoubtError(f"{failure}; whether it is locked is not known")
        raise failure

    def _edge(self, what: Input, at: float) -> None:
        with self._guard:
            if not self._closed and not self._panel.was_made_up(what, at):
                self._happen(what)

    def _happen(self, what: Input) -> None:
        """Something happened at the door, or opens nothing: it counts whether or not everything works."""
        with self._guard:
            if self._closed:
                return
            self._catch_up()
            result = door.step(self._state, what, self._clock.monotonic(), self._times)
            self._state = result.state
            self._arm_leniently()
            self._follow(result.told)

    def _catch_up(self, at: float = 0.0) -> None:
        """Let everything happen whose time has come; timers only call this in time."""
        result = door.advance(self._state, max(self._clock.monotonic(), at), self._times)
        self._state = result.state
        if result.told or result.state.unlocked != self._unlocked:
            self._follow(result.told)

    def _follow(self, told: Sequence[door.DoorEvent] = ()) -> None:
        """Drive the pin as the state wants it, now or as soon as that succeeds, and tell."""
        failure = self._drive()
        if failure is not None:
            self._note(failure)
        self._tell_all(told, reached=failure is None)

    def _drive(self) -> LockError | None:
        """Drive the pin as the state wants it, and return the failure; an unlock that is only unverified is none."""
        try:
            self._line.drive(unlocked=self._state.unlocked)
        except UnverifiedError as error:
            if not self._state.unlocked:
                return error
            self._note(error)
        except LockError as error:
            return error
        else:
            self.fault = None
        return None

    def _note(self, fault: LockError) -> None:
        """Report a fault once, and try again soon."""
        if self.fault is None:
            self._tell(Event(EventType.LOCK_FAULT, self._clock.monotonic(), data={"reason": str(fault)}))
            log.critical("%s; trying again until it works", fault)
        self.fault = str(fault)
        self._arm_leniently()

    def _read_back(self) -> bool:
        """True if the line is unlocked; where it cannot be read, if it may be."""
        try:
            return self._line.unlocked
        except LockError as error:
            if self.fault is None:  # else it has words already, of driving it perhaps
                self._note(error)
            return self._line.may_be_unlocked

    def _tell_all(self, told: Sequence[door.DoorEvent], *, reached: bool = True) -> None:
        """Report what happened, and the level if the line `reached` it."""
        for event in told:
            self._tell(Event(event.type, event.at, data=dict(event.data)))
        if reached:
            self._tell_level(unlocked=self._state.unlocked)
        self._panel.show(self._state)

    def _tell_level(self, *, unlocked: bool) -> None:
        if unlocked != self._unlocked:
            self._unlocked = unlocked
            what, cause = (EventType.UNLOCKED, {"cause": self._state.cause}) if unlocked else (EventType.LOCKED, {})
            self._tell(Event(what, self._clock.monotonic(), data=cause))

    def _arm_leniently(self) -> None:
        """Arm for the next timeout or try, but let nothing else depend on it."""
        due, retry = self._state.due, self._clock.monotonic() + RETRY_SECONDS
        try:
            self._timer.arm(due if self.fault is None else min(retry, due if due is not None else retry))
        except LockError as error:
            log.critical("%s", error)

    def _wake(self, at: float) -> None:
        with self._guard:
            if self._closed:
                return
            self._timer.ran(at)
            self._catch_up(at)
            if self.fault is not None:
                self._follow()
            self._arm_leniently()


def build_lock(wiring: Wiring, clock: Clock, tell: Tell, factory: Any = None) -> LockController:
    """The lock that `[door]` describes, locked, in this process; on mock pins nothing else is wired.

    `factory` makes the pins; by default it is what `wiring.pins` names. Raises LockError where pins cannot be driven.
    """
    wired = wiring.lock_alone if wiring.pins == "mock" else wiring
    return LockController(wired, clock, factory or pin_factory(wiring.pins), tell)
