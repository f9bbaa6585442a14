"""Logging for both programs: fields on systemd's journal, readable lines on stderr elsewhere. Standard library only.

Rules
-----
1. A log call never waits and never ends the program: a door must not stop because nobody takes its log. What the
   journal does not take now is sent with the next record; beyond `MAX_WAITING` records it is lost, and counted. What
   a pipe or a terminal does not take is lost.
2. One record is one line; a traceback follows only at level debug.
3. No picture, embedding or key is ever handed to a log call. Names of people are, in errors and reasons: unless the
   config asks for them, every record shows the opaque id instead (`hide`). Nor does it show passwords in URLs.
"""

from __future__ import annotations

import logging
import os
import re
import select
import socket
import struct
import sys
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

JOURNAL = "/run/systemd/journal/socket"

MAX_WAITING = 256
MAX_CHARACTERS = 8192
"""Characters of a value, at most: a datagram stays far below the limit of a socket, about 200 kB, and needs no file."""

_STDERR = 2
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
"""syslog(3)'s severities, from the level on; what is below is debug."""

_PASSWORD = re.compile(r"(?<=://)[^/\s@]+@")
_FIELD = "EDGEGATE_"

LOGGED = (
    "person", "score", "threshold", "confidence", "track", "frames", "frame_age_ms", "latency_ms", "part", "detail",
    "cause", "peer", "left_out", "refusals", "seconds", "schedule", "applied", "needs_restart", "restart", "version",
)  # fmt: skip
"""Keys of an event's `data` that a log shows, besides its reason; not the place of a face in the picture."""

LEVELS = {
    "lock.fault": logging.ERROR,
    **dict.fromkeys(
        (
            "lock.request_refused", "access.lockout_started", "exit.stuck", "door.forced_open", "door.held_open",
            "door.tampered", "fire.started", "lockdown.started", "camera.stalled", "service.degraded",
            "service.reload_refused",
        ),
        logging.WARNING,
    ),
}  # fmt: skip
"""The severity of an event; every other one is information."""


def set_up(program: str, level: str, journal: str = JOURNAL) -> None:
    """Sends every record on: to the journal if stderr leads there, or else to stderr."""
    handler = JournalHandler(program, journal) if leads_to_journal() else LineHandler()
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def set_level(level: str) -> None:
    logging.getLogger().setLevel(level.upper())


