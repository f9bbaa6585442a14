"""Reading the configuration: a TOML file and `--set`, every mistake reported at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from edgegate.config.tables import Config
from edgegate.errors import ConfigError, UsageError, did_you_mean


def load(path: Path | None = None, overrides: Iterable[str] = ()) -> Config:
    """Reads `path` (None: the built-in defaults), applies `table.key=value` overrides, and checks everything.

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
    """Puts one `table.key=value` into `tables`. Returns its mistake, or None."""
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
    # People count from 1.
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{origin}: {where}: unknown key{_did_you_mean(detail['loc'])}"
    if detail["type"] == "model_type":
        return f"{origin}: {where} = {detail['input']!r}: must be a table: [{where}], and its keys below"
    reason = (
        detail["msg"]
        .removeprefix("Value error, ")
        .replace("Input should be", "must be")
        .replace("String should", "must")
        .replace("a valid tuple", "a list")
        .replace("a valid dictionary", "a table")
    )
    return f"{origin}: {where} = {detail['input']!r}: {reason}"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yields the tables that a key's type holds: itself, or those in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _did_you_mean(loc: tuple[str | int, ...]) -> str:
    model: type[BaseModel] = Config
    for part in loc[:-1]:
        if isinstance(part, str):
            model = next(_models(model.model_fields[part].annotation), model)
    return did_you_mean(str(loc[-1]), model.model_fields)
