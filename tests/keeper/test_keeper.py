"""The lock keeper over its socket: the real server, spool and lock, on mock pins; and as a process of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edgegate.errors import LockError
from edgegate.keeper.refusals import MAX_REPORTS
from edgegate.keeper.requests import MAX_BYTES, MAX_REMEMBERED, RequestLog, RequestRefused
from tests.support.brokers import wait_until
from tests.support.keeper_server import WIRING, Keeper, exchange, in_a_child

# What is asked for.


def test_a_pulse_opens_and_the_keeper_relocks_whatever_the_client_does(keeper: Keeper) -> None:
    asked = keeper.clock.monotonic()
    with keeper.connect() as connection:
        answer = exchange(connection, keeper.pulse())
        assert answer["ok"]
        assert answer["status"]["locked"] is False
    wait_until(lambda: not keeper.open)
    wait_until(lambda: keeper.kept() == ["lock.unlocked", "access.unused", "lock.locked"])
    unlocked, _, locked = keeper.spool.pending(0, 10)
    assert locked.at - asked >= 0.2  # an unlock is told after it, by how much is the machine's affair
    assert locked.at - unlocked.at < 1.0


def test_hold_lockdown_and_resume(keeper: Keeper) -> None:
    assert keeper.ask(keeper.request("hold", seconds=60))["status"]["mode"] == "hold"
    assert keeper.open
    assert keeper.ask(keeper.request("lockdown"))["status"]["mode"] == "lockdown"
    assert not keeper.open
    refused = keeper.ask(keeper.pulse())
    assert (refused["ok"], refused["reason"]) == (False, "lockdown")
    assert not keeper.open
    assert keeper.ask(keeper.request("resume"))["status"]["mode"] == "normal"
    assert keeper.ask(keeper.pulse())["ok"]


def test_status_says_how_the_door_is(keeper: Keeper) -> None:
    status = keeper.ask(keeper.request("status"))["status"]
    well = {"locked": True, "door": "closed", "mode": "normal", "fire": False, "trouble": None}
    assert status == well | {"wiring": WIRING.digest, "spool": None}


BAD: list[tuple[str, Callable[[Keeper], bytes | dict[str, Any]]]] = [
    ("malformed", lambda keeper: b"open sesame\n"),
    ("malformed", lambda keeper: b"[" * 1000 + b"\n"),
    ("malformed", lambda keeper: b"\xff\xfe\n"),
    ("malformed", lambda keeper: b"[1]\n"),
    ("malformed", lambda keeper: keeper.request("open")),
    ("malformed", lambda keeper: keeper.pulse(id="")),
    ("malformed", lambda keeper: keeper.pulse(id="x" * 65)),
    ("malformed", lambda keeper: keeper.pulse(extra=1)),
    ("malformed", lambda keeper: keeper.request("status", **{"\ud800": 1})),
    ("malformed", lambda keeper: keeper.request("pulse", seconds=1)),
    ("malformed", lambda keeper: keeper.pulse(seconds=31)),
    ("malformed", lambda keeper: keeper.pulse(seconds=0)),
    ("malformed", lambda keeper: keeper.pulse(seconds=True)),
    ("malformed", lambda keeper: keeper.pulse(seconds="3")),
    ("malformed", lambda keeper: json.dumps(keeper.pulse(seconds=float("nan"))).encode() + b"\n"),
    ("malformed", lambda keeper: keeper.pulse(at=10**300)),
    ("malformed", lambda keeper: keeper.pulse(late=-6.0)),
    ("malformed", lambda keeper: keeper.request("hold", seconds=86_401)),
    ("oversized", lambda keeper: b"x" * (MAX_BYTES + 1) + b"\n"),
    ("oversized", lambda keeper: b"x" * (2 * MAX_BYTES + 2)),
    ("late", lambda keeper: keeper.pulse(late=0.01)),
    ("stale", lambda keeper: keeper.pulse(at=keeper.clock.monotonic() - 2.5)),
    ("stale", lambda keeper: keeper.pulse(at=keeper.clock.monotonic() + 60, late=-60.0)),
]


@pytest.mark.parametrize(("reason", "make"), BAD)
def test_what_cannot_be_done_is_refused_and_reported(
    reason: str, make: Callable[[Keeper], bytes | dict[str, Any]], keeper: Keeper
) -> None:
    answer = keeper.ask(make(keeper))
    assert (answer["ok"], answer["reason"]) == (False, reason)
    assert not keeper.open
    wait_until(lambda: keeper.kept() == ["lock.request_refused"])
    (event,) = keeper.spool.pending(0, 10)
    assert event.data["reason"] == reason
    assert f"pid {os.getpid()}, uid {os.getuid()}" in event.data["peer"]


def test_a_request_counts_once_on_any_connection(keeper: Keeper) -> None:
    request = keeper.pulse()
    assert keeper.ask(request)["ok"]
    wait_until(lambda: not keeper.open)
    assert keeper.ask(request)["reason"] == "replayed"
    assert not keeper.open


def test_a_flood_of_bad_requests_does_not_push_out_what_happened(keeper: Keeper) -> None:
    with keeper.connect() as connection:
        for _ in range(50):
            exchange(connection, b"nonsense\n")
    assert keeper.ask(keeper.pulse())["ok"]
    wait_until(lambda: "lock.unlocked" in keeper.kept())
    assert keeper.kept().count("lock.request_refused") == MAX_REPORTS


def test_requests_are_remembered_for_as_long_as_they_are_fresh() -> None:
    requests = RequestLog()
    line = b'{"do": "lockdown", "id": "a", "at": 10.0}'
    requests.take(line, "daemon", 10.0)
    for now, reason in ((10.0, "replayed"), (12.0, "replayed"), (12.1, "stale"), (20.0, "stale"), (9.9, "stale")):
        with pytest.raises(RequestRefused) as caught:
            requests.take(line, "another", now)
        assert caught.value.reason == reason
    for number in range(MAX_REMEMBERED):
        requests.take(b'{"do": "status", "id": "%d", "at": 30.0}' % number, "daemon", 30.0)
    with pytest.raises(RequestRefused, match="too many"):
        requests.take(b'{"do": "status", "id": "more", "at": 30.0}', "daemon", 30.0)
    requests.take(b'{"do": "status", "id": "other", "at": 30.0}', "another", 30.0)
    requests.take(b'{"do": "status", "id": "later", "at": 40.0}', "daemon", 40.0)


def _flood(keeper: Keeper) -> str:
    """Ask for more than anybody may; returns how the last request was refused."""
    with keeper.connect() as connection, connection.makefile("rb") as answers:
        for _ in range(MAX_REMEMBERED // 64 + 1):
            connection.sendall(b"".join(json.dumps(keeper.request("status")).encode() + b"\n" for _ in range(64)))
            last = [json.loads(answers.readline()) for _ in range(64)][-1]
    return str(last["reason"])


def test_a_flood_of_one_peer_leaves_the_others_their_turn(keeper: Keeper) -> None:
    assert in_a_child(lambda: _flood(keeper)) == "busy"
    assert keeper.ask(keeper.pulse())["ok"]


def test_half_a_request_silent_clients_and_many_of_them_hold_nobody_up(keeper: Keeper) -> None:
    crowd = [keeper.connect() for _ in range(40)]
    for connection in crowd:
        with suppress(OSError):  # those silent for longest make room
            connection.sendall(b'{"do": "pul')
    assert keeper.ask(keeper.pulse())["ok"]
    for connection in crowd:
        connection.close()


def test_lockdown_outlives_the_keeper(tmp_path: Path) -> None:
    with Keeper(tmp_path) as keeper:
        keeper.ask(keeper.request("lockdown"))
    with Keeper(tmp_path) as keeper:
        assert keeper.ask(keeper.pulse())["reason"] == "lockdown"
        keeper.ask(keeper.request("resume"))
    with Keeper(tmp_path) as keeper:
        assert keeper.ask(keeper.pulse())["ok"]


# Without the daemon.


def test_the_exit_button_opens_with_nobody_connected_and_its_events_wait(keeper: Keeper) -> None:
    keeper.pin(20).drive_low()
    assert keeper.open, "at once, on the pin's own thread"
    keeper.pin(20).drive_high()
    wait_until(lambda: not keeper.open)
    wait_until(lambda: keeper.kept() == ["exit.requested", "lock.unlocked", "lock.locked"])


def test_fire_opens_in_lockdown_and_the_door_contact_is_told(keeper: Keeper) -> None:
    keeper.ask(keeper.request("lockdown"))
    keeper.pin(22).drive_low()
    assert keeper.open
    keeper.pin(21).drive_high()
    status = keeper.ask(keeper.request("status"))["status"]
    assert (status["fire"], status["door"], status["mode"]) == (True, "open", "lockdown")
    keeper.pin(22).drive_high()
    assert not keeper.open
    wait_until(lambda: keeper.kept()[-2:] == ["fire.ended", "lock.locked"])


def test_the_watchdog_is_fed_only_while_the_lock_is_as_it_should_be(keeper: Keeper) -> None:
    keeper.alive.clear()
    assert keeper.alive.wait(10)
    keeper.pin(17)._set_state = lambda _value: None  # a pin that is stuck
    with pytest.raises(LockError):
        keeper.lock.hold(1.0)
    keeper.pin(22).drive_low()  # now it should be open, and is not
    wait_until(lambda: "lock.fault" in keeper.kept())
    keeper.alive.clear()
    assert not keeper.alive.wait(0.5)
