"""A daemon and a lock keeper of different versions: the last one and this one work together, strangers say so."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgegate.clock import SystemClock
from edgegate.door.pulse import Pulse
from edgegate.errors import InDoubtError, LockError
from edgegate.events.vocabulary import Event
from edgegate.keeper.client import KeeperClient
from edgegate.keeper.requests import PROTOCOL
from tests.support.brokers import wait_until
from tests.support.keeper_peers import DIALOGUE, Message, OldKeeper, Peer, news_as_0_1_0, read_as_0_1_0
from tests.support.keeper_server import Keeper, exchange, press

CLOCK = SystemClock()


def pulse(late: float = -1.0) -> Pulse:
    return Pulse(0.3, CLOCK.monotonic() - late, visit=1)


class Daemon(KeeperClient):
    """A daemon's client, and what it was told."""

    def __init__(self, path: Path) -> None:
        self.told: list[Event] = []
        super().__init__(path, CLOCK, self.told.append)

    @property
    def types(self) -> list[str]:
        return [event.type.value for event in self.told]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path / "keeper.sock")
    yield daemon
    daemon.close()


# The last version's keeper.


def test_the_frozen_keeper_refuses_as_the_real_one_did() -> None:
    old = OldKeeper()
    for request, answer in DIALOGUE:
        if "protocol" in request:
            assert old(request) == answer
    assert len(old.malformed) == 2


def test_this_daemon_works_with_the_last_versions_keeper(tmp_path: Path, daemon: Daemon) -> None:
    old = OldKeeper()
    with Peer(daemon._path, old) as keeper:
        daemon.start(None)
        wait_until(lambda: daemon.types == ["lock.unlocked", "access.unused", "lock.locked"])
        for event in daemon.told:
            daemon.written({"data": event.data})
        wait_until(lambda: any(asked.get("acked") == 3 for asked in keeper.asked))
        assert daemon.pulse(pulse())
        assert daemon.hold(3600.0)
        daemon.lockdown()
        daemon.resume()
        assert daemon.ask_status().door == "closed"
        for reason in ("late", "lockdown"):
            old.reasons["pulse"] = reason
            assert not daemon.pulse(pulse())
        old.reasons["hold"] = "fault"
        with pytest.raises(InDoubtError, match="does not follow"):  # it says so also of what it has opened
            daemon.hold(1.0)
        assert daemon.fault is None
    assert old.malformed == []
    assert not any("protocol" in asked for asked in keeper.asked)


# The last version's daemon.


def test_the_last_versions_daemon_works_with_this_keeper(tmp_path: Path) -> None:
    with Keeper(tmp_path) as keeper, keeper.connect() as connection:
        spool = keeper.spool.id
        for request, answer in DIALOGUE:
            if "protocol" in request:
                continue
            if answer.get("reason") == "fault":
                keeper.pin(17)._set_state = lambda _value: None
            now = _renewed(request, keeper)
            if request.get("spool"):
                wait_until(lambda: not keeper.open)
                wait_until(lambda: len(keeper.kept()) == 3)
                now["spool"] = spool
            said = exchange(connection, now)
            assert read_as_0_1_0(said) == read_as_0_1_0(answer), request
            assert said["id"] == now["id"]
            if request["do"] == "events":
                told = [(seq, kind, data) for seq, kind, _, _, _, data in news_as_0_1_0(said)]
                assert told == [(seq, kind, data) for seq, kind, _, _, _, data in news_as_0_1_0(answer)]
        wait_until(lambda: "lock.request_refused" in keeper.kept())
        refused = [e.data["reason"] for e in keeper.spool.pending(0, 100) if e.type == "lock.request_refused"]
    assert refused == ["late"], "what was late then, and nothing else"


def _renewed(request: Message, keeper: Keeper) -> Message:
    """The same request, sent now."""
    by = keeper.clock.monotonic() - request["at"]
    times = {key: request[key] + by for key in ("at", "not_after") if key in request}
    return request | times


# This version's both sides.


