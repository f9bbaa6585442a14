"""Modules that only decide or compute, and the few that read clocks, start threads or touch hardware."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.imports import MODULES, everywhere, imports, offenders, packages, tree_of
from tests.support.paths import ROOT

PURE = [
    "types", "errors", "door/", "events/", "access/", "keeper/refusals", "keeper/requests", "recognition/tracking",
    "recognition/thresholds", "recognition/identification", "recognition/search", "recognition/templates",
    "recognition/lookalikes", "vision/faces", "vision/pooling", "enrol/choice", "enrol/guidance", "service/health",
]  # fmt: skip
"""Modules, and whole rooms, that decide or compute and do nothing else."""


IMPURE = {"edgegate/door/diagram.py"}
"""Tools that stand in such a room: this one draws a page from the door's table."""


PURE_IMPORTS = {
    "__future__", "collections", "dataclasses", "datetime", "difflib", "enum", "functools", "itertools",
    "json", "math", "numpy", "typing",
}  # fmt: skip
"""Packages that a pure module may import, besides other parts of edgegate: nothing that does I/O or knows the time."""


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


def are(pattern: str) -> list[str]:
    """The modules that an entry of `PURE` means."""
    found = [module for module in MODULES if module.startswith(f"edgegate/{pattern}")] if pattern.endswith("/") else []
    return [module for module in found or [f"edgegate/{pattern}.py"] if module not in IMPURE]


PURE_MODULES = [module for pattern in PURE for module in are(pattern)]


def at_import(module: str) -> Iterator[ast.AST]:
    """Every node that runs when the module is imported: all but the bodies of functions."""
    waiting: list[ast.AST] = [tree_of(module)]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def attributes(module: str) -> set[str]:
    """`object.attribute` for every attribute of a plain name, and the attribute for any other."""
    nodes = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.Attribute)]
    return {f"{n.value.id}.{n.attr}" if isinstance(n.value, ast.Name) else n.attr for n in nodes}


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
    """Returns the statements of a module but for its docstring."""
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
