"""`make install` and `make uninstall`, into a folder: a stand-in for Python makes the environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgegate import config
from edgegate.cli.parsers import build_parser
from edgegate.lock import wiring
from tests.support.paths import ROOT

WANTED = Path("etc/systemd/system/multi-user.target.wants")

pytestmark = pytest.mark.skipif(shutil.which("systemctl") is None, reason="systemctl is missing: apt install systemd")

PYTHON = """#!/bin/sh
# Answers like Python, but makes environments, and installs into them, in no time.
case "$*" in
*sys.executable*) echo "$0" ;;
"-c "*) exec "{real}" "$@" ;;
"-m venv "*)
  for last; do :; done
  mkdir -p "$last/bin" "$last/lib/{version}/site-packages/pip"
  cp "$0" "$last/bin/python"
  echo "command = $0 -m venv $last" > "$last/pyvenv.cfg"
  echo "$*" >> "{log}" ;;
"-m pip "*)
  bin=$(dirname "$0")
  for program in edgegate edgegate-lock; do printf '#!%s/python\\n' "$bin" > "$bin/$program"; done
  echo "$*" >> "{log}" ;;
esac
"""


@dataclass
class Machine:
    """A folder that stands for a machine's root, and calls of `make` on it."""

    root: Path
    tools: Path

    def __post_init__(self) -> None:
        self.log = self.tools / "log"
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        self.python = self.tools / "python"
        self.python.write_text(PYTHON.format(real=sys.executable, version=version, log=self.log), encoding="utf-8")
        self.python.chmod(0o755)

    def make(self, target: str, *words: str) -> str:
        call = ["make", "--no-print-directory", target, f"DESTDIR={self.root}", f"PYTHON={self.python}", *words]
        done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        """Everything there is, with what it holds or leads to."""
        return {
            str(path.relative_to(self.root)): bytes(path.readlink()) if path.is_symlink() else path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_symlink() or path.is_file()
        }

    def enabled(self) -> set[str]:
        return {path.name for path in (self.root / WANTED).iterdir()}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "tools").mkdir()
    return Machine(tmp_path / "root", tmp_path / "tools")


@pytest.fixture
def installed(machine: Machine) -> Machine:
    machine.make("install")
    return machine


def test_program_units_and_commands_are_in_their_places(installed: Machine) -> None:
    files = installed.files()
    for name in ("edgegate", "edgegate-lock", "edgegate-lock-secure", "python"):
        assert f"opt/edgegate/bin/{name}" in files
    for unit in ("edgegate.service", "edgegate-lock.service"):
        assert files[f"usr/local/lib/systemd/system/{unit}"] == (ROOT / "systemd" / unit).read_bytes()
    assert {"usr/local/lib/sysusers.d/edgegate.conf", "usr/local/lib/tmpfiles.d/edgegate.conf"} <= files.keys()
    assert "etc/udev/rules.d/60-edgegate.rules" in files
    assert installed.enabled() == {"edgegate.service", "edgegate-lock.service"}
    assert files["usr/local/bin/edgegate-lock"] == b"/opt/edgegate/bin/edgegate-lock"


def test_the_installed_configuration_is_the_shipped_one_with_keeper_and_data_folder(installed: Machine) -> None:
    path = installed.root / "etc/edgegate/config.toml"
    given = config.load(path)
    shipped = config.load(ROOT / "config.toml")
    assert wiring.read(path).keeper == given.door.keeper == "/run/edgegate-lock/keeper.sock"
    assert given.service.data_dir == "/var/lib/edgegate"
    assert str(given.key_file) == "/etc/edgegate/edgegate.key"
    assert given.model_copy(update={"door": shipped.door, "service": shipped.service}) == shipped


def test_nothing_installed_knows_of_the_folder_it_was_installed_into(installed: Machine) -> None:
    assert [name for name, what in installed.files().items() if str(installed.root).encode() in what] == []
    assert installed.read("opt/edgegate/bin/edgegate") == "#!/opt/edgegate/bin/python\n"


