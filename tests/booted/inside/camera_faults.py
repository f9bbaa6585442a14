"""Runs in the guest: faults of the test camera, how soon each is reported, and how soon after its end frames come."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import rig  # type: ignore[import-not-found]  # beside this file, in the guest

DRIVER = Path("/sys/bus/platform/drivers/vivid")
SCENE = Path("/run/scene")


def drop(share: int) -> None:
    subprocess.run(["v4l2-ctl", "-d", "/dev/video0", "-c", f"percentage_of_dropped_buffers={share}"], check=True)


def bind(how: str) -> None:
    (DRIVER / how).write_text("vivid.0")


FAULTS: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "unplugged": (lambda: bind("unbind"), lambda: bind("bind")),
    "frozen": (lambda: SCENE.write_text("frozen-nobody"), lambda: SCENE.write_text("nobody")),
    "dropping": (lambda: drop(100), lambda: drop(0)),
}


def measure(name: str, times: int) -> list[tuple[str, float, float]]:
    """Returns its reason, seconds until that was in the journal, and from its end until its recovery was."""
    chance = random.Random(1)
    broken, mended = FAULTS[name]
    measured = []
    for _ in range(times):
        known, at = rig.last_number(), rig.now()
        broken()
        try:
            stalled, noticed = news("camera.stalled", known, at, 20.0)
            time.sleep(chance.random() * 3)
        finally:  # for the next fault
            known, at = rig.last_number(), rig.now()
            mended()
        _, back = news("camera.recovered", known, at, 60.0)
        measured.append((stalled["data"]["reason"], noticed, back))
        wait_until_wired()
        time.sleep(1.0 + chance.random())
    return measured


def news(kind: str, known: int, since: float, timeout: float) -> tuple[dict[str, dict[str, str]], float]:
    """The event that comes after number `known`, and how long after `since` it was there to be read."""
    end = rig.now() + timeout
    while rig.now() < end:
        if found := rig.events(kind, after=known):
            return found[0], rig.now() - since
        time.sleep(0.02)
    raise TimeoutError(f"no {kind}")


def wait_until_wired() -> None:
    """Until the camera sees what the projector plays, for which it may have to be plugged in once more.

    The door can be quicker than the projector, and a camera whose pictures somebody takes cannot be wired.
    """
    for _ in range(3):
        with suppress(TimeoutError):
            rig.wait_for(playing, 15.0, every=0.1)
            return
        for how, kind in (("unbind", "camera.stalled"), ("bind", "camera.recovered")):
            known = rig.last_number()
            bind(how)
            news(kind, known, rig.now(), 60.0)
    raise TimeoutError("the projector does not come back")


def playing() -> bool:
    """The projector has been there for a second: it has wired the camera that came back."""
    return bool(rig.show("test-projector.service", "SubState") == "running" and _age("test-projector.service") > 1.0)


def _age(unit: str) -> float:
    return float(rig.now()) - int(rig.show(unit, "ActiveEnterTimestampMonotonic")) / 1e6
