"""Somebody at the exit button through all of a fault, and what that and the line have to agree on afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.booted.door import LOCK_PIN, Door, number
from tests.booted.trace import Span

UNIT = "test-presser.service"
SLACK = 0.06
"""Seconds by which two programs in the guest may differ about when the line changed."""

PRESSING = f"systemd-run --quiet --unit={UNIT} -p OOMScoreAdjust=-1000 -p Nice=-10 python3 /host/inside/presser.py"

UNTIL_THE_POWER_GOES = """
[Unit]
After=test-hardware.service
Requires=test-hardware.service

[Service]
ExecStart=python3 /host/inside/presser.py {unlocked}
Nice=-10

[Install]
WantedBy=basic.target
"""


@dataclass(frozen=True)
class Press:
    first: float
    answered: float | None
    tries: int

    def opened(self, span: Span, late: float) -> bool:
        """True if this opened the door for `span`, whose start was seen at most `late` seconds late."""
        return self.answered is not None and self.first - SLACK <= span.start <= self.answered + SLACK + late


@dataclass
class Watched:
    """The spans and presses seen on the line since the guest's time `start`."""

    door: Door
    start: float
    known: int
    """The journal's last number before."""
    presses: list[Press] = field(default_factory=list)
    """Filled at the end."""

    @property
    def openings(self) -> list[Span]:
        return self.door.guest.trace.spans(LOCK_PIN, self.door.unlocked, self.start)

    @property
    def without_a_press(self) -> list[Span]:
        """The times that the door was open and nobody had pressed."""
        trace = self.door.guest.trace
        late = {span: trace.longest_gap(span.start, span.start) for span in self.openings}
        return [span for span in late if not any(press.opened(span, late[span]) for press in self.presses)]

    def overruns(self, pulse_seconds: float) -> list[float]:
        """The seconds by which each opening was longer than a pulse, less what the sampler itself was kept waiting.

        The sampler comes before all else in the guest: what keeps it waiting is this machine, which no keeper can help.
        """
        trace = self.door.guest.trace
        stalls = [trace.longest_gap(span.start, span.start + span.seconds) for span in self.openings]
        return [span.seconds - pulse_seconds - stall for span, stall in zip(self.openings, stalls, strict=True)]

    def check(self) -> None:
        """Every press has opened the door, and nothing else but a grant in the journal has."""
        assert self.presses, "nobody pressed"
        unanswered = [press for press in self.presses if press.answered is None]
        assert not unanswered, f"the exit button did not open: {unanswered}"
        grants = self.door.events("access.granted", after=self.known)
        assert len(self.without_a_press) <= len(grants), f"open without a cause: {self.without_a_press}"

    def check_record(self, timeout: float = 60.0) -> None:
        """Asserts for a keeper that lived through it: each press was answered at once, and is in the journal once."""
        slow = [press for press in self.presses if press.tries > 1]
        assert not slow, f"pressed more than once until it opened: {slow}"
        reported = self.door.guest.python(
            "import rig\n"
            "count = lambda: len(rig.events('exit.requested', after=known))\n"
            "try: rig.wait_for(lambda: count() >= wanted, limit, every=0.2)\n"
            "except TimeoutError: pass\n"
            "give(count())",
            known=self.known, wanted=len(self.presses), limit=timeout, timeout=timeout + 20,
        )  # fmt: skip
        assert reported == len(self.presses), f"{reported} in the journal, where each of {self.presses} should be once"


@contextmanager
def pressing(door: Door) -> Iterator[Watched]:
    """Somebody presses the exit button every two seconds; afterwards it is checked what came of it."""
    known = max(map(number, door.events()), default=0)
    door.guest.run("rm -f /run/presses /run/pressed-enough")
    watched = Watched(door, door.guest.trace.now, known)
    door.guest.run(f"{PRESSING} {door.unlocked}")
    try:
        yield watched
    finally:
        watched.presses = _end(door)
    watched.check()


def always_pressing(door: Door) -> None:
    """Presses the button from now on, and after every boot from when there is one to press."""
    door.guest.write(f"/etc/systemd/system/{UNIT}", UNTIL_THE_POWER_GOES.format(unlocked=door.unlocked))
    door.guest.run(f"systemctl enable --now {UNIT} && sync")


def _end(door: Door) -> list[Press]:
    door.guest.python(
        "import pathlib, rig\n"
        "pathlib.Path('/run/pressed-enough').touch()\n"
        "rig.wait_for(lambda: rig.show(unit, 'ActiveState') != 'active', 80.0, every=0.1)",
        unit=UNIT,
        timeout=100,
    )
    door.guest.python("import rig; rig.wait_for(lambda: rig.level(pin) == locked)", pin=LOCK_PIN, locked=door.locked)
    door.guest.trace.wait_until(door.guest.python("import rig; give(rig.now())"))
    return [_parse(line) for line in door.guest.run("cat /run/presses").splitlines()]


def _parse(line: str) -> Press:
    first, answered, tries = line.split()
    return Press(float(first), None if answered == "never" else float(answered), int(tries))
