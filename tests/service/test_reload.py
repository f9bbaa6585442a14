"""A configuration that is read again while the door is in service."""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edgegate import app, config
from edgegate.clock import SystemClock, VirtualClock
from edgegate.config import Config
from edgegate.events.vocabulary import Event
from edgegate.service.reload import APPLIES, Parts, Reload, compare
from edgegate.service.retention import Retention
from tests.support.daemons import Running, events, told
from tests.support.door_scenes import write_scene
from tests.support.fakes import FailingJournal
from tests.support.paths import ROOT
from tests.support.program import Program

# What applies, and what needs a restart.


def test_every_key_that_applies_exists() -> None:
    assert {*KEYS, *Config.model_fields} >= APPLIES


def test_the_docs_name_every_key_that_applies_and_no_other() -> None:
    _, _, text = (ROOT / "docs" / "logs.md").read_text().partition("| applies at once |")
    rows = [line.split("|")[1] for line in text.split("\n\n")[0].splitlines() if line.startswith("| `")]
    assert {key for row in rows for key in re.findall("`([^`]+)`", row)} == APPLIES


def test_what_applies_is_in_force_and_the_rest_is_named() -> None:
    running = config.load(None, ["camera.width=320", "access.rearm_seconds=9"])
    wanted = ["camera.width=800", "site.door=back", "access.rearm_seconds=7", "recognition.decide_after_frames=3"]
    changes = compare(running, config.load(None, wanted))
    assert changes.applied == ("recognition.decide_after_frames", "access.rearm_seconds")
    assert changes.needs_restart == ("site.door", "camera.width")
    assert changes.config == config.load(
        None, ["camera.width=320", "access.rearm_seconds=7", "recognition.decide_after_frames=3"]
    )
    assert compare(changes.config, config.load(None, wanted)).needs_restart == changes.needs_restart  # until it is
    assert compare(running, running).event(3.0).data == {"applied": [], "needs_restart": [], "restart": []}


KEEPER = "door.keeper=/run/edgegate-lock/keeper.sock"


@pytest.mark.parametrize(
    ("start", "wanted", "services"),
    [
        ([KEEPER], [KEEPER, "door.exit_pin=5"], ["edgegate-lock"]),
        ([KEEPER], [KEEPER, "camera.width=800"], ["edgegate"]),
        ([KEEPER], [KEEPER, "camera.width=800", "door.exit_pin=5"], ["edgegate-lock", "edgegate"]),
        ([KEEPER], ["door.keeper=/run/other.sock"], ["edgegate-lock", "edgegate"]),
        ([KEEPER], [KEEPER, "door.unlock_seconds=9"], []),
        ([], ["door.exit_pin=5"], ["edgegate"]),
    ],
)
def test_a_key_that_needs_a_restart_names_the_service_to_restart(
    start: list[str], wanted: list[str], services: list[str]
) -> None:
    assert compare(config.load(None, start), config.load(None, wanted)).event(0.0).data["restart"] == services


def test_a_reload_takes_over_the_keepers_wiring_but_not_the_daemons_own() -> None:
    wanted = config.load(None, [KEEPER, "door.exit_pin=5"])
    changes = compare(config.load(None, [KEEPER]), wanted)
    assert (changes.applied, changes.needs_restart) == ((), ("door.exit_pin",))
    assert changes.config.door.wiring.digest == wanted.door.wiring.digest
    alone = compare(config.load(None), config.load(None, ["door.exit_pin=5"]))
    assert alone.config == config.load(None)


# What is put in force is what a start would build.

CHANGED = [
    "access.rearm_seconds=2.5",
    "access.time_zone=Europe/Berlin",
    "access.holidays=['12-25']",
    "access.schedules={office = ['mon-fri 08:00-18:00']}",
    "access.rules=[{schedule = 'office'}]",
    "access.hold_open=office",
    "access.lockout_refusals=10",
    "door.unlock_seconds=1.5",
    "privacy.retention_days=30",
    "recognition.decide_after_frames=3",
    "recognition.false_accept_rate=1e-5",
    "recognition.max_frame_age_ms=700",
    "recognition.refuse_after_frames=20",
]
KEYS = [f"{table}.{key}" for table in Config.model_fields for key in type(getattr(Config(), table)).model_fields]


class Built:
    """A whole door but for the camera, and a disk with room for so many more events."""

    def __init__(self, data: Path, *overrides: str) -> None:
        self.settings = settings = config.load(None, [f"service.data_dir={data}", "door.pins=mock", *overrides])
        self.clock, changes = VirtualClock(), queue.SimpleQueue[Event]()
        self.recognition = app.build_recognition(settings)
        self.journal = app.open_journal(settings, app.origin_of(settings), self.clock)
        self.lock = app.open_lock(settings, self.clock, changes.put)
        self.events: list[dict[str, Any]] = []
        self.loop = app.build_loop(
            settings, self.recognition, self.journal, self.lock, changes, self.clock, self.events.append
        )
        self.disk = self.loop._journal = FailingJournal(self.journal)
        self.stopping = threading.Event()
        days = settings.privacy.retention_days
        self.retention = Retention(
            self.recognition.gallery,
            lambda: app.open_journal(settings, app.origin_of(settings), self.clock),
            app.open_scores(settings),
            self.clock,
            days,
            self.stopping,
        )
        self.retention.start()
        self.scores = app.build_score_keeper(settings, self.recognition, self.clock, self.stopping)
        self.parts = Parts(self.loop, self.recognition, self.retention, self.scores)

    def close(self) -> None:
        self.stopping.set()
        self.retention.close(5.0)
        self.journal.close()
        self.lock.close()

    def reload(self, *overrides: str) -> Config:
        read = partial(config.load, None, [f"service.data_dir={self.settings.data_dir}", "door.pins=mock", *overrides])
        return Reload(read).carry_out(self.settings, self.parts, self.clock)

    def rules(self) -> tuple[object, ...]:
        """Everything that decides."""
        visits = self.scores and (self.scores._visits._frames, self.scores._visits._rearm_seconds)
        return (
            self.loop._gate._rules,
            self.loop._pipeline._tracker._rules,  # type: ignore[attr-defined]
            self.recognition.identifier.door_rate(),
            self.retention._days,
            self.retention.started,
            visits,
        )


