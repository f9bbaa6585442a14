"""The settings of a training run: the design, its size, and how it learns."""

from __future__ import annotations

from dataclasses import dataclass

from converter.architectures import find
from converter.architectures.inputs import input_of
from converter.architectures.weights import parse_weights
from converter.training.history import Schedule
from converter.training.lessons import EmbedderLoss, EmptyBoxes, Lesson, lesson_of
from converter.training.simple import Learner
from converter.training.strategies import Strategy
from edgegate.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """A design and its size (see `architectures.build`), and how it learns."""

    design: str = "tracker/mobilenet_v2"
    input_size: int | None = None
    width: float = 1.0
    head: int | None = None
    weights: str | None = None
    frozen: tuple[str, ...] | None = None
    """Beginnings of the names of layers that stay as they are; None is the design's own, if there are `weights`."""
    learner: Learner = "adam"
    """Of classifiers: anything but Adam fits a simple model on the last inner layer of the network as it is."""
    loss: EmbedderLoss = "triplet"
    """Of embedders."""
    together: int = 4
    """Pictures of a person that an embedder sees side by side."""
    empty_boxes: EmptyBoxes = "ignore"
    """Of trackers: whether pictures of nobody pull the box to 0, as courses have it."""
    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 1e-3
    """Adam's, at the start."""
    schedule: Schedule = "cosine"
    patience: int = 8
    """Epochs without a better one after which it stops."""
    seed: int = 0
    strategy: Strategy = "none"

    @property
    def size(self) -> int:
        """The input's, in pixels."""
        return input_of(self.design, self.input_size, self.weights).width

    @property
    def stays(self) -> tuple[str, ...]:
        """Beginnings of the names of layers that are frozen; raises UsageError where layers would stay random."""
        weights, backbone = parse_weights(self.weights), find(self.design)
        new = backbone.new(weights)
        sensible = tuple(prefix for prefix in backbone.frozen if not _begun(new, prefix)) if weights else ()
        if self.frozen is None:
            return sensible
        for prefix in self.frozen:
            if random := _begun(new, prefix):
                raise UsageError(
                    f"frozen {prefix!r}: {self.weights} is without {' and '.join(random)}, which would stay random; "
                    f"freeze only {' and '.join(map(repr, sensible))}, or name weights with the top"
                )
        return self.frozen

    @property
    def lesson(self) -> Lesson:
        return lesson_of(find(self.design).task, self.loss, self.together, self.empty_boxes)


def _begun(names: tuple[str, ...], prefix: str) -> tuple[str, ...]:
    """Those of the names that begin so."""
    return tuple(name for name in names if name.startswith(prefix))
