"""Pooling embeddings: several looks at one face make one better vector."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from edgegate.types import Embedding


def pool(evidence: Iterable[tuple[Embedding, float]]) -> Embedding:
    """The mean of (embedding, weight) pairs by weight, of length 1; at least one weight is positive."""
    embeddings, weights = zip(*evidence, strict=True)
    total = np.asarray(weights, np.float32) @ np.stack(embeddings)
    return np.asarray(total / math.sqrt(float(total @ total)), np.float32)
