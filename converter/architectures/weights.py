"""The origin of a network's first weights: nowhere, ImageNet, or a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeGuard

from edgegate.errors import EdgegateError

Weights: TypeAlias = Path | Literal["imagenet"] | None


def parse_weights(text: str | None) -> Weights:
    if text is None or text == "none":
        return None
    return "imagenet" if text == "imagenet" else Path(text)


def is_whole(weights: Weights) -> TypeGuard[Path]:
    """Of a whole network, rather than of its backbone."""
    return isinstance(weights, Path) and weights.name.endswith((".keras", ".weights.h5"))


@contextmanager
def loading(name: str, weights: Weights) -> Iterator[None]:
    """One line for whatever keras.applications fails with when it gets or reads weights."""
    try:
        yield
    except Exception as error:
        # Keras raises a bare Exception where a download fails; without weights there is nothing to explain.
        if weights is None:
            raise
        reason = " ".join(str(error).split())[:200]
        raise EdgegateError(f"{name}: weights {str(weights)!r}: {reason}; {_way_out(weights)}") from None


def has_layer(weights: Weights, name: str) -> bool:
    """True unless they are a file of published weights without that layer; what is no such file fails when loaded."""
    if not isinstance(weights, Path) or is_whole(weights):
        return True
    import h5py  # noqa: PLC0415 - comes with Keras

    try:
        with h5py.File(weights) as store:
            layers = store.get("model_weights", store).attrs["layer_names"]
    except (OSError, KeyError):
        return True
    return name in [layer.decode() if isinstance(layer, bytes) else layer for layer in layers]


def load_whole(model: Any, file: Path) -> None:
    """Raises EdgegateError where the file's layers are others."""
    try:
        model.load_weights(file)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise EdgegateError(
            f"{file}: these weights do not fit {model.name}: {reason}; name weights of the same design, classes, input "
            "size, width and head"
        ) from None


def _way_out(weights: Weights) -> str:
    if weights == "imagenet":
        return (
            "where there is no network, get the file elsewhere and name it as weights, or train from scratch with "
            'weights = "none"'
        )
    return (
        "name a file of this network as Keras publishes it, with its top or without as docs/course-designs.md says, or "
        'train from scratch with weights = "none"'
    )
