"""The house's walls: which rooms there are, what each may import, who reads clocks, who starts threads."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache

import pytest

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
    "evaluation": "architectures data tables tflite",
    "training": "architectures data evaluation tflite",
    "recipe": "architectures data evaluation tables tflite training",
    "imports": "compositions packs tflite toml",
    "report": "evaluation tflite",
    "build": "architectures compositions data evaluation packs recipe report tflite training",
    "commands": "architectures build compositions data evaluation imports recipe report tflite training",
    "cli": "",
}
"""The same for the converter's own rooms."""

FROM_EDGEGATE = {
    "app", "camera", "cli", "clock", "demo", "enrol", "errors", "evaluation", "pages", "recognition", "system", "types",
    "vision",
}  # fmt: skip
"""What of edgegate the converter is built on. The reverse never."""

MODULES_OF_EDGEGATE = {"__init__", "__main__", "clock", "errors", "types"}
MOST_FOLDERS = 27

PURE = [
    "types", "errors", "door/", "events/", "access/", "keeper/refusals", "keeper/requests", "recognition/tracking",
    "recognition/thresholds", "recognition/identification", "recognition/search", "recognition/templates",
    "recognition/lookalikes", "vision/faces", "vision/pooling", "enrol/choice", "enrol/guidance", "service/health",
]  # fmt: skip
"""Modules, and whole rooms, that decide or compute and do nothing else."""

IMPURE = {"edgegate/door/diagram.py"}
"""What stands in such a room and is a tool: it draws a page from the door's table."""

PURE_IMPORTS = {
    "__future__", "collections", "dataclasses", "datetime", "difflib", "enum", "functools", "itertools",
    "json", "math", "numpy", "typing",
}  # fmt: skip
"""What a pure module may import, besides other parts of edgegate: nothing that does I/O or knows the time."""

DECIDES = ["access/gate", "recognition/tracking", "recognition/thresholds", "enrol/guidance", "door/machine"]

HEAVY = {
    "converter", "tensorflow", "keras", "matplotlib", "skimage", "scipy", "sklearn", "pytest", "hypothesis", "psutil",
    "amqtt",
}  # fmt: skip
"""Test tools, the demo's portraits and broker, and what builds models: never part of a running door."""

HARDWARE = {"lgpio", "picamera2", "libcamera", "RPi"}

CLOCK_READERS = {"time", "sched", "timeit"}
CLOCK_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}

THREAD_STARTERS = {"threading.Thread", "threading.Timer", "_thread.start_new_thread"}
THREAD_PACKAGES = {"asyncio", "concurrent", "multiprocessing"}
WITH_THREADS = (
    "edgegate/broker/",
    "edgegate/demo/",
    "edgegate/camera/capture.py",
    "edgegate/clock.py",
    "edgegate/keeper/__main__.py",
    "edgegate/keeper/client.py",
    "edgegate/system/threads.py",
    "edgegate/view/page.py",
)

MODULES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "edgegate").rglob("*.py"))
CONVERTER = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "converter").rglob("*.py"))


def are(pattern: str) -> list[str]:
    """The modules that an entry of `PURE` means."""
    found = [module for module in MODULES if module.startswith(f"edgegate/{pattern}")] if pattern.endswith("/") else []
    return [module for module in found or [f"edgegate/{pattern}.py"] if module not in IMPURE]


