"""Decisions of the door on real people: needs the evaluation data, $EDGEGATE_DATA or ../shared/data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT
from tests.support.program import Program

CLIPS = Path(os.environ.get("EDGEGATE_DATA") or ROOT.parent / "shared" / "data") / "clips"

pytestmark = [
    pytest.mark.data,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not CLIPS.is_dir(), reason=f"no evaluation data at {CLIPS}: name its folder in $EDGEGATE_DATA"),
]


def evaluate(edgegate: Program, identity: str) -> dict[str, Any]:
    """Everybody enrolled alone from three frames of each clip of theirs; all other clips come to that door."""
    result = edgegate("evaluate", CLIPS, "--clips", "--identity", identity, "--json")
    assert (result.status, result.err) == (0, "")
    found: dict[str, Any] = result.json
    return found


@pytest.fixture
def report(capfd: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    """Lines that are shown although the test passes."""
    lines: list[str] = []
    yield lines
    with capfd.disabled():
        print("", *lines, sep="\n")


def counts(part: dict[str, Any]) -> str:
    return f"{part['granted']} of {part['trials']} visits let in"


def test_people_are_let_in_at_their_own_door_and_at_no_other(edgegate: Program, report: list[str]) -> None:
    found = evaluate(edgegate, r"^person-(.)")
    report.append(f"person clips: themselves {counts(found['genuine'])}, strangers {counts(found['strangers'])}")
    assert found["genuine"]["trials"] > 0
    assert found["genuine"]["refused"] == []
    assert found["strangers"]["trials"] > 0
    assert found["strangers"]["accepted_pairs"] == []


@pytest.mark.full
def test_a_print_opens_the_door_until_liveness_exists(edgegate: Program, report: list[str]) -> None:
    found = evaluate(edgegate, r"^nuaa-(?:live|print)-(\d+)")
    live = sorted(path.stem for path in CLIPS.glob("nuaa-live-*"))
    prints = sorted(path.stem for path in CLIPS.glob("nuaa-print-*"))
    refused = {(pair["enrolled"], pair["visitor"]) for pair in found["genuine"]["refused"]}
    own = [(a, b) for a in live for b in live if a != b and _subject(a) == _subject(b)]
    shown = [(a, b) for a in live for b in prints if _subject(a) == _subject(b)]
    opened = [pair for pair in shown if pair not in refused]
    report += [
        f"nuaa live clips: themselves {len(own) - len(refused & set(own))} of {len(own)} visits let in",
        f"nuaa clips, live and prints: strangers {counts(found['strangers'])}",
        f"nuaa prints of the person enrolled: {len(opened)} of {len(shown)} open the door, as documented",
    ]
    assert refused.isdisjoint(own)
    assert found["strangers"]["accepted_pairs"] == []
    assert opened, "prints are refused: document it, and count again"
    assert "a photo or a screen that shows an enrolled face can open the door" in edgegate("check").out


def _subject(clip: str) -> str:
    return clip.split("-")[2]
