"""A simple model on the embeddings of a pack, whose file it is folded into. The pack's folder is given as `weights`."""

from __future__ import annotations

from typing import Any

from converter.architectures.backbone import Backbone, softmax_head
from edgegate.errors import UsageError


def features(_image: Any, _width: float, _weights: str | None) -> Any:
    """There are none to be built: they come out of the pack's own file."""
    raise UsageError('classifier/embedder: it is not built but fitted; say learner = "logistic_regression" or another')


BACKBONE = Backbone("embedder", features, softmax_head, "classifier", 150, on_a_pack=True)
