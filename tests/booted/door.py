"""A guest with the project installed: its two services, its camera, its line, and what its journal says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.booted import pictures
from tests.booted.guest import Guest
from tests.booted.kernel import Kernel

KEEPER, DAEMON = "edgegate-lock.service", "edgegate.service"
LOCK_PIN, EXIT_PIN = 17, 20
PYTHON = "/opt/edgegate/bin/python"
"""The one that can import edgegate."""


class Door:
    """Boot it, and it is in service: the keeper holds the line, the daemon looks at an empty corridor."""

    def __init__(self, kernel: Kernel, image: Path, folder: Path) -> None:
        self.guest = Guest(kernel, image, folder)
        pictures.write(self.guest.share / "scenes")
        self.locked, self.unlocked = 0, 1
        """Levels of the lock's line."""

    def boot(self, *arguments: str, timeout: float = 90.0) -> Door:
        """Waits until both units are active; raises GuestError."""
        self.guest.boot(*arguments)
        self.guest.wait_until_up(timeout)
        return self

    def active_low(self) -> None:
        """Rewire the relay board: it switches on low."""
        self.configure("door.active_high", False)
        self.locked, self.unlocked = 1, 0
        self.guest.run(f"systemctl restart {KEEPER}")

    def configure(self, key: str, value: object) -> None:
        """Set `table.key` in the door's config; a service reads it when it is (re)started."""
        self.guest.python(f"import rig; rig.configure({key!r}, {value!r})")

    def show(self, scene: str) -> None:
        """Sets the scene before the camera: one of `pictures.SHOWN`, with `pictures.FROZEN` before it or not."""
        self.guest.run(f"echo {scene} > /run/scene")

    def python(self, program: str, *, timeout: float = 120.0, **values: Any) -> Any:
        """Runs a program as `Guest.python` does, with edgegate to import."""
        return self.guest.python(program, timeout=timeout, python=PYTHON, **values)

    def events(self, *kinds: str, after: int = 0) -> list[dict[str, Any]]:
        """The journal's events of these kinds (none: all), in order, from number `after` + 1 on."""
        events: list[dict[str, Any]] = self.guest.python(
            "import rig; give(rig.events(*kinds, after=after))", kinds=kinds, after=after
        )
        return events

    def wait_for_event(self, kind: str, *, after: int = 0, timeout: float = 30.0) -> dict[str, Any]:
        """The first such event after number `after`."""
        event: dict[str, Any] | None = self.guest.python(
            "import rig; give(rig.wait_for_event(kind, after, limit))",
            kind=kind, after=after, limit=timeout, timeout=timeout + 20,
        )  # fmt: skip
        if event is None:
            raise AssertionError(
                f"no {kind} within {timeout:g} s; the journal has {[e['type'] for e in self.events()]}"
            )
        return event


def number(event: dict[str, Any]) -> int:
    """Its number in the journal."""
    return int(str(event["id"]).rsplit("/", 1)[1])


def log(guest: Guest, *units: str) -> list[dict[str, Any]]:
    """Returns the entries of these units in systemd's journal since the boot."""
    chosen = " ".join(f"-u {unit}" for unit in units)
    return [json.loads(line) for line in guest.run(f"journalctl -b {chosen} -o json --no-pager").splitlines()]
