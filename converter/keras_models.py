"""Trained networks read from their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgegate.errors import EdgegateError, ModelError


def load_model(file: Path) -> Any:
    """A tracker as a keras.Model, for answering; raises ModelError where the file is none."""
    try:
        import keras  # noqa: PLC0415 - heavy
    except ImportError:
        raise EdgegateError("Keras is not installed, and this needs it; pip install 'edgegate[train]'") from None
    try:
        model = keras.models.load_model(file, compile=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{file}: cannot be loaded as a Keras model ({reason}); name what train wrote") from None
    if not isinstance(model.output, dict) or set(model.output) != {"class", "box"}:
        raise ModelError(f"{file}: no tracker: its outputs are not class and box; name what train wrote")
    return model
