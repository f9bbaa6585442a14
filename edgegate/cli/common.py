"""What every command shares: its options, and how it speaks."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

from tqdm import tqdm

from edgegate import config
from edgegate.errors import UsageError

Item = TypeVar("Item")

State: TypeAlias = Literal["ok", "warning", "failed"]
"""How well a part does, in `check`."""

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 (has no public name)
"""What argparse's `add_subparsers` returns."""


def utc_moment(text: str) -> float:
    """An option's time as seconds since the epoch; without a zone it is UTC, as in the journal."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-01-31T08:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def common_options() -> argparse.ArgumentParser:
    """The options every command takes, as a parent parser."""
    parent = argparse.ArgumentParser(add_help=False)
    group = parent.add_argument_group("common options")
    group.add_argument(
        "-c",
        "--config",
        type=Path,
        metavar="CONFIG",
        default=os.environ.get("EDGEGATE_CONFIG") or None,
        help="config file (default: $EDGEGATE_CONFIG, or else built-in defaults)",
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="TABLE.KEY=VALUE",
        help="override one key; may be repeated",
    )
    group.add_argument("--data", type=Path, metavar="DIR", help="where gallery and journal live")
    group.add_argument("--json", action="store_true", help="print the result as JSON")
    return parent


def load_config(args: argparse.Namespace) -> config.Config:
    """The configuration this call runs with; raises ConfigError with every mistake."""
    overrides = list(args.set)
    if args.data is not None:
        overrides.append(f"service.data_dir={json.dumps(str(args.data))}")
    return config.load(args.config, overrides)


def count(text: str) -> int:
    """An option's whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def existing(path: Path, what: str) -> Path:
    """`path`, or a UsageError saying that there is no such `what`."""
    if not path.exists():
        raise UsageError(f"{path}: no such {what}")
    return path


def progress(items: Iterable[Item], doing: str, unit: str, total: int | None = None) -> Iterable[Item]:
    """The items, with a bar on a terminal and none in a pipe."""
    bar: Iterable[Item] = tqdm(items, desc=doing, unit=unit, total=total, disable=None, leave=False)
    return bar


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
