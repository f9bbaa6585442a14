"""Pooling embeddings: several looks at one face make one better vector."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from edgegate.types import Embedding


def pool(evidence: Iterable[tuple[Embedding, float]]) -> Embedding:
    """The mean of (embedding, weight) pairs by weight, of length 1; at least one weight is positive."""
    total = np.sum([embedding * weight for embedding, weight in evidence], axis=0, dtype=np.float32)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)