def test_a_command_without_a_config_means_the_installed_door(
    installed: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapper = installed.read("usr/local/bin/edgegate")
    assert (
        'EDGEGATE_CONFIG="${EDGEGATE_CONFIG:-/etc/edgegate/config.toml}" exec /opt/edgegate/bin/edgegate "$@"'
        in wrapper
    )
    monkeypatch.setenv("EDGEGATE_CONFIG", "/etc/edgegate/config.toml")
    assert build_parser().parse_args(["check"]).config == Path("/etc/edgegate/config.toml")
    assert build_parser().parse_args(["check", "-c", "mine.toml"]).config == Path("mine.toml")


def test_installing_again_changes_nothing_of_ones_own(installed: Machine) -> None:
    own = installed.root / "etc/edgegate/config.toml"
    own.write_text(own.read_text(encoding="utf-8").replace("lock_pin = 17", "lock_pin = 18"), encoding="utf-8")
    (installed.root / WANTED / "edgegate.service").unlink()  # as `systemctl disable` does
    before = installed.files()
    assert "upgraded" in installed.make("install")
    assert installed.files() == before


def test_an_environment_half_made_or_of_another_python_is_made_again(installed: Machine) -> None:
    installed.make("install")
    assert installed.log.read_text(encoding="utf-8").count("-m venv") == 1
    shutil.rmtree(installed.root / "opt/edgegate/lib")
    installed.make("install")
    assert installed.log.read_text(encoding="utf-8").count("-m venv") == 2


def test_extras_and_place_can_be_chosen(machine: Machine) -> None:
    machine.make("install", "EXTRAS=pi", "PREFIX=/srv/door")
    log = machine.log.read_text(encoding="utf-8")
    assert "--system-site-packages" in log
    assert log.rstrip().endswith("[pi]")
    assert "ExecStart=/srv/door/bin/edgegate run" in machine.read("usr/local/lib/systemd/system/edgegate.service")


def test_a_config_from_before_the_keeper_stays_and_gets_a_remark(machine: Machine) -> None:
    own = machine.root / "etc/edgegate/config.toml"
    own.parent.mkdir(parents=True)
    own.write_text("[door]\nlock_pin = 18\n", encoding="utf-8")
    said = machine.make("install")
    assert 'below [door]: keeper = "/run/edgegate-lock/keeper.sock"' in said
    assert 'below [service]: data_dir = "/var/lib/edgegate"' in said
    assert own.read_text(encoding="utf-8") == "[door]\nlock_pin = 18\n"


def test_uninstalling_leaves_configuration_and_data_and_says_so(installed: Machine) -> None:
    data = installed.root / "var/lib/edgegate/gallery.db"
    data.parent.mkdir(parents=True)
    data.write_text("people", encoding="utf-8")
    for _ in range(2):
        assert "/var/lib/edgegate" in installed.make("uninstall")
        assert installed.files().keys() == {"etc/edgegate/config.toml", "var/lib/edgegate/gallery.db"}
    assert "is gone" in installed.make("uninstall", "PURGE=1")
    assert installed.files() == {}


def test_purging_leaves_no_secret_and_no_drop_in_and_nothing_of_anybody_else(installed: Machine) -> None:
    secrets = [
        "etc/credstore/edgegate.key",
        "etc/credstore/edgegate.mqtt-password",
        "etc/credstore.encrypted/edgegate.key",
        "etc/systemd/system/edgegate.service.d/override.conf",
        "etc/systemd/system/edgegate-lock.service.d/override.conf",
    ]
    others = {"etc/credstore/another.key", "etc/systemd/system/another.service.d/override.conf"}
    for name in (*secrets, *others):
        (installed.root / name).parent.mkdir(parents=True, exist_ok=True)
        (installed.root / name).write_text("secret", encoding="utf-8")
    said = installed.make("uninstall")
    assert {*secrets} < installed.files().keys()
    assert "/etc/credstore" in said
    assert "edgegate*.service.d" in said
    installed.make("uninstall", "PURGE=1")
    assert installed.files().keys() == others
