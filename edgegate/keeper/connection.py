"""A connection to the lock keeper: one request, one answer, in a protocol that both sides speak.

A new connection asks for the keeper's status first, and learns from the answer which protocol that is (`requests`): the
field that names it is for keepers who know it. A keeper of a protocol unknown here is asked for nothing else.
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgegate.clock import Clock
from edgegate.errors import InDoubtError, LockError
from edgegate.keeper.requests import FIRST, PROTOCOL, restart

ANSWER_SECONDS = 0.5
"""Seconds that the keeper's answer is waited for."""


class KeeperConnection:
    """One connection to the keeper, opened when it is needed."""

    def __init__(self, path: Path, clock: Clock, make_socket: Callable[..., socket.socket]) -> None:
        self._path, self._clock, self._make_socket = path, clock, make_socket
        self._guard = threading.Lock()
        self._socket: socket.socket | None = None
        self._rest = b""
        self._protocol: int | None = None
        """The keeper's, while this side knows it."""
        self._sent = False
        """True if the request may have reached the keeper."""

    def ask(self, do: str, fields: dict[str, Any]) -> dict[str, Any]:
        """The answer; raises LockError where the keeper was not asked, InDoubtError where it may have been."""
        with self._guard:
            try:
                return self._exchange(do, fields)
            except (OSError, ValueError) as error:
                self._drop()
                raise self._error(_why(error)) from None

    def close(self) -> None:
        with self._guard:
            self._drop()

    def _exchange(self, do: str, fields: dict[str, Any]) -> dict[str, Any]:
        try:
            self._ask(do, fields)
        except BrokenPipeError:  # a new keeper is there: nothing was sent to the old one
            self._drop()
            self._ask(do, fields)
        return self._receive()

    def _ask(self, do: str, fields: dict[str, Any]) -> None:
        self._sent = False
        if self._socket is None:
            self._open()
        if self._protocol is None:
            self._send("status", {})
            self._protocol = self._receive().get("protocol", FIRST)
        self._sent = True
        self._send(do, fields)

    def _open(self) -> None:
        self._rest, self._protocol = b"", None
        self._socket = self._make_socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._socket.settimeout(ANSWER_SECONDS)
        self._socket.connect(str(self._path))

    def _send(self, do: str, fields: dict[str, Any]) -> None:
        assert self._socket is not None
        named = {"protocol": PROTOCOL} if self._protocol == PROTOCOL else {}
        request = {"do": do, "id": secrets.token_hex(8), "at": self._clock.monotonic(), **named, **fields}
        self._socket.sendall(json.dumps(request).encode() + b"\n")

    def _receive(self) -> dict[str, Any]:
        """Returns the next answer; raises LockError for one in a protocol that this side does not know."""
        assert self._socket is not None
        while b"\n" not in self._rest:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionResetError("it hung up")
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        answer: dict[str, Any] = json.loads(line)
        theirs = answer.get("protocol", FIRST) if isinstance(answer, dict) else None
        if not isinstance(theirs, int):
            raise ValueError("what it says is no answer")  # noqa: TRY004  as for what is no JSON
        if theirs not in (FIRST, PROTOCOL):
            words = f"speaks protocol {theirs}, and this program up to {PROTOCOL}"
            raise self._error(f"{words}: {restart(keeper=theirs, daemon=PROTOCOL)}")
        return answer

    def _error(self, why: str) -> LockError:
        return (InDoubtError if self._sent else LockError)(f"{self._path}: the lock keeper {why}")

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _why(error: Exception) -> str:
    match error:
        case TimeoutError():
            return f"does not answer within {ANSWER_SECONDS:g} s"
        case FileNotFoundError() | ConnectionRefusedError():
            return "does not run: start edgegate-lock"
        case PermissionError():
            return "does not let this user ask: join the socket's group"
        case _:
            return f"cannot be asked: {error}"
