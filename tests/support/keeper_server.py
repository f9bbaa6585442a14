"""A lock keeper's server on mock pins, asked over its socket."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from gpiozero.pins.mock import MockFactory, MockPin

from edgegate.clock import SystemClock
from edgegate.keeper.__main__ import listen
from edgegate.keeper.server import Server
from edgegate.keeper.spool import Later, Spool, SpoolDisk, at_once
from edgegate.lock.controller import LockController
from edgegate.lock.wiring import Wiring
from tests.support.brokers import wait_until

WIRING = Wiring(
    pins="mock", exit_pin=20, contact_pin=21, fire_pin=22, exit_seconds=0.3, fire_opens=False, stuck_seconds=5.0
)


class Switch(MockPin):
    """A pin with a switch to ground, which the pull-up does not overcome."""

    grounded = False

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        if self.grounded:
            self._change_state(False)


class Keeper:
    """A keeper in a thread of its own, and pins to press."""

    def __init__(self, folder: Path, disk: SpoolDisk | None = None, later: Later = at_once) -> None:
        self.path = folder / "keeper.sock"
        self.clock, self.factory = SystemClock(), MockFactory(pin_class=Switch)
        self.factory.pin(21).grounded = True  # the door is closed
        self.spool = Spool(folder / "events", disk=disk, later=later, now=self.clock.monotonic)
        self.listener = listen(self.path, 0o660, None)
        self.alive = threading.Event()
        self.server = Server(self.listener, self.spool, self.clock, self.alive.set, later)
        self.lock = LockController(WIRING, self.clock, self.factory, self.server.tell)
        self._thread = threading.Thread(target=self.server.run, args=(self.lock,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        self._thread.join(10)
        self.lock.close()
        self.server.keep()
        self.listener.close()
        self.spool.close()

    def pin(self, number: int) -> MockPin:
        pin: MockPin = self.factory.pin(number)
        return pin

    @property
    def open(self) -> bool:
        return bool(self.pin(17).state)

    def kept(self) -> list[str]:
        return [entry.type for entry in self.spool.pending(0, 1000)]

    def ask(self, line: bytes | dict[str, Any]) -> dict[str, Any]:
        with self.connect() as connection:
            return exchange(connection, line)

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(10)
        connection.connect(str(self.path))
        return connection

    def request(self, do: str, **fields: Any) -> dict[str, Any]:
        return {"do": do, "id": os.urandom(8).hex(), "at": self.clock.monotonic(), **fields}

    def pulse(self, seconds: Any = 0.2, late: float = -0.5, **changes: Any) -> dict[str, Any]:
        not_after = self.clock.monotonic() - late
        return self.request("pulse", seconds=seconds, not_after=not_after, visit=1) | changes


def exchange(connection: socket.socket, line: bytes | dict[str, Any]) -> dict[str, Any]:
    connection.sendall(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
    with connection.makefile("rb") as answers:
        answer: dict[str, Any] = json.loads(answers.readline())
    return answer


def in_a_child(act: Callable[[], object]) -> str:
    """Returns what became of `act` in a process of its own: its result, or the error's name."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            answer = str(act())
        except BaseException as error:  # noqa: BLE001  the parent is told
            answer = type(error).__name__
        os.write(write, answer.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as result:
        text = result.read()
    os.waitpid(child, 0)
    return text


def press(keeper: Keeper) -> None:
    keeper.pin(20).drive_low()
    keeper.pin(20).drive_high()
    wait_until(lambda: not keeper.open)
