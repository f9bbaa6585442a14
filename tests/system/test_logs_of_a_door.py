"""The log of a whole door: no name, face or key in it unless the config asks for names."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgegate import config
from tests.support.door_scenes import ENROLLED
from tests.support.journals import Journal
from tests.support.paths import ROOT
from tests.support.program import Program

_RUN = """
import sys, threading
from pathlib import Path
from edgegate import config
from edgegate.service.daemon import Daemon
from edgegate.system import logs
journal, *overrides = sys.argv[1:]
settings = config.load(None, overrides)
logs.set_up("edgegate", settings.service.log_level, journal)
Daemon(settings, threading.Event()).run()
"""


@pytest.mark.parametrize("level", ["info", "debug"])
def test_no_name_face_or_key_is_in_the_log_of_a_door(
    level: str, edgegate: Program, scene: Callable[[str], Path], journal: Journal
) -> None:
    enrolment = edgegate.run("enroll", ENROLLED.person, ENROLLED.file, "--set", f"service.log_level={level}")
    _run(edgegate, journal, scene("enrolled-then-stranger"), f"service.log_level={level}")
    everything = enrolment.err + json.dumps(journal.records, ensure_ascii=False)
    logged = {(r["EDGEGATE_EVENT"], r.get("EDGEGATE_PERSON_ID")) for r in journal.records if "EDGEGATE_EVENT" in r}
    (person,) = edgegate.gallery.people()
    assert {("access.granted", person.id), ("access.denied", None), ("lock.locked", None)} <= logged
    for word in (ENROLLED.person, *ENROLLED.person.split()):
        assert word.lower() not in everything.lower()
    assert _secrets(edgegate, everything) == []
    assert not re.search(r"\d\.\d+(e-?\d+)?[\s,;]+-?\d+\.\d+", everything)  # no list of numbers
    assert max(len(record["MESSAGE"]) for record in journal.records) < 400


def test_names_are_in_the_log_where_the_config_says_so(
    door: Program, scene: Callable[[str], Path], journal: Journal
) -> None:
    _run(door, journal, scene("enrolled"), "service.log_names=true")
    granted = journal.wait_for("access.granted")
    assert granted["EDGEGATE_PERSON"] == ENROLLED.person
    assert ENROLLED.person in granted["MESSAGE"]


def _run(door: Program, journal: Journal, video: Path, *overrides: str) -> None:
    settings = ["door.pins=mock", "mqtt.enabled=false", f"camera.source={video}", f"service.data_dir={door.data}"]
    call = [sys.executable, "-c", _RUN, journal.path, *settings, *overrides]
    environment = os.environ | {"JOURNAL_STREAM": journal.stream}
    subprocess.run(call, stderr=journal.fd, env=environment, cwd=ROOT, check=True, timeout=60)


def _secrets(door: Program, text: str) -> list[str]:
    """Returns the forms of the gallery's key that are in the text: hexadecimal, base64 or Python's."""
    settings = config.load(None, [f"service.data_dir={json.dumps(str(door.data))}"])
    key = settings.key_file.read_bytes()
    assert len(key) == 32
    return [form for form in (key.hex(), base64.b64encode(key).decode(), repr(key)[2:-1]) if form[:16] in text]
