"""The units as files, and what systemd's own tools find in them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from edgegate.cli.parsers import build_parser
from tests.support.paths import ROOT

FOLDER = ROOT / "systemd"
KEEPER, DAEMON = "edgegate-lock.service", "edgegate.service"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing: apt install systemd"
)


def settings(unit: str) -> dict[str, list[str]]:
    """Returns every setting with its values, in order."""
    found = defaultdict(list)
    for line in (FOLDER / unit).read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


def setting(unit: str, name: str) -> str:
    """The one value that a setting has."""
    (value,) = settings(unit)[name]
    return value


def call(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)


@needs_systemd
@pytest.mark.parametrize(("unit", "tenths"), [(KEEPER, 5), (DAEMON, 13)])
def test_a_unit_exposes_no_more_than_it_must(unit: str, tenths: int) -> None:
    found = call("systemd-analyze", "security", "--offline=yes", "--no-pager", f"--threshold={tenths}", FOLDER / unit)
    assert found.returncode == 0, found.stdout + found.stderr


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(_systemds_own_units(), root / "usr/lib/systemd/system", symlinks=True)
    for unit in (KEEPER, DAEMON):
        shutil.copy(FOLDER / unit, root / "usr/lib/systemd/system")
        for command in settings(unit)["ExecStart"] + settings(unit)["ExecStopPost"] + settings(unit)["ExecReload"]:
            program = root / command.split()[0].lstrip("+/")
            program.parent.mkdir(parents=True, exist_ok=True)
            program.touch(mode=0o755)
    found = call("systemd-analyze", "verify", f"--root={root}", KEEPER, DAEMON)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def _systemds_own_units() -> Path:
    return next(path for path in map(Path, ("/usr/lib/systemd/system", "/lib/systemd/system")) if path.is_dir())


@needs_systemd
def test_the_users_are_understood(tmp_path: Path) -> None:
    found = call("systemd-sysusers", "--dry-run", f"--root={tmp_path}", "--inline", *_users())
    assert found.returncode == 0, found.stderr
    assert re.findall(r"Creating user '(\S+)'", found.stderr) == ["edgegate", "edgegate-lock"]


def _users() -> list[str]:
    lines = (FOLDER / "sysusers.conf").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("unit", [KEEPER, DAEMON])
def test_tflite_and_gpiozero_may_read_what_processor_this_is(unit: str) -> None:
    """Without /proc/cpuinfo TFLite drops XNNPACK and says nothing; gpiozero finds no Raspberry Pi."""
    assert "ProcSubset" not in settings(unit)


@pytest.mark.parametrize("unit", [KEEPER, DAEMON])
def test_a_unit_is_started_again_however_often_it_dies(unit: str) -> None:
    assert setting(unit, "Restart") == "always"
    assert setting(unit, "StartLimitIntervalSec") == "0"
    assert setting(unit, "Type") == "notify"
    assert setting(unit, "WatchdogSignal") == "SIGKILL"


def test_a_reload_fails_where_the_configuration_is_refused_with_the_reason(tmp_path: Path) -> None:
    signal, judge = settings(DAEMON)["ExecReload"]
    assert signal == "/bin/kill -HUP $MAINPID"  # first, so that the journal has the refusal too
    program, *words = judge.split()
    _, *run = setting(DAEMON, "ExecStart").split()
    assert words[-2:] == run[-2:]  # it judges what the daemon reads
    assert program == setting(DAEMON, "ExecStart").split()[0]  # and without "-" before it, which would forgive it
    found = {}
    for name, text in (("right", ""), ("wrong", "[recognition]\nembeder = 4\n"), ("torn", "[recognition\n")):
        (tmp_path / name).write_text(text)
        found[name] = call(sys.executable, "-m", "edgegate", *words[:-1], tmp_path / name)
    assert [found[name].returncode for name in ("right", "wrong", "torn")] == [0, 2, 2]
    assert [len(found[name].stderr.splitlines()) for name in ("wrong", "torn")] == [1, 1]
    assert "did you mean embedder?" in found["wrong"].stderr


def test_a_hanging_keeper_is_killed_within_two_seconds_and_the_line_locked() -> None:
    assert setting(KEEPER, "WatchdogSec") == "2"
    assert Path(setting(KEEPER, "ExecStopPost")).name == "edgegate-lock-secure"
    assert os.access(FOLDER / "edgegate-lock-secure", os.X_OK)
    assert setting(KEEPER, "OOMPolicy") == "continue"  # by default a second death for memory ends ExecStopPost
    assert setting(KEEPER, "RuntimeDirectoryPreserve") == "yes"  # it says which level is locked
    assert setting(KEEPER, "WorkingDirectory") == "%t/" + setting(KEEPER, "RuntimeDirectory")  # lgpio writes there


def test_only_the_daemons_group_reaches_the_keepers_socket() -> None:
    assert setting(KEEPER, "Group") == setting(DAEMON, "Group") == "edgegate"
    assert setting(KEEPER, "User") != setting(DAEMON, "User")
    assert setting(KEEPER, "RuntimeDirectoryMode") == "0750"
    assert setting(KEEPER, "StateDirectoryMode") == setting(DAEMON, "StateDirectoryMode") == "0700"


def test_the_keeper_has_no_network_and_the_daemon_no_pins() -> None:
    assert setting(KEEPER, "PrivateNetwork") == "yes"
    assert settings(KEEPER)["DeviceAllow"] == ["char-gpiochip rw"]
    assert not [device for device in settings(DAEMON)["DeviceAllow"] if "gpio" in device]
    assert setting(DAEMON, "SupplementaryGroups") == "video"


def test_faces_and_keys_are_in_no_core_dump() -> None:
    assert setting(KEEPER, "LimitCORE") == setting(DAEMON, "LimitCORE") == "0"


def test_neither_service_needs_the_other() -> None:
    assert setting(DAEMON, "Wants") == setting(DAEMON, "After") == KEEPER
    assert not {"Requires", "BindsTo", "PartOf"} & (settings(DAEMON).keys() | settings(KEEPER).keys())


def test_the_daemon_is_called_as_the_program_understands() -> None:
    _program, *words = setting(DAEMON, "ExecStart").split()
    assert build_parser().parse_args(words).config == Path("/etc/edgegate/config.toml")
