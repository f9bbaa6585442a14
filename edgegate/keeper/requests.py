"""Requests to the lock keeper, a line of JSON each, and the reasons for which one is refused. Pure.

Every request has `do`, an `id` that no other has, and `at`, when it was sent, by the machine's monotonic clock:

    {"do": "pulse", "id": "5f1c…", "at": 812.25, "seconds": 3.0, "not_after": 812.7, "visit": 4}
    {"do": "hold", …, "seconds": 3600}    {"do": "lockdown", …}    {"do": "resume", …}    {"do": "status", …}
    {"do": "events", …, "spool": "9a2b…", "after": 17, "acked": 15}

A request may name its `protocol`; one without is of version 1, whose keepers refuse fields that they do not know. An
answer names the version that it is in:

    {"id": "5f1c…", "protocol": 2, "ok": true, "status": {…}}
    {"id": "5f1c…", "protocol": 2, "ok": false, "reason": "lockdown", "detail": "…", "status": {…}}

`ok` is whether it was done, and `status` how the door is afterwards, which may tell of a fault of its own. `reason` is
`late` or `lockdown` where the door's rules refuse; `fault` where the lock cannot do it, and nothing was opened;
`in_doubt` where that is not known. All others refuse the request itself: `malformed`, `oversized`, `stale`, `replayed`,
`busy`, `version`.
"""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Any

from edgegate.door import MAX_HOLD_SECONDS
from edgegate.door.pulse import MAX_PULSE_SECONDS

MAX_BYTES = 1024
"""Of a request."""

MAX_AGE_SECONDS = 2.0
"""A request older than this is stale; younger ones are known by their id when they come again."""

MAX_EVIDENCE_SECONDS = 5.0
"""The most that `recognition.max_frame_age_ms` may be."""

MAX_REMEMBERED = 1024
"""Of each peer, in twice the time that a request is fresh. A daemon asks for news forty times in it, and to fetch the
fullest spool at once it takes some three hundred requests."""

PROTOCOL = 2
FIRST = 1
"""The version that no message names."""

_NUMBER, _WHOLE, _TEXT = (int, float), (int,), (str,)
_EVERY: dict[str, tuple[type, ...]] = {"do": _TEXT, "id": _TEXT, "at": _NUMBER}
_FIELDS: dict[str, dict[str, tuple[type, ...]]] = {
    "pulse": {"seconds": _NUMBER, "not_after": _NUMBER, "visit": _WHOLE},
    "hold": {"seconds": _NUMBER},
    "lockdown": {},
    "resume": {},
    "status": {},
    "events": {"spool": _TEXT, "after": _WHOLE, "acked": _WHOLE},
}
_LONGEST = {"pulse": MAX_PULSE_SECONDS, "hold": MAX_HOLD_SECONDS}


@dataclass(frozen=True, slots=True)
class Request:
    do: str
    id: str
    fields: dict[str, Any]


class RequestRefused(Exception):  # noqa: N818  it is an answer more than an error
    """The request is answered with no. `reason` is a word for programs, `detail` is for people."""

    def __init__(self, reason: str, detail: str, request_id: str | None = None) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.request_id = reason, detail, request_id


class RequestLog:
    """Takes a request at most once, from whichever peer, and only while it is fresh.

    Each peer's requests are counted for themselves: a flood of one leaves the others their turn.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._counts: Counter[str] = Counter()

    def take(self, line: bytes, peer: str, now: float) -> Request:
        """The request that `line` is; raises Refused where it is malformed, stale or replayed, or one too many."""
        request = parse(line)
        age = now - request.fields["at"]
        if not 0 <= age <= MAX_AGE_SECONDS:
            words = f"sent {age:.1f} seconds ago" if age > 0 else "sent in the future"
            raise RequestRefused("stale", f"{request.do}: {words}", request.id)
        self._forget(now - 2 * MAX_AGE_SECONDS)
        if request.id in self._seen:
            raise RequestRefused("replayed", f"{request.do}: this request has been here before", request.id)
        if self._counts[peer] >= MAX_REMEMBERED:
            raise RequestRefused("busy", "too many requests", request.id)
        self._seen[request.id] = now, peer
        self._counts[peer] += 1
        return request

    def _forget(self, before: float) -> None:
        while self._seen and next(iter(self._seen.values()))[0] < before:
            _, (_, peer) = self._seen.popitem(last=False)
            self._counts[peer] -= 1
            if not self._counts[peer]:
                del self._counts[peer]


def parse(line: bytes) -> Request:
    """The request, its fields checked one by one; raises Refused."""
    try:
        record = json.loads(line.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RequestRefused("malformed", "not one line of JSON") from None
    if not isinstance(record, dict):
        raise RequestRefused("malformed", "not a JSON object")
    do = record.get("do")
    name = record["id"] if isinstance(record.get("id"), str) and 0 < len(record["id"]) <= 64 else None
    if "protocol" in record:
        _check_protocol(record.pop("protocol"), name)
    if name is None or not isinstance(do, str) or do not in _FIELDS:
        raise RequestRefused("malformed", "it needs an id, and something to do that there is", name)
    wanted = _EVERY | _FIELDS[do]
    wrong = record.keys() ^ wanted.keys() or {key for key in wanted if not _fits(record[key], wanted[key])}
    if wrong:
        raise RequestRefused("malformed", f"{do}: {', '.join(sorted(wrong))[:100]!a}: missing, unknown or wrong", name)
    if do in _LONGEST and not 0.1 <= record["seconds"] <= _LONGEST[do]:
        raise RequestRefused("malformed", f"{do}: seconds must be from 0.1 to {_LONGEST[do]:g}", name)
    if do == "pulse" and record["not_after"] - record["at"] > MAX_EVIDENCE_SECONDS:
        raise RequestRefused(
            "malformed", f"pulse: evidence is never good for more than {MAX_EVIDENCE_SECONDS:g} s", name
        )
    return Request(do, name, record)


def _check_protocol(named: Any, name: str | None) -> None:
    if not _fits(named, _WHOLE):
        raise RequestRefused("malformed", "its protocol is no number", name)
    if named != PROTOCOL:
        words = f"protocol {named}, and this lock keeper knows {PROTOCOL}: {restart(keeper=PROTOCOL, daemon=named)}"
        raise RequestRefused("version", words, name)


def restart(*, keeper: int, daemon: int) -> str:
    """Returns the command that replaces the older of two programs by what is installed."""
    return "systemctl restart edgegate-lock" if keeper < daemon else "systemctl restart edgegate"


def _fits(value: Any, kinds: tuple[type, ...]) -> bool:
    if not isinstance(value, kinds) or isinstance(value, bool):
        return False
    return not isinstance(value, int | float) or abs(value) < 1e15


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
