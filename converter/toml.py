"""Writes the little TOML that a card needs: scalars, lists, tables one deep, and lists of tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def dumps(document: Mapping[str, Any]) -> str:
    """Scalars and lists first, then `[tables]` and `[[lists of tables]]` in the order given."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    for key, value in document.items():
        if not _is_table(value) and not _is_table_list(value):
            yield f"{key} = {_value(value)}"
    for key, value in document.items():
        if _is_table(value):
            yield from ("", f"[{key}]", *_rows(value))
        elif _is_table_list(value):
            for row in value:
                yield from ("", f"[[{key}]]", *_rows(row))


def _rows(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"{key} = {_value(value)}" for key, value in table.items())


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_table_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_table, value))


def _value(value: object) -> str:
    """A TOML value: JSON's notation of booleans, numbers, strings and lists is TOML's too, but for one character."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")
