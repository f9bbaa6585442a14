"""Words that no text in the tree may use."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.support.paths import ROOT

NAME = "edgegate"
BY_NAME = re.compile(
    rf"{NAME}\[[a-z][a-z,-]*\]|\b(pip3?|pipx|uv)\b[^\n]*\b(install|add)(\s+-\S+)*\s+[\"'`]?{NAME}(?![\w./-])"
)
"""The package index knows another project by this name: ours is installed from a clone, as `.[extra]`."""
ITS_OWN = re.compile(rf'^\s*"{NAME}\[demo\]"', re.MULTILINE)
"""An extra that holds another one, in pyproject.toml, where pip takes the name for the project itself."""


def found_in(text: str) -> list[str]:
    return [match.group() for match in BY_NAME.finditer(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"pip install '{NAME}[train]'", True),
        (f'or "{NAME}[demo,test]" instead', True),
        (f"pip install {NAME}", True),
        (f"python -m pip install\n--upgrade '{NAME}'", True),
        (f"pipx install {NAME}; {NAME} demo", True),
        ("pip install '.[train]'", False),
        (f"cd {NAME} && pip install .", False),
        (f"pip install ./{NAME} {NAME}-lock", False),
        (f"installing {NAME}[$(2)]", False),
    ],
)
def test_the_rule_finds_what_it_should(text: str, found: bool) -> None:
    assert bool(found_in(text)) == found


def test_nothing_says_to_install_another_project_by_our_name() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    files = [ROOT / name for name in tracked.split("\0") if name]
    assert ROOT / "README.md" in files
    wrong = {}
    for path in files:
        text = path.read_bytes().decode(errors="replace") if path.is_file() else ""
        if found := found_in(ITS_OWN.sub("", text) if path.name == "pyproject.toml" else text):
            wrong[path.relative_to(ROOT).as_posix()] = found
    assert wrong == {}
