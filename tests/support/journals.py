"""systemd's journal, as far as a program that logs to it can tell: a datagram socket, and what was sent to it."""

from __future__ import annotations

import os
import queue
import socket
import struct
import threading
from pathlib import Path
from typing import Self


def decode(datagram: bytes) -> dict[str, str]:
    """The fields of one record in journald's native protocol."""
    fields: dict[str, str] = {}
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        key, equals, value = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack_from("<Q", rest)
            value, rest = rest[8 : 8 + length], rest[8 + length :]
            assert rest[:1] == b"\n"
            rest = rest[1:]
        fields[key.decode()] = value.decode()
        datagram = rest
    return fields


class Journal:
    """The socket, read all the time by a thread; `fd` is what a program whose log goes here has as stderr."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "journal.socket")
        self.records: list[dict[str, str]] = []
        self._reader, self.fd = os.pipe()
        status = os.fstat(self.fd)
        self.stream = f"{status.st_dev}:{status.st_ino}"
        """The value that systemd would give $JOURNAL_STREAM."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._come: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.path)
        self._thread.join()
        self._socket.close()
        os.close(self._reader)
        os.close(self.fd)

    def wait_for(self, words: str, seconds: float = 30.0) -> dict[str, str]:
        """The next record with these words in its message."""
        while words not in (record := self._come.get(timeout=seconds))["MESSAGE"]:
            pass
        return record

    def _read(self) -> None:
        while datagram := self._socket.recv(1 << 20):
            record = decode(datagram)
            self.records.append(record)
            self._come.put(record)
