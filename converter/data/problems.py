"""Problems with somebody's data: every fault at once, each with the file, the reason and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgegate.errors import EdgegateError


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. `file` may be a folder where the fault is no single file's."""

    file: Path
    reason: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}; {self.way_out}"


class DataError(EdgegateError):
    """Labelled pictures cannot be used as they are. `problems` holds every fault, one readable line each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
