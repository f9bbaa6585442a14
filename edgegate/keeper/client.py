"""The daemon's side of the lock keeper: the same interface as a lock in the process, over the keeper's socket.

One thread asks several times a second what happened at the door, and hands it on. What the keeper tells stays in its
spool until the daemon has it in the journal (`written`). After a crash between the two it is told again, and known by
its number: `start` is given the last one in the journal.

Requests have a connection of their own, which no other thread uses: a pulse waits for the keeper's answer alone, and on
a new connection, which asks for the keeper's protocol, for that one too.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgegate.clock import Clock
from edgegate.door.pulse import Pulse
from edgegate.errors import InDoubtError, LockError
from edgegate.events.cloudevents import CloudEvent
from edgegate.events.vocabulary import Event, EventType
from edgegate.keeper.connection import KeeperConnection
from edgegate.lock.controller import Tell
from edgegate.lock.interface import LockStatus

log = logging.getLogger(__name__)

ASK_SECONDS = 0.1
"""Seconds between two questions for news."""

CLOSE_SECONDS = 2.0
MAX_UNWRITTEN = 500
KEEPER = "keeper"
"""The key of `data` with the keeper's own number of an event, spool/seq."""


class KeeperClient:
    """A LockKeeper. `tell` gets the keeper's events, on the thread that asks for them."""

    def __init__(
        self, path: Path, clock: Clock, tell: Tell, make_socket: Callable[..., socket.socket] = socket.socket
    ) -> None:
        self._path, self._clock, self._tell = path, clock, tell
        self._requests, self._news = (KeeperConnection(path, clock, make_socket) for _ in range(2))
        self._guard = threading.Lock()
        self._spool, self._after, self._written = "", 0, 0
        self._status = LockStatus(locked=True, door="unknown", mode="normal")
        self._unreachable: str | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="lock keeper", daemon=True)
        self.failed: BaseException | None = None
        """The error that ended the thread, if one did."""

    def start(self, last: tuple[str, int] | None) -> None:
        """Begin to listen; `last` is the (spool, number) of the keeper's last event in the journal."""
        self.take_up_after(last)
        self._thread.start()

    def take_up_after(self, last: tuple[str, int] | None) -> None:
        """Take up to here as written."""
        if last is not None:
            self._spool, self._written = last
            self._after = self._written

    @property
    def locked(self) -> bool:
        """As the keeper last said, a moment ago; while it cannot be reached, `fault` says so."""
        return self._status.locked

    @property
    def fault(self) -> str | None:
        return self._unreachable or self._status.fault

    def status(self) -> LockStatus:
        return self._status

    def pulse(self, pulse: Pulse) -> bool:
        return self._open("pulse", seconds=pulse.seconds, not_after=pulse.not_after, visit=pulse.visit)

    def hold(self, seconds: float) -> bool:
        return self._open("hold", seconds=seconds)

    def lockdown(self) -> None:
        _done(self._ask("lockdown"))

    def resume(self) -> None:
        _done(self._ask("resume"))

    def ask_status(self) -> LockStatus:
        """The door now, asked for; raises LockError."""
        _done(self._ask("status"))
        return self._status

    def written(self, event: CloudEvent) -> None:
        """An event is in the journal; if it was the keeper's, the keeper may forget it."""
        reference = parse_reference(event)
        if reference is None:
            return
        spool, seq = reference
        with self._guard:
            if spool == self._spool:
                self._written = max(self._written, seq)

    def close(self) -> None:
        """Leave; the keeper goes on, and locks by its own timer."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)
        self._requests.close()
        self._news.close()

    def _open(self, do: str, **fields: Any) -> bool:
        answer = self._ask(do, **fields)
        if not answer["ok"] and answer["reason"] in {"late", "lockdown", "stale"}:
            return False
        _done(answer)
        return True

    def _ask(self, do: str, **fields: Any) -> dict[str, Any]:
        answer = self._requests.ask(do, fields)
        self._status = _status(answer) or self._status
        return answer

    def _listen(self) -> None:
        try:
            while not self._closing.is_set():
                more = self._listen_once()
                if not more:
                    self._closing.wait(ASK_SECONDS)
        except BaseException as error:  # noqa: BLE001  a thread's end is kept for the main loop, not lost
            self.failed = error

    def _listen_once(self) -> bool:
        """Ask for news once; whether there was some."""
        with self._guard:
            fields = {"spool": self._spool, "after": self._after, "acked": self._written}
        try:
            answer = _done(self._news.ask("events", fields))
        except LockError as error:
            if self._unreachable is None:
                log.error("%s", error)  # noqa: TRY400  one line says it
            self._unreachable = str(error)
            return False
        self._unreachable, self._status = None, _status(answer) or self._status
        self._take(answer)
        return bool(answer["events"]) and self._after - self._written < MAX_UNWRITTEN

    def _take(self, answer: dict[str, Any]) -> None:
        with self._guard:
            if answer["spool"] != self._spool:
                self._spool, self._after, self._written = answer["spool"], 0, 0
            fresh = [entry for entry in answer["events"] if entry["seq"] > self._after]
            if fresh:
                self._after = fresh[-1]["seq"]
        for entry in fresh:
            self._tell(self._event(entry, answer["spool"], answer["boot"]))

    def _event(self, entry: dict[str, Any], spool: str, boot: str) -> Event:
        """The event, its time on this clock: what is from before the machine's last start has only its wall time."""
        at = entry["at"]
        if entry["boot"] != boot:
            at = self._clock.monotonic() - (self._clock.wall() - entry["wall"])
        data = {**entry["data"], KEEPER: f"{spool}/{entry['seq']}"}
        try:
            return Event(EventType(entry["type"]), at, data=data)
        except ValueError:
            data["reason"] = f"the keeper told {entry['type']}, which this version does not know"
            return Event(EventType.LOCK_FAULT, at, data=data)


def _status(answer: dict[str, Any]) -> LockStatus | None:
    """Of what the keeper says, which may be of another version, what this one knows; None where it does not say."""
    if "status" not in answer:
        return None
    return LockStatus.from_wire(answer["status"])


def _done(answer: dict[str, Any]) -> dict[str, Any]:
    """Returns the answer if it was done; raises LockError if it was not, InDoubtError if that is not known.

    A keeper of protocol 1 says `fault` also where it has opened and cannot read the pin back.
    """
    if answer["ok"]:
        return answer
    doubt = answer["reason"] == "in_doubt" or (answer["reason"] == "fault" and "protocol" not in answer)
    raise (InDoubtError if doubt else LockError)(f"the lock keeper refuses: {answer['detail']}")


def parse_reference(event: CloudEvent) -> tuple[str, int] | None:
    """The keeper's own (spool, number) of an event; None for one that is not the keeper's."""
    spool, _, seq = str(event["data"].get(KEEPER, "")).partition("/")
    return (spool, int(seq)) if seq.isdecimal() else None
