"""The curves of one training run, and what follows from them alone: how fast to learn next, and when to stop.

Because nothing else decides it, a run that was interrupted goes on as if it had not been.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from edgegate.errors import EdgegateError
from edgegate.system import output_files

SCHEMA = 1
HISTORY_FILE = "history.json"
WATCHED = "val_loss"
"""The figure that the best epoch has least of."""

Schedule: TypeAlias = Literal["cosine", "plateau", "constant"]
SCHEDULES: tuple[Schedule, ...] = get_args(Schedule)

Epoch: TypeAlias = Mapping[str, float]
"""One epoch's figures, as Keras names them: `loss`, `class_loss`, `box_loss`, `val_box_iou`, …; all finite."""


@dataclass(frozen=True, slots=True)
class History:
    """`origin` says what it is the history of (settings and data): a run may go on only with the same."""

    origin: Mapping[str, Any]
    epochs: tuple[Epoch, ...] = ()

    @property
    def best(self) -> int:
        """Index of the epoch with the least validation loss, the first of equals; there must be one."""
        return least(self.epochs)

    def with_epoch(self, figures: Epoch) -> History:
        return History(self.origin, (*self.epochs, figures))

    def finished(self, epochs: int, patience: int) -> bool:
        """All epochs are done, or the last `patience` were none better."""
        done = len(self.epochs)
        return done >= epochs or (done > 0 and done - 1 - self.best >= patience)


def least(epochs: Sequence[Epoch]) -> int:
    return min(range(len(epochs)), key=lambda index: (epochs[index][WATCHED], index))


def learning_rate(history: History, schedule: Schedule, start: float, epochs: int, patience: int) -> float:
    """The rate of the next epoch.

    Cosine falls from `start` to a hundredth of it over `epochs` (Loshchilov and Hutter, 2016, without restarts);
    plateau halves it whenever half the patience went by without a better epoch.
    """
    done = len(history.epochs)
    if schedule == "cosine":
        return start * (0.01 + 0.99 * (1 + math.cos(math.pi * min(done / epochs, 1.0))) / 2)
    return start * 0.5 ** _plateaus(history.epochs, max(1, patience // 2)) if schedule == "plateau" else start


def _plateaus(epochs: Sequence[Epoch], wait: int) -> int:
    best, waited, plateaus = math.inf, 0, 0
    for epoch in epochs:
        waited = 0 if epoch[WATCHED] < best else waited + 1
        best = min(best, epoch[WATCHED])
        if waited == wait:
            waited, plateaus = 0, plateaus + 1
    return plateaus


def known(folder: Path) -> tuple[Epoch, ...]:
    """The epochs of the run that left its network in a folder; none where it was trained elsewhere."""
    try:
        found = read_history(folder / HISTORY_FILE)
    except EdgegateError:  # a file of the same name, beside a network of somebody else's
        return ()
    return found.epochs if found is not None else ()


def read_history(file: Path) -> History | None:
    """None if there is none; raises EdgegateError if it is damaged."""
    try:
        return _parse(json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EdgegateError(f"{file}: no history of a training run ({error}); remove it to train again") from None


def _parse(document: Mapping[str, Any]) -> History:
    if document["schema"] != SCHEMA:
        raise ValueError(f"its schema is {document['schema']!r}, not {SCHEMA}")
    epochs = tuple({name: float(value) for name, value in epoch.items()} for epoch in document["epochs"])
    return History(dict(document["origin"]), epochs)


def write_history(file: Path, history: History) -> None:
    """All or nothing: what was there before stays until the new one is whole."""
    document = {"schema": SCHEMA, "origin": history.origin, "epochs": history.epochs}
    with output_files.text(file, shared=True) as written:
        written.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