@pytest.fixture
def build(door: Program) -> Iterator[Callable[..., Built]]:
    doors: list[Built] = []

    def make(*overrides: str) -> Built:
        doors.append(Built(door.data, *overrides))
        return doors[-1]

    yield make
    for one in doors:
        one.close()


def test_a_reload_builds_what_a_start_would(build: Callable[..., Built]) -> None:
    scores = "privacy.keep_scores=true"
    running, started = build(scores), build(scores, *CHANGED)
    before = running.rules()
    assert running.reload(scores, *CHANGED) == started.settings
    assert running.rules() == started.rules()
    assert all(new != old for new, old in zip(running.rules(), before, strict=True))
    assert running.events[-1]["data"] == {
        "applied": sorted((setting.partition("=")[0] for setting in CHANGED), key=KEYS.index),
        "needs_restart": [],
        "restart": [],
    }


def test_a_reload_that_cannot_be_journaled_is_not_put_in_force(build: Callable[..., Built]) -> None:
    door = build()
    before = door.rules()
    door.disk.room = 0
    assert door.reload(*CHANGED) is door.settings
    assert door.rules() == before
    door.disk.room = 10
    door.loop.settle()
    (refused,) = door.events
    assert refused["type"].endswith("service.reload_refused")
    assert "the disk is full" in refused["data"]["reason"]


def test_a_refusal_names_every_mistake_and_no_password(build: Callable[..., Built]) -> None:
    door = build()
    before = door.rules()
    wrong = ["access.rearm_seconds=0", "camera.width='rtsp://me:secret@camera/'", "access.rearm_second=3"]
    assert door.reload(*wrong) is door.settings
    assert door.rules() == before
    (reason,) = [event["data"]["reason"] for event in door.events]
    for words in ("access.rearm_seconds = 0", "camera.width", "did you mean rearm_seconds?"):
        assert words in reason
    assert "secret" not in reason


# In service.


class Notified:
    """The service manager's socket, and the notifications on it."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "notify.socket")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(20.0)

    def wait_for(self, words: str) -> str:
        while words not in (message := self._socket.recv(1000).decode()):
            pass
        return message

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notified]:
    one = Notified(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", one.path)
    yield one
    one.close()


def _configure(file: Path, video: Path, extra: str = "", *, rearm: float = 3600.0, width: int = 640) -> None:
    file.write_text(
        f'[door]\npins = "mock"\nunlock_seconds = 30.0\n[mqtt]\nenabled = false\n'
        f'[camera]\nsource = "{video}"\nwidth = {width}\n[access]\nrearm_seconds = {rearm}\n{extra}'
    )


def test_a_door_in_service_changes_its_rules_and_nothing_else(door: Program, tmp_path: Path, systemd: Notified) -> None:
    video = write_scene(tmp_path / "visits.avi", [("enrolled", 2.0), *[("nobody", 2.5), ("enrolled", 2.0)] * 8])
    file = tmp_path / "config.toml"
    _configure(file, video)
    with Running(door.command("run", "-c", os.path.relpath(file))) as daemon:
        daemon.wait_for("lock.unlocked")
        _configure(file, video, "[[access\n", rearm=1.0)
        daemon.process.send_signal(signal.SIGHUP)
        refused = daemon.wait_for("service.reload_refused")
        systemd.wait_for("RELOADING=1\n")
        systemd.wait_for("READY=1")
        _configure(file, video, rearm=1.0, width=800)
        before = SystemClock().monotonic()
        daemon.process.send_signal(signal.SIGHUP)
        line = daemon.wait_for("service.reloaded")
        reloading, moment = systemd.wait_for("RELOADING=1\n").split("MONOTONIC_USEC=")
        systemd.wait_for("READY=1")
        daemon.wait_for("access.granted")  # somebody who is back counts as a new visit now
        _configure(file, video, 'rules = [{ groups = ["staff"] }]', rearm=1.0)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("service.reloaded (applied access.rules)")
        daemon.wait_for("staff")  # of which nobody is, as a start would warn
        daemon.wait_for("access.denied")
        assert daemon.end(by=signal.SIGTERM) == 0
    assert "not valid TOML" in refused
    assert "applied access.rearm_seconds, needs restart camera.width" in line
    assert reloading == "RELOADING=1\n"
    assert before <= int(moment) / 1e6 <= SystemClock().monotonic()
    kinds = [what.partition(" ")[0] for what in told(door)]
    assert [kind for kind in kinds if kind not in {"service.degraded", "service.recovered"}] == [
        "service.started",
        "access.granted",
        "lock.unlocked",
        "service.reload_refused",
        "service.reloaded",
        "access.granted",
        "service.reloaded",
        "access.denied",  # the first pulse was not over: the lock stayed open through all of it
        "lock.locked",
        "service.stopped",
    ]
    _, boots, numbers = zip(*(event["id"].split("/") for event in events(door)[1:]), strict=True)
    assert len(set(boots)) == 1
    assert [int(number) for number in numbers] == list(range(2, 2 + len(numbers)))
