"""More than one GPU, or more than one machine, through tf.distribute."""

from __future__ import annotations

import os
from typing import Any, Literal, TypeAlias, get_args

from edgegate.errors import UsageError

Strategy: TypeAlias = Literal["none", "mirrored", "multi_worker"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)


def open_strategy(name: Strategy) -> Any:
    """A tf.distribute.Strategy: build and compile in its `scope()`.

    `mirrored` uses every GPU of this machine. `multi_worker` wants TF_CONFIG to say who works together, and one
    folder that all of them see; raises UsageError without it.
    """
    import tensorflow as tf  # noqa: PLC0415 - heavy

    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if name == "multi_worker":
        if "TF_CONFIG" not in os.environ:
            raise UsageError(
                "strategy multi_worker: TF_CONFIG is not set, so nobody is known to work with; set it on every machine"
            )
        return tf.distribute.MultiWorkerMirroredStrategy()
    return tf.distribute.get_strategy()


def is_chief(strategy: Any) -> bool:
    """Whether this process is the one that writes."""
    resolver = strategy.cluster_resolver
    return resolver is None or resolver.task_type in {None, "chief"} or resolver.task_id == 0
