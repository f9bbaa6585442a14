"""The lock keeper over its socket: the real server, spool and lock, on mock pins; and as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from edgegate.clock import SystemClock
from edgegate.door.pulse import Pulse
from edgegate.errors import LockError, UsageError
from edgegate.events.vocabulary import Event, EventType
from edgegate.keeper import spool as spools
from edgegate.keeper.__main__ import listen
from edgegate.keeper.client import KeeperClient
from edgegate.keeper.refusals import MAX_REPORTS
from edgegate.keeper.requests import MAX_BYTES, MAX_REMEMBERED, RequestLog, RequestRefused
from edgegate.keeper.server import Server
from edgegate.keeper.spool import Later, Spool, SpoolDisk, at_once
from edgegate.lock.controller import LockController
from edgegate.lock.wiring import Wiring
from tests.support.brokers import wait_until
from tests.support.keepers import Process
from tests.support.paths import ROOT

WIRING = Wiring(
    pins="mock", exit_pin=20, contact_pin=21, fire_pin=22, exit_seconds=0.3, fire_opens=False, stuck_seconds=5.0
)
FOREIGN = 12345
"""A user, and a group, that this door knows nothing of."""


class Switch(MockPin):
    """A pin with a switch to ground, which the pull-up does not overcome."""

    grounded = False

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        if self.grounded:
            self._change_state(False)


class Keeper:
    """A keeper in a thread of its own, and pins to press."""

    def __init__(self, folder: Path, disk: SpoolDisk | None = None, later: Later = at_once) -> None:
        self.path = folder / "keeper.sock"
        self.clock, self.factory = SystemClock(), MockFactory(pin_class=Switch)
        self.factory.pin(21).grounded = True  # the door is closed
        self.spool = Spool(folder / "events", disk=disk, later=later, now=self.clock.monotonic)
        self.listener = listen(self.path, 0o660, None)
        self.alive = threading.Event()
        self.server = Server(self.listener, self.spool, self.clock, self.alive.set, later)
        self.lock = LockController(WIRING, self.clock, self.factory, self.server.tell)
        self._thread = threading.Thread(target=self.server.run, args=(self.lock,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        self._thread.join(10)
        self.lock.close()
        self.server.keep()
        self.listener.close()
        self.spool.close()

    def pin(self, number: int) -> MockPin:
        pin: MockPin = self.factory.pin(number)
        return pin

    @property
    def open(self) -> bool:
        return bool(self.pin(17).state)

    def kept(self) -> list[str]:
        return [entry.type for entry in self.spool.pending(0, 1000)]

    def ask(self, line: bytes | dict[str, Any]) -> dict[str, Any]:
        with self.connect() as connection:
            return exchange(connection, line)

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(10)
        connection.connect(str(self.path))
        return connection

    def request(self, do: str, **fields: Any) -> dict[str, Any]:
        return {"do": do, "id": os.urandom(8).hex(), "at": self.clock.monotonic(), **fields}

    def pulse(self, seconds: Any = 0.2, late: float = -0.5, **changes: Any) -> dict[str, Any]:
        not_after = self.clock.monotonic() - late
        return self.request("pulse", seconds=seconds, not_after=not_after, visit=1) | changes


def exchange(connection: socket.socket, line: bytes | dict[str, Any]) -> dict[str, Any]:
    connection.sendall(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
    with connection.makefile("rb") as answers:
        answer: dict[str, Any] = json.loads(answers.readline())
    return answer


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    with Keeper(tmp_path) as keeper:
        yield keeper


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
    assert _in_a_child(lambda: _flood(keeper)) == "busy"
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


def press(keeper: Keeper) -> None:
    keeper.pin(20).drive_low()
    keeper.pin(20).drive_high()
    wait_until(lambda: not keeper.open)


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

    return _in_a_child(become)


def _in_a_child(act: Callable[[], object]) -> str:
    """Returns what became of `act` in a process of its own: its result, or the error's name."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            answer = str(act())
        except BaseException as error:  # noqa: BLE001  the parent is told
            answer = type(error).__name__
        os.write(write, answer.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as result:
        text = result.read()
    os.waitpid(child, 0)
    return text


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


# As a process.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_locked_and_what_happened_is_in_the_spool(number: signal.Signals, tmp_path: Path) -> None:
    with Process(tmp_path) as keeper:
        keeper.wait_for("READY=1")
        keeper.wait_for("WATCHDOG=1")
        client = keeper.client()
        assert client.pulse(Pulse(30.0, SystemClock().monotonic() + 1.0, visit=1))
        client.close()
        keeper.process.send_signal(number)
        keeper.wait_for("STOPPING=1")
        assert keeper.process.wait(20) == 0
    kept = [entry.type for entry in Spool(tmp_path / "state" / "events").pending(0, 10)]
    assert kept == ["lock.unlocked", "lock.locked"]


def test_what_happened_before_it_was_killed_is_in_the_spool(tmp_path: Path) -> None:
    with Process(tmp_path) as keeper:
        keeper.wait_for("READY=1")
        client = keeper.client()
        assert client.hold(60.0)
        written = tmp_path / "state" / "events"
        wait_until(lambda: b'"lock.unlocked"' in written.read_bytes())
        keeper.process.kill()
    kept = [entry.type for entry in Spool(tmp_path / "state" / "events").pending(0, 10)]
    assert kept == ["hold.started", "lock.unlocked"]
    for _ in range(2):  # what the first one left going on is ended by the next, once
        with Process(tmp_path, "--runtime", str(tmp_path), "--state", str(tmp_path / "state")) as again:
            again.wait_for("WATCHDOG=1")
            wait_until(lambda: b'"lock.locked"' in written.read_bytes())
            again.process.kill()
        since = Spool(tmp_path / "state" / "events").pending(2, 10)
        assert [entry.type for entry in since] == ["hold.ended", "lock.locked"]
        assert "while the lock keeper was dead" in since[1].data["reason"]


@pytest.mark.parametrize(("active_high", "level"), [("true", "0"), ("false", "1")])
def test_it_leaves_word_of_how_to_lock_its_door(active_high: str, level: str, tmp_path: Path) -> None:
    config = f'[door]\npins = "mock"\nlock_pin = 23\nactive_high = {active_high}\n'
    with Process(tmp_path, config=config) as keeper:
        keeper.wait_for("READY=1")
    assert (tmp_path / "locked-level").read_text() == f"gpiochip0 23 {level}\n"


def test_a_wrong_config_is_told_all_at_once(tmp_path: Path) -> None:
    with Process(tmp_path, config="[door]\nlock_pn = 4\nactive_high = 1\nexit_pin = 17\n") as keeper:
        _, told = keeper.process.communicate(timeout=20)
    assert keeper.process.returncode == 2
    assert "unknown key; did you mean lock_pin?" in told
    assert "door.active_high = 1: must be true or false" in told
    assert "door.exit_pin = 17: is lock_pin already" in told
    assert len(told.splitlines()) == 3


def test_it_is_made_of_the_standard_library_and_gpiozero() -> None:
    program = "import sys, edgegate.keeper.__main__\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:  # without site packages gpiozero is not found: ask with them, and forgive their hooks
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = done.stdout.split()
    packages = {name.partition(".")[0] for name in loaded}
    assert not packages & {"numpy", "cv2", "paho", "pydantic", "ssl", "sqlite3", "asyncio", "cryptography", "tqdm"}
    allowed = {"edgegate", "gpiozero", "colorzero", "__main__"} | set(sys.stdlib_module_names)
    assert {name for name in packages - allowed if not name.startswith(("__editable__", "_distutils"))} == set()
    ours = {name.removeprefix("edgegate.") for name in loaded if name.startswith("edgegate.")}
    assert {name for name in ours if "." not in name} == {
        "clock",
        "door",
        "errors",
        "events",
        "keeper",
        "lock",
        "system",
    }
    assert {name for name in ours if name.startswith("system.")} == {
        f"system.{name}" for name in ("logs", "private_files", "signals", "systemd")
    }
    folder = ROOT / "edgegate"
    files = [
        path for name in ours for path in (folder / name.replace(".", "/")).parent.glob(name.rpartition(".")[2] + ".py")
    ]
    lines = sum(len(path.read_text().splitlines()) for path in files)
    assert lines < 3600, "a locksmith's engineer should be able to read it in a morning"