def hide(names: Callable[[], Mapping[str, str]]) -> None:
    """Makes every record show the value in place of the key; `names` is asked each time, on any thread."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Handler):
            handler.names = names


def report(log: logging.Logger, kind: str, data: Mapping[str, Any], subject: str | None = None) -> None:
    """Logs an event: its type and reason in words, with a field for each key that `LOGGED` lists."""
    shown = {key: _words(data[key]) for key in LOGGED if data.get(key) not in (None, (), [])}
    reason = _words(data.get("reason", ""))
    details = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in shown.items() if key != "part")
    fields = {"event": kind, "reason": reason, "person_id": subject, **shown}
    extra = {_FIELD + key.upper(): value for key, value in fields.items() if value}
    part = f"{data['part']}:" if "part" in data else ""
    message = " ".join(filter(None, (kind, part, reason, f"({details})" if details else "")))
    log.log(LEVELS.get(kind, logging.INFO), "%s", message, extra=extra)


def complain(program: str, error: Exception) -> None:
    """Logs the reason that a program ends: a line each on stderr, or a record each on the journal."""
    ours = (handler for handler in logging.getLogger().handlers if isinstance(handler, _Handler))
    handler = next(ours, None) or (JournalHandler(program) if leads_to_journal() else LineHandler())
    for line in str(error).splitlines():
        if isinstance(handler, JournalHandler):
            handler.handle(logging.LogRecord(program, logging.ERROR, __file__, 0, line, None, None))
        else:
            print(f"{program}: {handler.discreet(line)}", file=sys.stderr)


def without_passwords(text: str) -> str:
    """Returns the text with `user:password@` left out of every URL in it."""
    return _PASSWORD.sub("", text)


def leads_to_journal() -> bool:
    """True while stderr is what systemd connected to the journal; not so where somebody redirected it."""
    try:
        status = os.fstat(_STDERR)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class _Handler(logging.Handler):
    """The part common to both handlers: the words of a record, in one line and with no names."""

    def __init__(self) -> None:
        super().__init__()
        self.names: Callable[[], Mapping[str, str]] = dict

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.write(record, self._text(record))
        except Exception as error:  # noqa: BLE001  a wrong log call must not be what ends a door
            with suppress(Exception):
                self.write(record, f"{record.msg!r} cannot be logged: {type(error).__name__}")

    def write(self, record: logging.LogRecord, text: str) -> None:
        raise NotImplementedError

    def discreet(self, text: str) -> str:
        """Returns the text without names, passwords and unprintable characters, cut at MAX_CHARACTERS."""
        names = self.names()
        if names:
            longest_first = sorted(names, key=len, reverse=True)
            pattern = r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)"
            text = re.sub(pattern, lambda found: names[found[0]], text)
        text = "".join(c if c.isprintable() else " " for c in without_passwords(text))
        return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + "…"

    def _text(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info is None or record.exc_info[0] is None:
            return self.discreet(text)
        kind, error, _ = record.exc_info
        text = self.discreet(f"{text}: {kind.__name__}: {error}")
        if logging.getLogger().isEnabledFor(logging.DEBUG):
            lines = "".join(traceback.format_exception(*record.exc_info)).splitlines()
            text = "\n".join([text, *map(self.discreet, lines)])[:MAX_CHARACTERS]
        return text


class LineHandler(_Handler):
    """Lines on stderr."""

    def __init__(self, fd: int = _STDERR) -> None:
        super().__init__()
        self._fd = fd

    def write(self, record: logging.LogRecord, text: str) -> None:
        line = f"{record.levelname} {record.name}: {text}\n".encode(errors="replace")
        with suppress(OSError):  # closed, or its reader has gone
            for start in range(0, len(line), select.PIPE_BUF):
                # A pipe that is ready takes PIPE_BUF bytes without waiting.
                if select.select([], [self._fd], [], 0)[1]:
                    os.write(self._fd, line[start : start + select.PIPE_BUF])


class JournalHandler(_Handler):
    """Datagrams to journald in its native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/)."""

    def __init__(self, program: str, path: str = JOURNAL) -> None:
        super().__init__()
        self._program = program
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        self._waiting: deque[bytes] = deque()
        self._late = self._lost = 0

    def write(self, record: logging.LogRecord, text: str) -> None:
        fields = {
            "MESSAGE": text,
            "PRIORITY": next((priority for level, priority in _PRIORITIES if record.levelno >= level), 7),
            "SYSLOG_IDENTIFIER": self._program,
            "LOGGER": record.name,
            "THREAD": record.threadName,
            "CODE_FILE": record.pathname,
            "CODE_LINE": record.lineno,
            "CODE_FUNC": record.funcName,
        }
        ours = {key: self.discreet(value) for key, value in vars(record).items() if key.startswith(_FIELD)}
        self._send(encode(fields | ours))

    def close(self) -> None:
        self._socket.close()
        super().close()

    def _send(self, datagram: bytes) -> None:
        """Sends what waits, then this; what is not taken goes on waiting."""
        self._waiting.append(datagram)
        while self._waiting and self._taken(self._waiting[0]):
            self._waiting.popleft()
        if len(self._waiting) > MAX_WAITING:
            self._waiting.pop()
            self._lost += 1
        elif self._waiting:
            self._late += 1
        elif self._late or self._lost:
            self._say_what_was_late()

    def _say_what_was_late(self) -> None:
        words = f"the journal was away: {self._late} of the records before this came late, {self._lost} are lost"
        if self._taken(encode({"MESSAGE": words, "PRIORITY": 4, "SYSLOG_IDENTIFIER": self._program})):
            self._late = self._lost = 0

    def _taken(self, datagram: bytes) -> bool:
        """Sends one datagram; True if the journal took it. Never connected, so that a restarted journal is found."""
        try:
            self._socket.sendto(datagram, self._path)
        except OSError:  # its queue is full, or it is not there
            return False
        return True


def encode(fields: Mapping[str, object]) -> bytes:
    """Returns one record in journald's protocol: lines of KEY=value, or the length before a value of several lines."""
    parts = []
    for key, value in fields.items():
        data = str(value).encode(errors="replace")
        if b"\n" in data:
            parts.append(key.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n")
        else:
            parts.append(key.encode() + b"=" + data + b"\n")
    return b"".join(parts)


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
