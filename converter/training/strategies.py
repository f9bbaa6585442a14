"""More than one GPU of this machine, through tf.distribute.

More than one machine is not offered: with Keras 3 (3.15 was tried) `fit` fails under MultiWorkerMirroredStrategy as
soon as there are two workers, for it takes the mean of the loss, a scalar, along an axis.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

Strategy: TypeAlias = Literal["none", "mirrored"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)


def open_strategy(name: Strategy) -> Any:
    """A tf.distribute.Strategy: build and compile in its `scope()`. `mirrored` uses every GPU, or else the CPU."""
    import tensorflow as tf  # noqa: PLC0415 - heavy

    return tf.distribute.MirroredStrategy() if name == "mirrored" else tf.distribute.get_strategy()


def tell_shapes(model: Any, batch: Any) -> None:
    """Let Keras build metrics and losses from one batch, before `fit` distributes them.

    Left alone, Keras 3 takes the mean of a batch over all replicas to learn its shapes, which fails where their
    shares are not equally large. It has no public way to be told.
    """

    def built(*_: Any, **__: Any) -> None:
        """The model that Keras would build is there."""

    with model.distribute_strategy.scope():
        model._symbolic_build(data_batch=batch)  # noqa: SLF001
    model._maybe_symbolic_build = built  # noqa: SLF001