def test_a_daemon_names_the_protocol_once_it_knows_that_the_keeper_does(tmp_path: Path) -> None:
    sent: list[Message] = []

    class Heard(socket.socket):
        def sendall(self, data: Any, flags: int = 0) -> None:
            sent.append(json.loads(data))
            super().sendall(data, flags)

    with Keeper(tmp_path) as keeper:
        client = KeeperClient(keeper.path, keeper.clock, lambda _event: None, Heard)
        assert client.pulse(pulse())
        assert not client.pulse(pulse(late=0.1))
        client.close()
        assert keeper.ask(keeper.request("status"))["protocol"] == PROTOCOL
        wait_until(lambda: "lock.request_refused" in keeper.kept())
        assert keeper.kept().count("lock.request_refused") == 1
    assert [(asked["do"], asked.get("protocol")) for asked in sent] == [
        ("status", None), ("pulse", PROTOCOL), ("pulse", PROTOCOL)
    ]  # fmt: skip


def test_an_answer_without_a_status_is_an_answer(daemon: Daemon) -> None:
    def answer(request: Message) -> Message:
        return {"id": request["id"], "protocol": PROTOCOL, "ok": True}

    with Peer(daemon._path, answer):
        assert daemon.pulse(pulse())
        assert daemon.status().door == "unknown"


def test_a_refused_lockdown_is_not_taken_for_one(daemon: Daemon) -> None:
    def answer(request: Message) -> Message:
        refused = {"ok": False, "reason": "stale", "detail": "lockdown: sent 2.5 seconds ago"}
        return {"id": request["id"], "protocol": PROTOCOL, **refused}

    with Peer(daemon._path, answer), pytest.raises(LockError, match=r"2\.5 seconds"):
        daemon.lockdown()


# Versions that do not know each other.


def newer(request: Message) -> Message:
    return {"id": request["id"], "protocol": PROTOCOL + 1, "ok": True, "status": {"bolts": ["upper", "lower"]}}


def test_a_newer_keeper_is_asked_for_nothing_and_the_daemon_is_named(tmp_path: Path, daemon: Daemon) -> None:
    words = f"speaks protocol {PROTOCOL + 1}, and this program up to {PROTOCOL}: systemctl restart edgegate"
    with Peer(daemon._path, newer) as peer:
        daemon.start(None)
        wait_until(lambda: daemon.fault is not None)
        for act in (lambda: daemon.pulse(pulse()), lambda: daemon.hold(1.0), daemon.lockdown, daemon.ask_status):
            with pytest.raises(LockError) as caught:
                act()
            assert str(caught.value).endswith(words)
            assert not isinstance(caught.value, InDoubtError), "it was not asked to open"
        assert str(daemon.fault).endswith(words)
        wait_until(lambda: len(peer.asked) > 10)
        assert {(asked["do"], "protocol" in asked) for asked in peer.asked} == {("status", False)}
    with Keeper(tmp_path) as keeper:
        wait_until(lambda: daemon.fault is None)
        assert daemon.pulse(pulse())
        press(keeper)
        wait_until(lambda: "exit.requested" in daemon.types)


def test_a_newer_daemon_is_told_which_service_to_restart_and_exit_and_fire_go_on(tmp_path: Path) -> None:
    with Keeper(tmp_path) as keeper:
        for request in (
            keeper.pulse(protocol=PROTOCOL + 1, until="tomorrow"),
            keeper.request("open_both_leaves", protocol=PROTOCOL + 1),
        ):
            said = keeper.ask(request)
            assert (said["id"], said["ok"], said["reason"]) == (request["id"], False, "version")
            assert said["protocol"] == PROTOCOL
            assert said["detail"].endswith(": systemctl restart edgegate-lock")
        assert not keeper.open
        press(keeper)
        keeper.pin(22).drive_low()
        assert keeper.open
        wait_until(lambda: keeper.kept()[-2:] == ["fire.started", "lock.unlocked"])
        assert "lock.request_refused" not in keeper.kept()


@pytest.mark.parametrize("named", ["2", True, None, [2], 2.0])
def test_a_protocol_that_is_no_number_is_malformed(named: object, tmp_path: Path) -> None:
    with Keeper(tmp_path) as keeper:
        assert keeper.ask(keeper.pulse(protocol=named))["reason"] == "malformed"
        assert not keeper.open
