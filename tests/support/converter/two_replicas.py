"""`python -m tests.support.converter.two_replicas DATASET OUT` trains an epoch on two replicas and prints the loss."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path


def main(dataset: Path, out: Path) -> None:
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    import tensorflow as tf  # noqa: PLC0415

    from converter.data.dataset import load_dataset  # noqa: PLC0415
    from converter.training.train import train  # noqa: PLC0415
    from tests.support.converter.tiny_run import TINY  # noqa: PLC0415

    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    settings = dataclasses.replace(TINY, epochs=1, strategy="mirrored")
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    print(train(settings, load_dataset(dataset), out, strategy=strategy).history[0]["loss"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
