"""The imports of the code, read from its syntax."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache

from tests.support.paths import ROOT

MODULES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "edgegate").rglob("*.py"))


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


def packages(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def offenders(modules: list[str], offence: Callable[[str], set[str]]) -> dict[str, set[str]]:
    return {module: what for module in modules if (what := offence(module))}
