"""Reading the configuration: a TOML file and `--set`, every mistake reported at once."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edgegate.config.tables import Config, section_of
from edgegate.errors import ConfigError, UsageError


def load(path: Path | None = None, overrides: Iterable[str] = ()) -> Config:
    """Read `path` (None: the built-in defaults), apply `table.key=value` overrides, and check everything.

    Raises ConfigError with every mistake, one line each, and UsageError when the file is not there.
    """
    tables = _read(path) if path else {}
    origin = str(path) if path else "config"
    problems = [problem for text in overrides if (problem := _override(tables, text))]
    try:
        config = Config.model_validate(tables)
    except ValidationError as error:
        problems += [_describe(origin, dict(detail)) for detail in error.errors()]
    if problems:
        raise ConfigError(problems)
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such config file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: not valid TOML: {error}"]) from None


def _override(tables: dict[str, Any], text: str) -> str | None:
    """Put one `table.key=value` into `tables`; the answer is what is wrong with it, if anything is."""
    name, equals, value = text.partition("=")
    table, dot, key = name.strip().partition(".")
    if not (equals and dot and table and key):
        return f"--set {text}: write it as table.key=value"
    section = tables.setdefault(table, {})
    if not isinstance(section, dict):
        return f"--set {text}: [{table}] is not a table in the config file"
    section[key] = _value(value.strip())
    return None


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text  # a bare word is a string: nobody should have to quote twice on a command line


def _describe(origin: str, detail: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{origin}: {where}: unknown key{_did_you_mean(detail['loc'])}"
    if detail["type"] == "model_type":
        return f"{origin}: {where} = {detail['input']!r}: must be a table: [{where}], and its keys below"
    reason = (
        detail["msg"]
        .removeprefix("Value error, ")
        .replace("Input should be", "must be")
        .replace("String should", "must")
    )
    return f"{origin}: {where} = {detail['input']!r}: {reason}"


def _did_you_mean(loc: tuple[str | int, ...]) -> str:
    known: Iterable[str] = Config.model_fields
    if len(loc) > 1:
        known = section_of(str(loc[0])).model_fields
    close = difflib.get_close_matches(str(loc[-1]), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""
