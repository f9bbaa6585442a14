"""`converter import table`: puts measured thresholds into the card of an embedder or a classifier pack.

A classifier's rows have `photos = 1` and `frames = 1`: each face is asked about by itself.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from converter.toml import dumps
from edgegate.errors import ModelError
from edgegate.recognition.thresholds import OperatingPoint, Table
from edgegate.system import output_files
from edgegate.vision.packs import CARD_FILE, Pack, load_pack, read_card


def put_table(folder: Path, files: Sequence[Path]) -> Pack:
    """Add the rows that `edgegate evaluate --table` printed; those of the same data replace what was there.

    Raises ModelError: a table for another network, a row that says nothing, a pack that is none.
    """
    pack = load_pack(folder, "embedder", "classifier")
    rows = [row for file in files for row in read_rows(file, pack)]
    measured = {row["data"] for row in rows}
    kept = [dict(row) for row in pack.thresholds if row.get("data") not in measured]
    card = dumps(read_card(folder) | {"thresholds": [*kept, *rows]})
    with output_files.text(folder / CARD_FILE, shared=True) as file:  # the service reads it
        file.write(card)
    return load_pack(folder, pack.task)


def read_rows(file: Path, pack: Pack) -> list[dict[str, Any]]:
    """The rows of a file, each sensible; raises ModelError."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        rows: list[dict[str, Any]] = document.get("thresholds", [])
        for row in Table(rows).rows:
            _check(row)
    except (AttributeError, TypeError, ValueError) as error:
        raise ModelError(f"{file}: no threshold table ({error}); print one with edgegate evaluate --table") from None
    if document.get(pack.task, pack.sha256) != pack.sha256:
        raise ModelError(f"{file}: measured with another network than {pack.name}; measure with this one")
    return rows


def _check(row: OperatingPoint) -> None:
    if not (row.photos >= 1 and row.frames >= 1 and row.trials >= 1 and 0 < row.rate <= 1 and row.threshold >= -1):
        raise ValueError(f"{row} cannot be")
