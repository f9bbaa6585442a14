"""Trains a network on a dataset: the same settings, data and processor give the same curves, interrupted or not.
With more epochs, or more patience, a run that has ended goes on from its last epoch.

model.keras         the network of the epoch with the least validation loss
history.json        every epoch's figures, and what they are the history of
curves.png          the same to look at
checkpoints/        the last epoch's and the best epoch's network: what an interrupted run goes on from
tensorboard/        for `tensorboard --logdir`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converter.architectures import build, find
from converter.data.dataset import Dataset
from converter.training.feed import Alter, Pictures, epoch_batches, read_pictures, training_batches, validation_batches
from converter.training.history import HISTORY_FILE, Epoch, History, learning_rate, read_history
from converter.training.settings import TrainSettings
from converter.training.strategies import open_strategy, tell_shapes
from edgegate.errors import EdgegateError, UsageError
from edgegate.system.output_files import complete
from edgegate.system.progress import progress

if TYPE_CHECKING:
    from converter.training.checkpoints import Keeper

MODEL_FILE = "model.keras"

MAY_CHANGE = {"epochs", "patience"}
"""Settings with which a run that has ended goes on: load the model, and train on."""


@dataclass(frozen=True, slots=True)
class Trained:
    """`best` is the index in `history` of the epoch whose network `model_path` is."""

    model_path: Path
    history: tuple[Epoch, ...]
    best: int


def train(
    settings: TrainSettings, dataset: Dataset, out: Path, alter: Alter | None = None, strategy: Any = None
) -> Trained:
    """Train in the folder `out`, or go on with what an earlier call began there; `alter` augments on the fly.
    `strategy` is a tf.distribute.Strategy to use instead of the one that the settings name.

    Raises UsageError where `out` holds a run of other settings or data, EdgegateError where training fails.
    """
    require_tensorflow()
    strategy = strategy or open_strategy(settings.strategy)
    _make_repeatable(settings.seed)
    train_set, valid_set = (
        read_pictures(dataset.splits[split], settings.size, lambda items: progress(items, "reading", "picture"))
        for split in ("train", "valid")
    )
    history = _begin(out, _origin(settings, dataset, train_set, valid_set, alter))
    if settings.learner != "adam":
        from converter.training.fitting import fit_simple  # noqa: PLC0415 - imports Keras

        if not history.epochs:
            history = fit_simple(settings, len(dataset.classes), (train_set, valid_set), out, history)
        return Trained(out / MODEL_FILE, history.epochs, history.best)
    if not history.finished(settings.epochs, settings.patience):
        with strategy.scope():
            model = _model(settings, len(dataset.classes), out, history)
        history = _fit(model, settings, (train_set, valid_set), out, history, alter)
    return _conclude(out, history)


def require_tensorflow() -> None:
    """Raises EdgegateError where it is not installed."""
    from importlib.util import find_spec  # noqa: PLC0415

    if find_spec("tensorflow") is None:
        raise EdgegateError("TensorFlow is not installed, and training needs it; from a clone, pip install '.[train]'")


def _make_repeatable(seed: int) -> None:
    import keras  # noqa: PLC0415 - heavy
    import tensorflow as tf  # noqa: PLC0415

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def _origin(
    settings: TrainSettings, dataset: Dataset, train_set: Pictures, valid_set: Pictures, alter: Alter | None
) -> dict[str, Any]:
    given = asdict(settings)
    if settings.empty_boxes == "ignore":  # as it was before there was a choice
        del given["empty_boxes"]
    return given | {
        "input_size": settings.size,
        "frozen": list(settings.stays),
        "classes": list(dataset.classes),
        "train_sha256": train_set.sha256,
        "valid_sha256": valid_set.sha256,
        "augmented": alter is not None,
    }


def _begin(out: Path, origin: Mapping[str, Any]) -> History:
    found = read_history(out / HISTORY_FILE)
    if found is None:
        out.mkdir(parents=True, exist_ok=True)
        return History(origin)
    keys = (origin.keys() | found.origin.keys()) - MAY_CHANGE
    if other := sorted(key for key in keys if origin.get(key) != found.origin.get(key)):
        raise UsageError(
            f"{out}: holds a training run that differs in {', '.join(other)}; name another folder, or remove this one"
        )
    if len(found.epochs) > origin["epochs"]:
        raise UsageError(
            f"{out}: holds a training run of {len(found.epochs)} epochs, more than {origin['epochs']}; name another "
            "folder, or remove this one"
        )
    return History(origin, found.epochs)


def _fit(
    model: Any,
    settings: TrainSettings,
    data: tuple[Pictures, Pictures],
    out: Path,
    history: History,
    alter: Alter | None,
) -> History:
    from converter.training.checkpoints import Keeper  # noqa: PLC0415

    train_set, valid_set = data
    done, size = len(history.epochs), settings.batch_size
    steps = -(-len(train_set) // size)
    lesson = settings.lesson
    if model.distribute_strategy.num_replicas_in_sync > 1:
        tell_shapes(model, next(epoch_batches(train_set, size, settings.seed, done, alter, lesson)))
    keeper = Keeper(out, history, settings.epochs, settings.patience)
    model.fit(
        training_batches(train_set, size, settings.seed, done, alter, lesson),
        validation_data=validation_batches(valid_set, size, lesson),
        steps_per_epoch=steps,
        epochs=settings.epochs,
        initial_epoch=done,
        shuffle=False,
        verbose=0,
        callbacks=_callbacks(settings, keeper, out, steps),
    )
    if not keeper.history.finished(settings.epochs, settings.patience):
        raise EdgegateError(
            f"{out}: the loss was no number any more in epoch {len(keeper.history.epochs) + 1}; "
            "lower the learning rate and train in another folder"
        )
    return keeper.history


def _model(settings: TrainSettings, classes: int, out: Path, history: History) -> Any:
    """A new one, or the one that the last epoch left."""
    from converter.training.checkpoints import checkpoint  # noqa: PLC0415
    from converter.training.compiled import compiled  # noqa: PLC0415

    if history.epochs:
        return _load(checkpoint(out, len(history.epochs) - 1), compiled=True)
    model = build(
        settings.design,
        classes=classes,
        input_size=settings.size,
        width=settings.width,
        head=settings.head,
        weights=settings.weights,
    )
    freeze(model, settings.stays)
    return compiled(model, find(settings.design).task, settings.learning_rate, settings.loss, classes)


def freeze(model: Any, prefixes: tuple[str, ...]) -> None:
    """Layers whose names begin so are not trained; raises UsageError at a beginning that no name has."""
    for prefix in prefixes:
        layers = [layer for layer in model.layers if layer.name.startswith(prefix)]
        if not layers:
            names = sorted({layer.name.split("_")[0] for layer in model.layers if layer.weights})
            raise UsageError(f"frozen {prefix!r}: no layer's name begins so; they begin with {', '.join(names)}")
        for layer in layers:
            layer.trainable = False


def _callbacks(settings: TrainSettings, keeper: Keeper, out: Path, steps: int) -> list[Any]:
    import keras  # noqa: PLC0415

    from converter.training.progress import progress_of  # noqa: PLC0415

    def rate(_epoch: int, _rate: float) -> float:
        return learning_rate(
            keeper.history, settings.schedule, settings.learning_rate, settings.epochs, settings.patience
        )

    return [
        keras.callbacks.LearningRateScheduler(rate),  # before the keeper: it adds the rate to the figures
        keras.callbacks.TerminateOnNaN(),  # ends the epoch, which the keeper then does not keep
        keras.callbacks.TensorBoard(str(out / "tensorboard"), write_graph=False),
        keeper,
        progress_of(steps, settings.epochs, len(keeper.history.epochs)),
    ]


def _conclude(out: Path, history: History) -> Trained:
    """Take the best epoch's network, without its optimizer, and draw the curves."""
    from converter.training.checkpoints import checkpoint  # noqa: PLC0415
    from converter.training.compiled import without_identity  # noqa: PLC0415
    from converter.training.curves import draw_curves  # noqa: PLC0415

    model_path = out / MODEL_FILE
    with complete(model_path, shared=True) as draft:
        without_identity(_load(checkpoint(out, history.best), compiled=False)).save(draft)
    draw_curves(history, out / "curves.png")
    return Trained(model_path, history.epochs, history.best)


def _load(file: Path, *, compiled: bool) -> Any:
    import keras  # noqa: PLC0415

    from converter.training import metrics  # noqa: PLC0415, F401 - registers its classes, and those of `losses`

    try:
        return keras.models.load_model(file, compile=compiled)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise EdgegateError(f"{file}: cannot be read ({reason}); remove {file.parents[1]} to train again") from None
