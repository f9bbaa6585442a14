"""Other versions' sides of the keeper's socket: the last version's, frozen, and whatever a test makes up.

`data/keeper-0.1.0.jsonl` is what a daemon and a keeper of version 0.1.0 said to each other, line by line, the machine's
boot id zeroed: a visit, a hold, a lockdown, a late pulse, a stuck pin, and what that keeper said to a field it did not
know. Its requests and answers name no protocol.
"""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Self

from tests.support.paths import ROOT

Message = dict[str, Any]

DIALOGUE = [
    (json.loads(line["request"]), json.loads(line["answer"]))
    for line in map(json.loads, (ROOT / "tests" / "data" / "keeper-0.1.0.jsonl").read_text().splitlines())
]


class Peer(socketserver.ThreadingUnixStreamServer):
    """A keeper's end of the socket that answers as the test says; `asked` is what it heard."""

    daemon_threads, block_on_close = True, False

    def __init__(self, path: Path, answer: Callable[[Message], Message]) -> None:
        self.asked: list[Message] = []
        self.answer = answer
        self._open: list[socket.socket] = []
        super().__init__(str(path), _Conversation)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        Path(str(self.server_address)).unlink()

    def finish_request(self, request: Any, client_address: Any) -> None:
        self._open.append(request)
        super().finish_request(request, client_address)


class _Conversation(socketserver.StreamRequestHandler):
    server: Peer

    def handle(self) -> None:
        for line in self.rfile:
            request = json.loads(line)
            self.server.asked.append(request)
            self.wfile.write(json.dumps(self.server.answer(request)).encode() + b"\n")


class OldKeeper:
    """The answers of a keeper of version 0.1.0: as recorded, to requests of which it knows every field.

    `reasons` has the reason of each request that is refused.
    """

    FIELDS: ClassVar[dict[str, set[str]]] = {
        "pulse": {"seconds", "not_after", "visit"}, "hold": {"seconds"}, "lockdown": set(), "resume": set(),
        "status": set(), "events": {"spool", "after", "acked"},
    }  # fmt: skip

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}
        self.malformed: list[Message] = []

    def __call__(self, request: Message) -> Message:
        do = request["do"]
        wrong = request.keys() ^ ({"do", "id", "at"} | self.FIELDS[do])
        if wrong:
            self.malformed.append(request)
            detail = f"{do}: {', '.join(sorted(wrong))[:100]!a}: missing, unknown or wrong"
            return {"id": request["id"], "ok": False, "reason": "malformed", "detail": detail}
        recorded: list[Message] = [
            answer
            for asked, answer in DIALOGUE
            if asked["do"] == do and all(asked.get(key) == request.get(key) for key in ("spool", "after", "protocol"))
        ]
        reason = self.reasons.get(do)
        return next(answer for answer in recorded if answer.get("reason") == reason) | {"id": request["id"]}


def read_as_0_1_0(answer: Message) -> bool | str:
    """Returns an answer as a daemon of version 0.1.0 reads it: done, not done, or the words of its error."""
    if not answer["ok"] and answer["reason"] in {"late", "lockdown", "stale"}:
        return False
    if not answer["ok"]:
        return f"the lock keeper refuses: {answer['detail']}"
    known = {"locked", "door", "mode", "fire", "trouble", "wiring", "spool"}
    status = {key: value for key, value in answer["status"].items() if key in known}
    assert status.keys() >= {"locked", "door", "mode"}, "it makes a Status of them"
    return True


def news_as_0_1_0(answer: Message) -> list[tuple[int, str, str, float, float, Message]]:
    """Returns the fields that a daemon of version 0.1.0 takes from an answer to `events`."""
    assert {answer["spool"], answer["boot"]}
    return [tuple(entry[key] for key in ("seq", "type", "boot", "at", "wall", "data")) for entry in answer["events"]]
