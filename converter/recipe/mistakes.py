"""Mistakes in a file of tables, in words: the key, the value, and what may have been meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from edgegate.errors import did_you_mean


def described(model: type[BaseModel], origin: Path, detail: Mapping[str, Any]) -> str:
    """One line on one of the errors that Pydantic found in a `model` read from `origin`."""
    loc = detail["loc"]
    where = f"{origin}: {'.'.join(map(str, loc))}"
    if detail["type"] == "missing":
        return f"{where}: is missing, and there is no default"
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown key{_did_you_mean(model, loc)}"
    if detail["type"] == "model_type":
        return f"{where} = {detail['input']!r}: must be a table"
    reason = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if isinstance(detail["input"], dict):
        return f"{where}: {reason}"
    return f"{where} = {detail['input']!r}: {reason.replace('String should', 'must')}"


def _did_you_mean(model: type[BaseModel], loc: tuple[str | int, ...]) -> str:
    known: Iterable[str] = model.model_fields
    if len(loc) > 1:
        table = model.model_fields[str(loc[0])].annotation
        assert isinstance(table, type)
        assert issubclass(table, BaseModel)
        known = table.model_fields
    return did_you_mean(str(loc[-1]), known)
