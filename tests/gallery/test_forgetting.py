"""The question before somebody is forgotten: on a terminal, and only there."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.support.door_scenes import ENROLLED
from tests.support.program import Program, Result

QUESTION = f"Forget {ENROLLED.person} (1 template, enrolled since 20"


def forget_on_a_terminal(door: Program, answer: bytes, *options: str) -> Result:
    """The command, with standard input that is a terminal at which somebody types."""
    keyboard, terminal = pty.openpty()
    try:
        os.write(keyboard, answer)
        return door.run("people", "forget", ENROLLED.person, *options, stdin=terminal)
    finally:
        os.close(keyboard)
        os.close(terminal)


@pytest.mark.parametrize("answer", [b"\n", b"n\n", b"yellow\n", b"\x04"])
def test_on_a_terminal_nobody_is_forgotten_without_a_yes(door: Program, answer: bytes) -> None:
    journal_before = door("journal", "list").out
    result = forget_on_a_terminal(door, answer)
    assert result == Result(1, f"{ENROLLED.person}: nobody was forgotten, nothing was erased\n", result.err)
    assert result.err.startswith(QUESTION)
    assert result.err.endswith("Nothing brings them back. [y/N] ")
    assert door.gallery.find(ENROLLED.person).photos
    assert door("journal", "list").out == journal_before


@pytest.mark.parametrize("answer", [b"y\n", b"YES\n"])
def test_on_a_terminal_a_yes_forgets(door: Program, answer: bytes) -> None:
    result = forget_on_a_terminal(door, answer, "--json")
    assert (result.status, result.json["templates_erased"]) == (0, 1)
    assert result.err.startswith(QUESTION)
    assert door.gallery.people() == ()


def test_with_yes_or_without_a_terminal_nothing_is_asked(door: Program, tmp_path: Path) -> None:
    assert forget_on_a_terminal(door, b"", "--yes").err == ""
    assert door.gallery.people() == ()
    assert door("enroll", ENROLLED.person, ENROLLED.file).status == 0
    result = door.run("people", "forget", ENROLLED.person, stdin=subprocess.DEVNULL)
    assert (result.status, result.err) == (0, "")
    assert door.gallery.people() == ()


def test_a_stranger_is_not_asked_about(door: Program) -> None:
    keyboard, terminal = pty.openpty()
    result = door.run("people", "forget", "Nobody", stdin=terminal)
    assert (result.status, "Nobody" in result.problem) == (1, True)
    os.close(keyboard)
    os.close(terminal)
