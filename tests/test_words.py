"""The house's words, as far as a program can hold them: docstrings, names, sizes."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.support.paths import ROOT

LONGEST_MODULE = 300
LONGEST_TEST_NAME = 80

QUESTIONS = {"What", "Whether", "How", "Whoever", "Where", "When", "Whose", "Why", "Which", "Who", "Whom", "If"}
"""First words of a docstring that says what is asked instead of what is there."""

REPLACED = (
    r"\banew\b", r"\b[Ww]hoever\b", r"\btakes? leave\b", r"\btook us in\b", r"\bstrikes dumb\b", r"\bwithout a word\b",
)  # fmt: skip
"""Words that the field has others for, or that a reader stumbles over."""

ALLOWED = ("left_without_a_word",)

FOLDERS = ("edgegate", "converter", "tests", "benchmarks")
MODULES = sorted(path.relative_to(ROOT) for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
PROSE = sorted([*(path.relative_to(ROOT) for path in (ROOT / "docs").glob("*.md"))])
PROSE += [path.relative_to(ROOT) for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "config.toml")]


def tree_of(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of every docstring, those below constants and attributes included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body
            for before, after in zip([None, *body], body, strict=False):
                documented = before is None or isinstance(before, ast.Assign | ast.AnnAssign)
                if documented and (text := _text_of(after)) is not None:
                    yield after.lineno, text


def _text_of(node: ast.stmt) -> str | None:
    """The text of a statement that is nothing but text."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return None
    return node.value.value if isinstance(node.value.value, str) else None


@pytest.mark.parametrize("folder", FOLDERS)
def test_docstrings_begin_with_a_verb_or_a_noun(folder: str) -> None:
    found = [
        f"{module}:{line}: {text.split(maxsplit=1)[0]}"
        for module in MODULES
        if module.parts[0] == folder
        for line, text in docstrings(tree_of(str(module)))
        if text.strip() and text.split(maxsplit=1)[0].strip(",.:") in QUESTIONS
    ]
    assert found == []


def test_one_class_name_has_one_meaning() -> None:
    places = defaultdict(list)
    for module in MODULES:
        if module.parts[0] in {"edgegate", "converter"}:
            for node in tree_of(str(module)).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(str(module))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_no_module_is_longer_than_a_few_screens() -> None:
    lengths = {str(module): (ROOT / module).read_text(encoding="utf-8").count("\n") for module in MODULES}
    assert {module: lines for module, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_names_of_tests_fit_on_a_line() -> None:
    long = [
        f"{module}: {node.name}"
        for module in MODULES
        if module.name.startswith("test_")
        for node in ast.walk(tree_of(str(module)))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and len(node.name) > LONGEST_TEST_NAME
    ]
    assert long == []


@pytest.mark.parametrize("pattern", REPLACED)
def test_words_that_were_replaced_stay_replaced(pattern: str) -> None:
    found = []
    for module in (*MODULES, *PROSE):
        if module.name != "test_words.py":
            for number, line in enumerate((ROOT / module).read_text(encoding="utf-8").splitlines(), 1):
                if re.search(pattern, line) and not any(word in line for word in ALLOWED):
                    found.append(f"{module}:{number}: {line.strip()}")
    assert found == []
