"""The lock keeper with a daemon before it, and with other users."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgegate.door.pulse import Pulse
from edgegate.errors import LockError, UsageError
from edgegate.events.vocabulary import Event, EventType
from edgegate.keeper import spool as spools
from edgegate.keeper.__main__ import listen
from edgegate.keeper.client import KeeperClient
from edgegate.keeper.spool import Spool, SpoolDisk
from tests.support.brokers import wait_until
from tests.support.keeper_server import Keeper, in_a_child, press

FOREIGN = 12345
"""A user, and a group, that this door knows nothing of."""


# The daemon's side.


class Daemon:
    """Does what the daemon does with the keeper's events: writes them, and says so."""

    def __init__(self, keeper: Keeper, last: tuple[str, int] | None = None) -> None:
        self.told: list[Event] = []
        self.client = KeeperClient(keeper.path, keeper.clock, self.told.append)
        self.client.start(last)

    def types(self) -> list[str]:
        return [event.type.value for event in self.told]

    def write(self, *events: Event) -> None:
        for event in events:
            self.client.written({"data": event.data})


EXIT = ["exit.requested", "lock.unlocked", "lock.locked"]


def test_the_client_is_a_lock_like_any_other(keeper: Keeper) -> None:
    daemon = Daemon(keeper)
    wait_until(lambda: daemon.client.status().door == "closed")
    now = keeper.clock.monotonic()
    assert daemon.client.pulse(Pulse(0.2, now + 1.0, visit=1))
    assert not daemon.client.locked
    assert keeper.open
    wait_until(lambda: daemon.client.locked)
    assert not daemon.client.pulse(Pulse(0.2, now - 1.0, visit=2)), "too late"
    assert daemon.client.hold(30.0)
    daemon.client.lockdown()
    wait_until(lambda: daemon.client.status().mode == "lockdown")
    assert not daemon.client.pulse(Pulse(0.2, keeper.clock.monotonic() + 1.0, visit=3))
    daemon.client.resume()
    assert daemon.client.ask_status().mode == "normal"
    daemon.client.close()


def test_events_wait_until_they_are_written_and_come_exactly_once(keeper: Keeper) -> None:
    press(keeper)
    first = Daemon(keeper)
    wait_until(lambda: first.types() == EXIT)
    first.write(*first.told[:2])  # the journal took two, and then the daemon died
    wait_until(lambda: len(keeper.kept()) == 1)
    first.client.close()
    press(keeper)
    second = Daemon(keeper)
    wait_until(lambda: second.types() == [EXIT[2], *EXIT])
    references = [event.data["keeper"] for event in first.told[:2] + second.told]
    assert references == [f"{keeper.spool.id}/{number}" for number in range(1, 7)]
    second.write(*second.told)
    wait_until(lambda: keeper.kept() == [])
    second.client.close()


def test_what_is_in_the_journal_is_not_told_again_although_it_was_not_acknowledged(keeper: Keeper) -> None:
    press(keeper)
    dying = Daemon(keeper)
    wait_until(lambda: dying.types() == EXIT)
    dying.client.close()
    daemon = Daemon(keeper, last=(keeper.spool.id, 2))
    wait_until(lambda: daemon.types() == EXIT[2:])
    wait_until(lambda: len(keeper.kept()) == 1)
    daemon.client.close()


def test_another_spool_begins_anew(keeper: Keeper) -> None:
    press(keeper)
    daemon = Daemon(keeper, last=("another", 700))
    wait_until(lambda: daemon.types() == EXIT)
    daemon.client.close()


def test_a_keeper_that_comes_back_is_asked_again(tmp_path: Path) -> None:
    with Keeper(tmp_path) as keeper:
        daemon = Daemon(keeper)
        press(keeper)
        wait_until(lambda: daemon.types() == EXIT)
        daemon.write(*daemon.told)
    wait_until(lambda: daemon.client.fault is not None)
    assert "start edgegate-lock" in str(daemon.client.fault)
    with pytest.raises(LockError, match="edgegate-lock"):
        daemon.client.pulse(Pulse(0.2, keeper.clock.monotonic() + 1.0, visit=1))
    with Keeper(tmp_path) as keeper:
        wait_until(lambda: daemon.client.fault is None)
        assert daemon.client.pulse(Pulse(0.2, keeper.clock.monotonic() + 1.0, visit=2))
        press(keeper)
        wait_until(lambda: len(daemon.types()) >= 7 and daemon.types()[-1] == "lock.locked")
        assert daemon.types().count("access.unused") == 1
        numbers = [int(event.data["keeper"].split("/")[1]) for event in daemon.told]
        assert numbers == sorted(set(numbers))
        daemon.client.close()


