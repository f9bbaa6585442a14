"""The house's walls: what each room may import, who reads clocks, who starts threads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.support.paths import ROOT

MODULES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "edgegate").rglob("*.py"))

PURE = [
    "access/gate", "recognition/tracking", "types", "recognition/thresholds", "vision/pooling",
    "recognition/identification", "recognition/search", "recognition/templates", "recognition/lookalikes",
    "events/cloudevents", "events/vocabulary", "door/pulse", "access/observation", "vision/faces",
    "enrol/guidance", "service/health", "errors", "enrol/choice",
    "access/__init__", "access/calendar", "access/doubts", "access/hold_open", "access/lockout", "access/permissions",
    "access/schedule",
    "door/__init__", "door/machine", "door/parts", "door/table", "keeper/refusals", "keeper/requests",
]  # fmt: skip
PURE_IMPORTS = {
    "__future__", "collections", "dataclasses", "datetime", "difflib", "enum", "functools",
    "json", "math", "numpy", "typing",
}  # fmt: skip
"""What a pure room may import, besides other parts of edgegate: nothing that does I/O or knows the time."""

HEAVY = {
    "converter",
    "tensorflow",
    "keras",
    "matplotlib",
    "skimage",
    "scipy",
    "sklearn",
    "pytest",
    "hypothesis",
    "psutil",
    "amqtt",
}
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


def attributes(module: str) -> set[str]:
    """`object.attribute` for every attribute of a plain name, and the attribute for any other."""
    nodes = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.Attribute)]
    return {f"{n.value.id}.{n.attr}" if isinstance(n.value, ast.Name) else n.attr for n in nodes}


def offenders(modules: list[str], offence: Callable[[str], set[str]]) -> dict[str, set[str]]:
    return {module: what for module in modules if (what := offence(module))}


def test_there_are_rooms_to_look_at() -> None:
    assert {f"edgegate/{name}.py" for name in PURE} < set(MODULES)


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_imports_nothing_that_does_io_or_knows_the_time(room: str) -> None:
    outside = {name for name in everywhere(f"edgegate/{room}.py") if not name.startswith("edgegate")}
    assert packages(outside) <= PURE_IMPORTS


@pytest.mark.parametrize(
    "room",
    ["access/gate", "recognition/tracking", "types", "recognition/thresholds", "vision/pooling", "enrol/guidance"],
)
def test_a_room_that_decides_is_built_on_pure_rooms_alone(room: str) -> None:
    inside = {name for name in everywhere(f"edgegate/{room}.py") if name.startswith("edgegate.")}
    assert {name.split(".")[1] for name in inside} <= {"access", "door", "events", "types", "vision"}


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_opens_and_prints_nothing(room: str) -> None:
    calls = [node.func for node in ast.walk(tree_of(f"edgegate/{room}.py")) if isinstance(node, ast.Call)]
    assert not {call.id for call in calls if isinstance(call, ast.Name)} & {"open", "print", "input", "exec", "eval"}


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
        "import sys, edgegate.service.daemon\n"
        "from edgegate.cli.parser import resolved\n"
        "from edgegate.cli.parsers import build_parser\n"
        "assert [resolved(run) for command in build_parser().every() if (run := command.get_default('run'))]\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "edgegate" in loaded.stdout.split()
    assert not set(loaded.stdout.split()) & (HEAVY | HARDWARE | {"_pytest"})
