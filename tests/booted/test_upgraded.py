"""A door of the version before the lock keeper, with people and a history, becomes one of this version."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.booted import images
from tests.booted.door import DAEMON, KEEPER, LOCK_PIN, Door, number
from tests.booted.kernel import Kernel
from tests.booted.pressing import pressing
from tests.support.paths import ROOT

OLD = ROOT / "tests" / "data" / "before-the-keeper.tar.gz"
EVENTS, WAITING = 122, 10
"""The events in its journal, and those of them that wait for the broker."""

ITS_CONFIG = """
[camera]
source = "/dev/video0"
[door]
exit_pin = 20
unlock_seconds = 1.0
exit_seconds = 1.0
[access]
rearm_seconds = 2.0
"""
AS_THE_DOCS_SAY = (
    "sudo cp -r edgegate-data/. /var/lib/edgegate/",
    "sudo cp ~/.config/edgegate/edgegate.key* /etc/edgegate/",
    "sudo chown -R edgegate: /var/lib/edgegate /etc/edgegate/edgegate.key*",
)

pytestmark = pytest.mark.full


@pytest.fixture
def old_door(machine: Kernel, tmp_path: Path) -> Iterator[Door]:
    """Run by hand: its people, key, journal and configuration, and no service of ours."""
    door = Door(machine, images.debian(), tmp_path)
    with tarfile.open(OLD) as tar:
        tar.extractall(tmp_path / "old", filter="data")
    with door.guest:
        guest = door.boot().guest
        data, key = guest.put(tmp_path / "old" / "data", "old-data"), guest.put(tmp_path / "old" / "gallery.key")
        guest.run(f"cp -r {data} edgegate-data; mkdir -p .config/edgegate /etc/edgegate")
        guest.run(f"cp {key} .config/edgegate/edgegate.key")
        guest.write("/etc/edgegate/config.toml", ITS_CONFIG)
        yield door


def install(door: Door) -> str:
    for name in images.INSTALLED_FROM:
        door.guest.put(ROOT / name, f"source/{name}")
    door.guest.put(images.wheels(), "wheels")
    environment = "PIP_NO_INDEX=1 PIP_FIND_LINKS=/host/wheels EXTRAS=pi"
    said = door.guest.run(f"cp -r /host/source edgegate && cd edgegate && {environment} {images.INSTALL}", timeout=600)
    door.guest.run(f"sh /host/inside/{images.PRETEND_PI.name}")
    return said


@pytest.mark.timeout(1200)
def test_a_door_of_before_goes_on_with_its_people_and_its_history(old_door: Door) -> None:
    door, docs = old_door, (ROOT / "docs" / "install.md").read_text()
    said = install(door)
    assert 'below [door]: keeper = "/run/edgegate-lock/keeper.sock"' in said, "a config of one's own is left alone"
    services = '[door]\\nkeeper = "/run/edgegate-lock/keeper.sock"'
    door.guest.run(f"sed -i 's|^\\[door\\]|{services}|' /etc/edgegate/config.toml")
    door.guest.run("printf '[service]\\ndata_dir = \"/var/lib/edgegate\"\\n' >> /etc/edgegate/config.toml")
    for command in AS_THE_DOCS_SAY:
        assert command in docs
        door.guest.run(command.replace("sudo ", ""))
    before = door.events()
    assert len(before) == EVENTS
    door.guest.run(f"systemctl start {KEEPER} {DAEMON}", timeout=150)
    with pressing(door) as seen:
        after = max(map(number, door.events()))
        door.show("enrolled")
        door.wait_for_event("access.granted", after=after, timeout=60)
        door.show("nobody")
    seen.check_record()
    assert door.events()[:EVENTS] == before
    assert ": intact, " in door.guest.run("edgegate journal verify", 60)
    assert door.guest.run("edgegate people list --json").count('"name"') >= 2
    assert door.guest.trace.level(LOCK_PIN) == door.locked

    # And once more over itself, in service.
    shutil.rmtree(door.guest.share / "source")
    door.guest.run("rm -r edgegate")
    assert "upgraded, and restarted" in install(door)
    door.guest.run(f"systemctl restart {KEEPER} {DAEMON}", timeout=150)  # the tests' own part, the pretended Pi, is new
    with pressing(door) as again:
        pass
    assert again.without_a_press == []
    assert door.events()[:EVENTS] == before
