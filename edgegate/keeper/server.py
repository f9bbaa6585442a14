"""The keeper's loop: one thread that answers requests, keeps events, and looks after the lock a few times a second.

Nothing here may delay the lock: its timers, the exit button and the fire input run on threads of their own. And nothing
may delay this loop, whose silence is taken for a hang: what goes to the disk is done `later`, on another thread.
"""

from __future__ import annotations

import json
import logging
import queue
import selectors
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from edgegate.clock import Clock
from edgegate.door.pulse import Pulse
from edgegate.errors import InDoubtError, LockError
from edgegate.events.vocabulary import Event, EventType
from edgegate.keeper.refusals import Refusals
from edgegate.keeper.requests import MAX_BYTES, PROTOCOL, Request, RequestLog, RequestRefused
from edgegate.keeper.spool import ENDINGS, Later, Spool, at_once
from edgegate.lock.controller import LockController
from edgegate.system import logs, private_files

log = logging.getLogger(__name__)

TICK_SECONDS = 0.2
MAX_CLIENTS = 16
BATCH = 32
"""Events handed over at once."""

_PEER = struct.Struct("3i")
NOBODY = 65534
"""The number that a user id reads as that a user namespace (PrivateUsers=) does not map."""

_THE_DAEMONS = {"lockdown", "version"}
"""Reasons of refusals that are the daemon's to report: it knows whom they concern, and what it is itself."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(eq=False)
class _Client:
    socket: socket.socket
    peer: str
    buffer: bytes = b""
    heard_at: float = field(default=0.0)


class Server:
    """Serves `listener` until `stop`. `alive` is called whenever the loop went round and the lock was as it should be.

    The lock tells its events to `tell`. Who may connect may ask: the socket's owner, group and mode say who that
    is. The peer's ids are logged and reported, and decide nothing: inside a user namespace they read as nobody's.
    """

    def __init__(
        self,
        listener: socket.socket,
        spool: Spool,
        clock: Clock,
        alive: Callable[[], object],
        later: Later = at_once,
    ) -> None:
        self._listener, self._spool, self._clock, self._alive, self._later = listener, spool, clock, alive, later
        self._spool_fault: str | None = None
        self._lockdown = spool.path.with_name("lockdown")
        """There while in lockdown, so that neither a crash nor a power cut ends it."""
        self._boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
        self._happened: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._requests, self._refusals = RequestLog(), Refusals()
        self._clients: list[_Client] = []
        self._wake_up, self.waker = socket.socketpair()
        for end in (listener, self._wake_up, self.waker):
            end.setblocking(False)
        self._stopping = False
        if spool.damaged:
            self.tell(self._fault(f"{spool.damaged} lines of the spool were torn or damaged, and left out"))
        for begun in (EventType.HOLD_STARTED, EventType.UNLOCKED):  # a door begins locked, and held by nobody
            self._end_what_was_left(begun)

    def tell(self, event: Event) -> None:
        """Keep an event; any thread, and it does not wait."""
        self._happened.put(event)
        self._wake()

    def stop(self) -> None:
        """End `run`; any thread, and a signal handler."""
        self._stopping = True
        self._wake()

    def run(self, lock: LockController) -> None:
        if self._lockdown.exists():
            lock.lockdown()
        if not lock.status().fire:
            self._end_what_was_left(EventType.FIRE_STARTED)
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_up, selectors.EVENT_READ)
            while not self._stopping:
                for key, _ in selector.select(TICK_SECONDS):
                    self._serve(selector, key.fileobj, key.data, lock)
                self.keep()
                self._look_after(lock)
            for client in list(self._clients):
                self._drop(selector, client)

    def keep(self) -> None:
        """Make durable what has happened."""
        lost = self._spool.take_lost()
        if lost:
            self._happened.put(self._fault(f"{lost} events were lost: nobody took those before them"))
        entries = []
        while not self._happened.empty():
            event = self._happened.get()
            logs.report(log, event.type.value, event.data)
            wall = self._clock.wall() - (self._clock.monotonic() - event.at)
            entries.append((self._boot, event.type.value, event.at, wall, event.data))
        self._spool.append(entries)
        before, self._spool_fault = self._spool_fault, self._spool.fault
        if before is None and self._spool_fault is not None:
            log.error("%s", self._spool_fault)
            self.tell(self._fault(self._spool_fault))

    def _end_what_was_left(self, begun: EventType) -> None:
        if begun in self._spool.left_going_on:
            reason = "it ended while the lock keeper was dead: this is when the next one began"
            self.tell(Event(EventType(ENDINGS[begun]), self._clock.monotonic(), data={"reason": reason}))

    def _look_after(self, lock: LockController) -> None:
        with suppress(LockError):  # the lock has said so; what is not fed here is the watchdog
            lock.tick()
            self._alive()

    def _serve(
        self, selector: selectors.BaseSelector, ready: Any, client: _Client | None, lock: LockController
    ) -> None:
        if ready is self._wake_up:
            self._wake_up.recv(4096)
        elif client is None:
            self._accept(selector)
        elif not self._read(client, lock):
            self._drop(selector, client)

    def _accept(self, selector: selectors.BaseSelector) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # the peer has gone again
        try:
            connection.setblocking(False)
            peer = _peer_of(connection)
        except OSError:
            connection.close()  # it may come again
            return
        log.info("connected: %s", peer)
        if len(self._clients) >= MAX_CLIENTS:  # the one that was silent for longest goes: the daemon never is
            self._drop(selector, min(self._clients, key=lambda one: one.heard_at))
        client = _Client(connection, peer, heard_at=self._clock.monotonic())
        self._clients.append(client)
        selector.register(connection, selectors.EVENT_READ, client)

    def _drop(self, selector: selectors.BaseSelector, client: _Client) -> None:
        if client in self._clients:
            self._clients.remove(client)
            selector.unregister(client.socket)
            client.socket.close()

    def _read(self, client: _Client, lock: LockController) -> bool:
        """Take what has come and answer every full line; False if the connection is over."""
        if client.socket.fileno() < 0:
            return False  # dropped for another in the same round
        try:
            data = client.socket.recv(MAX_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        client.heard_at = self._clock.monotonic()
        *lines, client.buffer = (client.buffer + data).split(b"\n")
        oversized = len(client.buffer) > MAX_BYTES or any(len(line) > MAX_BYTES for line in lines)
        if oversized:
            self._answer(client, self._refuse(client, RequestRefused("oversized", f"more than {MAX_BYTES} bytes")))
            return False
        return all(self._answer(client, self._handle(client, line, lock)) for line in lines)

    def _answer(self, client: _Client, answer: dict[str, Any]) -> bool:
        try:
            line = json.dumps(answer | {"protocol": PROTOCOL}, separators=(",", ":"))
            client.socket.sendall(line.encode() + b"\n")
        except OSError:  # gone, or it does not read its answers
            return False
        return True

    def _handle(self, client: _Client, line: bytes, lock: LockController) -> dict[str, Any]:
        try:
            request = self._requests.take(line, client.peer, self._clock.monotonic())
        except RequestRefused as refused:
            return self._refuse(client, refused)
        done = self._done(client, request, lock)
        return done | {"status": lock.status().to_wire() | {"spool": self._spool_fault}}

    def _done(self, client: _Client, request: Request, lock: LockController) -> dict[str, Any]:
        """Returns what was done, whatever the lock's status is by then."""
        try:
            return {"id": request.id, "ok": True} | self._do(request, lock)
        except RequestRefused as refused:
            return self._refuse(client, refused)
        except LockError as error:
            log.error("%s", error)  # noqa: TRY400  one line says it
            reason = "in_doubt" if isinstance(error, InDoubtError) else "fault"
            return {"id": request.id, "ok": False, "reason": reason, "detail": str(error)}

    def _do(self, request: Request, lock: LockController) -> dict[str, Any]:
        fields = request.fields
        match request.do:
            case "pulse":
                pulse = Pulse(fields["seconds"], fields["not_after"], fields["visit"])
                if not lock.pulse(pulse):
                    raise _why_not(request, lock)
            case "hold":
                if not lock.hold(fields["seconds"]):
                    raise _why_not(request, lock)
            case "lockdown":
                lock.lockdown()
                self._later(partial(self._remember, lockdown=True))
            case "resume":
                lock.resume()
                self._later(partial(self._remember, lockdown=False))
            case "events":
                return self._hand_over(**{key: fields[key] for key in ("spool", "after", "acked")})
        return {}

    def _remember(self, *, lockdown: bool) -> None:
        try:
            if lockdown:
                private_files.write(self._lockdown, b"")
            else:
                self._lockdown.unlink(missing_ok=True)
                private_files.sync_folder(self._lockdown.parent)
        except OSError as error:
            self.tell(self._fault(f"a restart will not know of this: {self._lockdown}: {error.strerror or error}"))

    def _hand_over(self, spool: str, after: int, acked: int) -> dict[str, Any]:
        if spool == self._spool.id:
            self._spool.resume_after(after)
            self._spool.acknowledge(acked)
        else:
            after = 0
        entries = [asdict(entry) for entry in self._spool.pending(after, BATCH)]
        return {"spool": self._spool.id, "boot": self._boot, "events": entries}

    def _refuse(self, client: _Client, refused: RequestRefused) -> dict[str, Any]:
        log.warning("refused %s (%s): %s", refused.reason, client.peer, refused.detail)
        if refused.reason not in _THE_DAEMONS:
            data = self._refusals.report(refused, client.peer, self._clock.monotonic())
            if data is not None:
                self.tell(Event(EventType.REQUEST_REFUSED, self._clock.monotonic(), data=data))
        return {"id": refused.request_id, "ok": False, "reason": refused.reason, "detail": refused.detail}

    def _fault(self, reason: str) -> Event:
        return Event(EventType.LOCK_FAULT, self._clock.monotonic(), data={"reason": reason})

    def _wake(self) -> None:
        with suppress(OSError):  # it is awake already, or wakes at its next tick
            self.waker.send(b"\0")


def _peer_of(connection: socket.socket) -> str:
    pid, uid, gid = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return f"pid {pid}, uid {uid}, gid {gid}" + (" (a user namespace's)" if uid == NOBODY else "")


def _why_not(request: Request, lock: LockController) -> RequestRefused:
    if lock.status().mode == "lockdown":
        return RequestRefused("lockdown", f"{request.do}: lockdown", request.id)
    return RequestRefused("late", f"{request.do}: its evidence is too old", request.id)
