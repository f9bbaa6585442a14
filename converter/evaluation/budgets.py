"""The budgets that a variant must keep to become a pack: the limits that a report judges by."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from converter.tables import RecipeTable, Share


class Budgets(RecipeTable):
    """Limits that a variant must keep on the test images to become a pack."""

    threshold: float = Field(0.9, gt=0, lt=1)
    """class probability from which on the door would believe the network; no budget itself"""
    accuracy: Share | None = 0.95
    """at least: share of images whose likeliest class is right"""
    mean_iou: Share | None = 0.7
    """at least: overlap with the true boxes, 0…1"""
    class_agreement: Share | None = 0.99
    """at least: share of images of the Keras model's class; missed if one class for all keeps it, 0 asks for none"""
    box_agreement: Share | None = 0.95
    """at least: overlap with the Keras model's boxes, 0…1; missed if one for all keeps it, 0 asks for none"""
    tar: Share | None = 0.5
    """at least, of embedders: share of one person's pairs that is accepted where 1 % of other pairs is"""
    embedding_agreement: Share | None = 0.99
    """at least, of embedders: mean cosine with the Keras model's embeddings"""
    false_accept_bound: Share | None = 0.05
    """at most: upper end of the 95 % interval of the strangers' false-accept rate; 1 asks for nothing"""
    size_mb: float | None = Field(None, gt=0, examples=[2.5])
    """at most: millions of bytes"""
    latency_ms: float | None = Field(None, gt=0, examples=[20.0])
    """at most: milliseconds a frame takes, on the machine that builds"""
    memory_mb: float | None = Field(None, gt=0, examples=[100.0])
    """at most: MB that runtime and model add to a process"""

    def limits(self) -> Iterator[tuple[str, float | None, bool]]:
        """Name of a figure, its limit, and whether that is the least it may be (else the most)."""
        for name in ("accuracy", "mean_iou", "class_agreement", "box_agreement", "tar", "embedding_agreement"):
            yield name, getattr(self, name), True
        for name in ("false_accept_bound", "size_mb", "latency_ms", "memory_mb"):
            yield name, getattr(self, name), False
