"""The house's walls: which rooms there are, what each may import, who reads clocks, who starts threads."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.support.imports import MODULES, everywhere, offenders, packages
from tests.support.paths import ROOT

WALLS = {
    "clock": "",
    "types": "",
    "events": "clock",
    "errors": "events",
    "door": "events",
    "access": "door errors events types",
    "system": "clock errors",
    "lock": "clock door errors events",
    "journal": "clock errors events system",
    "keeper": "clock door errors events lock system",
    "pages": "access events types",
    "config": "access errors lock system",
    "vision": "errors system types",
    "camera": "clock config errors events system types",
    "broker": "config errors events system",
    "gallery": "errors system types vision",
    "view": "access errors events pages types",
    "recognition": "access errors gallery system types vision",
    "enrol": "camera clock errors events gallery journal recognition system types vision",
    "loop": "access camera clock door errors events lock recognition system types",
    "app": "access clock config errors events gallery journal keeper lock loop recognition types vision",
    "report": "access camera clock config errors events loop pages system types",
    "service": "app broker camera clock config errors events gallery journal keeper lock loop recognition system types",
    "evaluation": "access app camera clock config enrol errors events gallery pages recognition types vision",
    "demo": "app broker camera clock config enrol errors events journal loop report service system types",
    "cli": (
        "access app broker camera clock config demo enrol errors evaluation events gallery journal keeper lock loop"
        " recognition report service system types view vision"
    ),
}
"""Room by room, from the ground up, what it may import of edgegate. A room stands on those above it in this table, so
that there is no circle and no arrow upward."""


DATA = {"models"}
"""Folders without code."""


CONVERTER_WALLS = {
    "toml": "",
    "tables": "",
    "data": "",
    "packs": "toml",
    "architectures": "data",
    "compositions": "data",
    "tflite": "architectures data",
    "networks": "architectures data tflite",
    "evaluation": "architectures data tables tflite",
    "training": "architectures data evaluation networks tflite",
    "recipe": "architectures data evaluation tables tflite training",
    "imports": "compositions packs tflite toml",
    "prediction": "data networks tflite",
    "report": "evaluation tflite training",
    "build": "architectures compositions data evaluation networks packs recipe report tflite training",
    "commands": (
        "architectures build compositions data evaluation imports networks prediction recipe report tflite training"
    ),
    "cli": "",
}
"""The same for the converter's own rooms."""


FROM_EDGEGATE = {
    "app", "camera", "cli", "clock", "config", "demo", "enrol", "errors", "evaluation", "pages", "recognition",
    "system", "types", "vision",
}  # fmt: skip
"""The rooms of edgegate that the converter is built on. The reverse never."""


MODULES_OF_EDGEGATE = {"__init__", "__main__", "clock", "errors", "types"}


MOST_FOLDERS = 27


CONVERTER = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "converter").rglob("*.py"))


def room_of(module: str) -> str:
    """`edgegate/door/table.py` is of `door`, `edgegate/clock.py` is `clock`."""
    return module.split("/")[1].removesuffix(".py")


def rooms_beside(module: str, package: str) -> set[str]:
    """The rooms of `package` that a module imports, but for its own."""
    inside = {name.split(".")[1] for name in everywhere(module) if name.startswith(f"{package}.")}
    rooms = inside & {room_of(other) for other in (MODULES if package == "edgegate" else CONVERTER)}
    return rooms - {room_of(module)} if module.startswith(f"{package}/") else rooms


def arrows(modules: list[str], package: str) -> dict[str, set[str]]:
    """Room by room, which other rooms of the same package it imports."""
    found: dict[str, set[str]] = {}
    for module in modules:
        if room_of(module) not in {"__init__", "__main__"}:
            found.setdefault(room_of(module), set()).update(rooms_beside(module, package))
    return found


@pytest.mark.parametrize(
    ("walls", "modules", "package"), [(WALLS, MODULES, "edgegate"), (CONVERTER_WALLS, CONVERTER, "converter")]
)
def test_each_room_imports_what_the_table_of_walls_says(
    walls: dict[str, str], modules: list[str], package: str
) -> None:
    """Both ways: nothing that is not in the table, and nothing in the table that no module needs."""
    assert arrows(modules, package) == {room: set(others.split()) for room, others in walls.items()}


@pytest.mark.parametrize("walls", [WALLS, CONVERTER_WALLS])
def test_the_table_of_walls_has_no_arrow_upward(walls: dict[str, str]) -> None:
    order = list(walls)
    assert {
        room: above for room in order if (above := set(walls[room].split()) - set(order[: order.index(room)]))
    } == {}


def test_the_converter_is_built_on_edgegate_and_never_the_reverse() -> None:
    used = set().union(*(rooms_beside(module, "edgegate") for module in CONVERTER))
    assert used == FROM_EDGEGATE
    assert offenders(MODULES, lambda module: packages(everywhere(module)) & {"converter"}) == {}


def test_edgegate_has_few_folders_and_the_modules_that_all_rooms_share() -> None:
    listed = subprocess.run(["git", "ls-files", "edgegate"], cwd=ROOT, capture_output=True, text=True, check=True)
    entries = {tuple(line.split("/")[1:]) for line in listed.stdout.splitlines()}
    folders = {entry[0] for entry in entries if len(entry) > 1}
    modules = {entry[0].removesuffix(".py") for entry in entries if len(entry) == 1 and entry[0].endswith(".py")}
    assert modules == MODULES_OF_EDGEGATE
    assert len(folders) <= MOST_FOLDERS
    assert folders == (set(WALLS) - modules) | DATA


def test_the_readme_names_every_folder_once() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `edgegate/(\w+)/` \|", readme, re.MULTILINE)
    assert sorted(rows) == sorted((set(WALLS) - MODULES_OF_EDGEGATE) | DATA)


def test_tests_mirror_the_rooms() -> None:
    rooms = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("test_*.py"))}
    beside = {"booted", "systemd"}
    assert rooms <= (set(WALLS) - MODULES_OF_EDGEGATE) | {"converter"} | beside
    parts = {path.name for path in (ROOT / "tests" / "converter").iterdir() if any(path.glob("test_*.py"))}
    assert parts <= set(CONVERTER_WALLS)