def test_an_event_from_before_the_machines_last_start_has_its_wall_time(keeper: Keeper) -> None:
    clock = keeper.clock
    keeper.spool.append([("another boot", "exit.requested", 5.0, clock.wall() - 3600.0, {})])
    daemon = Daemon(keeper)
    wait_until(lambda: len(daemon.told) == 1)
    (event,) = daemon.told
    assert clock.monotonic() - event.at == pytest.approx(3600.0, abs=20.0)
    assert event.type is EventType.EXIT_REQUESTED
    daemon.client.close()


# Who may ask.


def _as_somebody_else(uid: int, groups: list[int], act: Callable[[], object]) -> str:
    """Returns what became of `act` in a process of another user."""

    def become() -> object:
        os.setgroups(groups)
        os.setgid(uid)
        os.setuid(uid)
        return act()

    return in_a_child(become)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize(("groups", "outcome"), [([], "PermissionError"), ([FOREIGN + 1], "True")])
def test_the_sockets_group_and_mode_say_who_may_ask(groups: list[int], outcome: str, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(0o755)
    with Keeper(tmp_path) as keeper:
        os.chown(keeper.path, 0, FOREIGN + 1)
        line = keeper.pulse()
        assert _as_somebody_else(FOREIGN, groups, lambda: keeper.ask(line)["ok"]) == outcome
        assert keeper.open == (outcome == "True")


def test_a_fire_that_was_over_before_the_next_keeper_came_is_told_as_over(tmp_path: Path) -> None:
    dead = Keeper(tmp_path)
    dead.pin(22).drive_low()
    dead.server.keep()
    dead.listener.close()
    with Keeper(tmp_path) as keeper:
        assert keeper.alive.wait(10)
    assert keeper.kept() == ["fire.started", "lock.unlocked", "lock.locked", "fire.ended"]


class HeldUp(SpoolDisk):
    """A disk that makes everybody wait, until it is `going`."""

    def __init__(self) -> None:
        self.going = threading.Event()
        self.going.set()

    def sync(self, file: int) -> None:
        assert self.going.wait(30)
        super().sync(file)


def test_a_disk_that_does_not_answer_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "SLOW_SECONDS", 0.1)
    disk = HeldUp()
    with ThreadPoolExecutor(1) as later, Keeper(tmp_path, disk, later.submit) as keeper:
        disk.going.clear()
        keeper.pin(20).drive_low()
        wait_until(lambda: keeper.open)
        wait_until(lambda: not keeper.open)
        assert keeper.ask(keeper.pulse())["ok"]
        assert keeper.ask(keeper.request("lockdown"))["ok"]
        keeper.alive.clear()
        assert keeper.alive.wait(10), "its loop goes round"
        wait_until(lambda: "has not answered" in str(keeper.ask(keeper.request("status"))["status"]["spool"]))
        wait_until(lambda: keeper.kept().count("lock.fault") == 1)
        disk.going.set()
        wait_until(lambda: keeper.ask(keeper.request("status"))["status"]["spool"] is None)
        kept = keeper.kept()
        later.submit(lambda: None).result(10)
    assert [entry.type for entry in Spool(tmp_path / "events").pending(0, 100)][: len(kept)] == kept


def test_the_socket_is_made_for_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "keeper.sock"
    listener = listen(path, 0o660, "root" if os.geteuid() == 0 else None)
    assert path.stat().st_mode & 0o777 == 0o660
    with pytest.raises(LockError, match="listening there already"):
        listen(path, 0o660, None)
    listener.close()
    listen(path, 0o600, None).close()  # one that was left behind is replaced
    (tmp_path / "config.toml").write_text("[door]")
    with pytest.raises(UsageError, match="no socket"):
        listen(tmp_path / "config.toml", 0o600, None)
    assert (tmp_path / "config.toml").read_text() == "[door]"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="no such group"):
        listen(path, 0o660, "no-such-group")
