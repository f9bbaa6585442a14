"""Work in stages that are done once: each in a folder of its own, known by a hash of all it was made from."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgegate import __version__
from edgegate.errors import UsageError
from edgegate.vision.packs import sha256_of


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One thing that is made, from what, and how."""

    name: str
    inputs: Mapping[str, Any]
    """Everything that the result depends on, as JSON can hold it."""
    make: Callable[[Path], None]
    """Fills the folder it is given, which is not there yet."""
    resumes: bool = False
    """True if `make` goes on with a folder that an interrupted run of the same inputs has left."""
    grows: tuple[str, ...] = ()
    """Names of inputs with greater values of which `make` goes on with what is there, too; dots lead into tables."""

    @property
    def key(self) -> str:
        text = json.dumps([self.name, __version__, self.inputs], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def root(self) -> str:
        """The key without the inputs that may grow."""
        inputs = json.loads(json.dumps(self.inputs, default=str))
        for name in self.grows:
            *tables, last = name.split(".")
            _within(inputs, tables).pop(last, None)
        return Stage(self.name, inputs, self.make).key

    @property
    def grown(self) -> dict[str, Any]:
        """The inputs that may grow, by name."""
        found = {}
        for name in self.grows:
            *tables, last = name.split(".")
            found[name] = _within(self.inputs, tables)[last]
        return found


class Workshop:
    """Stages below one folder. `tell` gets a line for each: whether it is made, or was made before."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        """Raises UsageError where the folder cannot be made."""
        self._folder = folder
        self._tell = tell
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{folder}: cannot be made: {error.strerror}") from None

    def done(self, stage: Stage) -> Path:
        """The stage's folder, made now unless it is there of the same inputs, just as it was made.

        What `make` raises passes through.
        """
        folder, ticket = self._folder / stage.name, self._folder / f"{stage.name}.json"
        state = _read(ticket) if folder.exists() else {}
        if state.get("key") == stage.key and state.get("done"):
            if state.get("made") == digest(folder):
                self._tell(f"{stage.name}: nothing has changed")
                return folder
            self._tell(f"{stage.name}: somebody has changed what it made")
            state = {}
        sound = state.get("root") == stage.root and state.get("made") in {None, digest(folder)}
        before = state.get("grown") or {}
        grown = sound and bool(before) and all(stage.grown[name] >= value for name, value in before.items())
        if not (stage.resumes and (state.get("key") == stage.key or grown)):
            shutil.rmtree(folder, ignore_errors=True)
        self._tell(f"{stage.name}: {'going on' if folder.exists() else 'making'}")
        known = {"key": stage.key, "root": stage.root, "grown": stage.grown}
        _write(ticket, known | {"done": False})
        stage.make(folder)
        _write(ticket, known | {"done": True, "made": digest(folder)})
        return folder


def _within(table: Any, names: Sequence[str]) -> Any:
    """The table that names lead to, one in another."""
    for name in names:
        table = table[name]
    return table


def digest(folder: Path) -> str:
    """Of the names and contents of all files below a folder; raises UsageError where there is none."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    lines = (f"{file.relative_to(folder)} {sha256_of(file)}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _read(ticket: Path) -> dict[str, Any]:
    """Nothing where it is not there, or was not written to its end."""
    try:
        state: dict[str, Any] = json.loads(ticket.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return state


def _write(ticket: Path, state: Mapping[str, Any]) -> None:
    ticket.write_text(json.dumps(state), "utf-8")


def contents_of(weights: str) -> str:
    """A hash of what a path of weights leads to: a file, or a pack's folder."""
    file = Path(weights)
    return digest(file) if file.is_dir() else sha256_of(file) if file.is_file() else weights


def origin_of(weights: str) -> str:
    """Returns in words what a network of these weights was trained from."""
    return {"none": "trained from scratch"}.get(weights, f"trained on from {Path(weights).name}")