PURE_MODULES = [module for pattern in PURE for module in are(pattern)]


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def imports(nodes: Iterator[ast.AST]) -> set[str]:
    """Full names of the imported modules; for `from a import b` both `a` and `a.b`, for b may be one."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            assert node.level == 0, "imports are absolute here"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def everywhere(module: str) -> set[str]:
    return imports(ast.walk(tree_of(module)))


def at_import(module: str) -> Iterator[ast.AST]:
    """Every node that runs when the module is imported: all but the bodies of functions."""
    waiting: list[ast.AST] = [tree_of(module)]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def packages(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def room_of(module: str) -> str:
    """`edgegate/door/table.py` is of `door`, `edgegate/clock.py` is `clock`."""
    return module.split("/")[1].removesuffix(".py")


def rooms_beside(module: str, package: str) -> set[str]:
    """The rooms of `package` that a module imports, but for its own."""
    inside = {name.split(".")[1] for name in everywhere(module) if name.startswith(f"{package}.")}
    rooms = inside & {room_of(other) for other in (MODULES if package == "edgegate" else CONVERTER)}
    return rooms - {room_of(module)} if module.startswith(f"{package}/") else rooms


def attributes(module: str) -> set[str]:
    """`object.attribute` for every attribute of a plain name, and the attribute for any other."""
    nodes = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.Attribute)]
    return {f"{n.value.id}.{n.attr}" if isinstance(n.value, ast.Name) else n.attr for n in nodes}


def offenders(modules: list[str], offence: Callable[[str], set[str]]) -> dict[str, set[str]]:
    return {module: what for module in modules if (what := offence(module))}


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


@pytest.mark.parametrize("module", PURE_MODULES)
def test_a_pure_module_imports_nothing_that_does_io_or_knows_the_time(module: str) -> None:
    outside = {name for name in everywhere(module) if not name.startswith("edgegate")}
    assert packages(outside) <= PURE_IMPORTS


@pytest.mark.parametrize("module", PURE_MODULES)
def test_a_pure_module_opens_and_prints_nothing(module: str) -> None:
    calls = [node.func for node in ast.walk(tree_of(module)) if isinstance(node, ast.Call)]
    assert not {call.id for call in calls if isinstance(call, ast.Name)} & {"open", "print", "input", "exec", "eval"}


@pytest.mark.parametrize("module", DECIDES)
def test_a_module_that_decides_is_built_on_pure_modules_alone(module: str) -> None:
    reached, waiting = set[str](), {f"edgegate/{module}.py"}
    while waiting:
        reached |= (now := waiting)
        names = set().union(*(everywhere(one) for one in now))
        files = {name.replace(".", "/") for name in names if name.startswith("edgegate.")}
        waiting = {
            file for name in files for file in (f"{name}.py", f"{name}/__init__.py") if file in MODULES
        } - reached
    packages_themselves = {module for module in reached if module.endswith("__init__.py") and not code_of(module)}
    assert reached - packages_themselves <= set(PURE_MODULES)


def code_of(module: str) -> list[ast.stmt]:
    """What a module does besides saying what it is."""
    return [node for node in tree_of(module).body if not isinstance(node, ast.Expr)]


def test_nobody_but_the_clock_reads_clocks() -> None:
    others = [module for module in MODULES if module != "edgegate/clock.py"]
    assert offenders(others, lambda module: packages(everywhere(module)) & CLOCK_READERS) == {}
    assert offenders(others, lambda module: attributes(module) & CLOCK_CALLS) == {}


def test_threads_are_started_only_where_one_expects_them() -> None:
    others = [module for module in MODULES if not module.startswith(WITH_THREADS)]
    assert offenders(others, lambda module: (everywhere(module) | attributes(module)) & THREAD_STARTERS) == {}
    assert offenders(others, lambda module: packages(everywhere(module)) & THREAD_PACKAGES) == {}


def test_only_the_demo_uses_what_the_demo_brings() -> None:
    others = [module for module in MODULES if not module.startswith("edgegate/demo/")]
    assert offenders(others, lambda module: packages(everywhere(module)) & HEAVY) == {}
    assert offenders(MODULES, lambda module: packages(imports(at_import(module))) & HEAVY) == {}


def test_no_hardware_is_touched_by_importing() -> None:
    others = [module for module in MODULES if module != "edgegate/lock/lgpio_pins.py"]  # imported only to drive pins
    assert offenders(others, lambda module: packages(imports(at_import(module))) & HARDWARE) == {}


def test_a_running_door_has_loaded_nothing_that_it_does_not_need() -> None:
    program = (
        "import sys, edgegate.cli, edgegate.service.daemon\n"
        "edgegate.cli.build_parser()\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "edgegate" in loaded.stdout.split()
    assert not set(loaded.stdout.split()) & (HEAVY | HARDWARE | {"_pytest"})
