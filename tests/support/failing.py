"""Real databases, sockets and disks that fail when their turn comes: at the Nth call that asks something of them."""

from __future__ import annotations

import errno
import os
import socket
import sqlite3
import threading
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from edgegate.keeper.spool import SpoolDisk


class Calls:
    """Counts calls from the moment it is `armed`, and says which of them fail.

    `late` is when: before the call has done anything, or after it has done it, or half of it, and nobody knows.
    """

    def __init__(self, failing: Container[int], *, late: bool = False) -> None:
        self._failing, self.late = failing, late
        self._guard = threading.Lock()
        self.armed = False
        self.count = 0
        self.failed: list[str] = []
        """The calls that did fail."""

    def fails(self, what: str) -> bool:
        """True if this call is one that fails."""
        with self._guard:
            if not self.armed:
                return False
            self.count += 1
            if self.count not in self._failing:
                return False
            self.failed.append(f"call {self.count}, {what}")
            return True


def database(calls: Calls) -> type[sqlite3.Connection]:
    """The class of a connection whose statements fail; a commit that fails has committed nothing."""

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            fails = calls.fails(sql[:30])
            if fails and (not calls.late or sql == "COMMIT"):
                raise _broken_disk()
            cursor = super().execute(sql, *args)
            if fails:
                raise _broken_disk()
            return cursor

        def executemany(self, sql: str, *args: Any) -> sqlite3.Cursor:
            if calls.fails(sql[:30]):
                raise _broken_disk()
            return super().executemany(sql, *args)

    return Connection


def _broken_disk() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_WRITE"
    return error


class Socket(socket.socket):
    """A socket whose calls fail, and those of the connections that it accepts."""

    calls: Calls
    name: str

    @classmethod
    def of(cls, calls: Calls, name: str, plain: socket.socket) -> Socket:
        """The same socket, failing."""
        own = cls(fileno=plain.detach())
        own.calls, own.name = calls, name
        return own

    def connect(self, address: Any) -> None:
        self._do("connect", super().connect, address)

    def sendall(self, data: Any, flags: int = 0) -> None:
        self._do("sendall", super().sendall, data, flags)

    def recv(self, size: int, flags: int = 0) -> bytes:
        received: bytes = self._do("recv", super().recv, size, flags)
        return received

    def getsockopt(self, *args: Any) -> Any:
        return self._do("getsockopt", super().getsockopt, *args)

    def accept(self) -> tuple[socket.socket, Any]:
        fails = self.calls.fails(f"{self.name}: accept")
        if fails and not self.calls.late:
            raise _no_memory()
        connection, address = super().accept()
        if fails:
            connection.close()
            raise _no_memory()
        return Socket.of(self.calls, self.name, connection), address

    def _do(self, what: str, act: Any, *args: Any) -> Any:
        fails = self.calls.fails(f"{self.name}: {what}")
        if fails and not self.calls.late:
            raise _no_memory()
        result = act(*args)
        if fails:
            raise _no_memory()
        return result


def _no_memory() -> OSError:
    return OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))


class Proxy:
    """Between a client and a broker on this machine; when a piece's turn comes, the connection breaks."""

    def __init__(self, calls: Calls, broker: int) -> None:
        self._calls, self._broker = calls, broker
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join(10)
        self._listener.close()
        for end in self._open:
            end.close()

    def _accept(self) -> None:
        threads = []
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                break
            broker = socket.create_connection(("127.0.0.1", self._broker))
            self._open += [client, broker]
            if self._calls.fails("broker: accept"):
                _hang_up(client, broker)
            for ends in ((client, broker, "to the broker"), (broker, client, "from the broker")):
                threads.append(threading.Thread(target=self._pass_on, args=ends))
                threads[-1].start()
        _hang_up(*self._open)
        for thread in threads:
            thread.join(10)

    def _pass_on(self, source: socket.socket, target: socket.socket, what: str) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                fails = self._calls.fails(what)
                if not fails or self._calls.late:
                    target.sendall(piece)
                if fails:
                    break
        _hang_up(source, target)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class FailingDisk(SpoolDisk):
    """A disk that fills up; a late failure leaves half of what was written."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def write(self, file: int, content: bytes) -> None:
        if self._calls.fails("spool: write"):
            super().write(file, content[: len(content) // 2] if self._calls.late else b"")
            raise _full()
        super().write(file, content)

    def sync(self, file: int) -> None:
        if self._calls.fails("spool: sync"):
            raise _full()
        super().sync(file)

    def replace(self, path: Path, content: bytes) -> None:
        fails = self._calls.fails("spool: replace")
        if not fails or self._calls.late:
            super().replace(path, content)
        if fails:
            raise _full()


def _full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
