"""The network that a path leads to, to be asked about photos: a pack, a trained Keras model, or a bare .tflite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converter.data.crop import MARGIN
from converter.data.dataset import UNKNOWN
from converter.prediction.asking import AskedClassifier, AskedGallery, AskedTracker, PhotoNetwork
from converter.tflite.answers import outputs_of_keras, shapes
from converter.tflite.bare import bare_file
from edgegate import app
from edgegate.config import Config
from edgegate.errors import UsageError
from edgegate.types import UNKNOWN_CLASS, Image
from edgegate.vision.classifier import ClassifierNetwork
from edgegate.vision.packs import InputSpec, Pack, load_pack
from edgegate.vision.tflite import Floats, Model, Runnable
from edgegate.vision.tracker import TrackerNetwork

KERAS = {".keras", ".h5", ".hdf5"}
TFLITE = ".tflite"


def open_network(path: Path, labels: tuple[str, ...], config: Config) -> PhotoNetwork:
    """Loads it; raises UsageError, ModelError, GalleryError. `labels` are the classes of a file, which has no card.

    Only a Keras model needs TensorFlow.
    """
    if path.is_dir():
        if labels:
            raise UsageError(f"--labels: {path} is a pack, whose card names its classes; leave it out")
        pack = load_pack(path, "tracker", "classifier", "embedder")
        if pack.task == "embedder":
            return _gallery(pack, config)
        settings = config.recognition
        return _asked(Model(pack, runtime=settings.runtime, threads=settings.threads), config)
    if path.suffix.lower() not in {*KERAS, TFLITE}:
        raise UsageError(f"{path}: neither a pack's folder nor a .keras, .h5 or .tflite file; name one of these")
    if len(labels) < 2 or labels[UNKNOWN_CLASS] != UNKNOWN:
        raise UsageError(f"{path}: a file does not name its classes; add them in order: --labels {UNKNOWN},anna,bert")
    if path.suffix.lower() == TFLITE:
        return _asked(Model(bare_file(path, labels, MARGIN), prove=False), config)
    return _asked(_keras(path, labels), config)


class _KerasNetwork:
    """A Keras model in the place of a pack's."""

    def __init__(self, model: Any, pack: Pack) -> None:
        self._model, self.pack = model, pack

    def run(self, pixels: Image) -> dict[str, Floats]:
        return outputs_of_keras(self._model, pixels[None])


def _asked(model: Runnable, config: Config) -> PhotoNetwork:
    enough = app.least_confidence(config, model.pack)
    if model.pack.task == "tracker":
        return AskedTracker(TrackerNetwork(model), enough)
    return AskedClassifier(app.build_analyzer(config), ClassifierNetwork(model), enough)


def _gallery(pack: Pack, config: Config) -> AskedGallery:
    """Raises UsageError unless this embedder knows somebody in the gallery."""
    settings = config.recognition.model_copy(update={"embedder": str(pack.folder)})
    config = config.model_copy(update={"recognition": settings})
    app.table_of(pack)  # whatever is wrong with its thresholds is said before the gallery is read
    where = f"--data {config.data_dir}"
    if not (config.data_dir / "gallery.db").is_file():
        raise UsageError(f"{config.data_dir}: no gallery here; enrol people: edgegate enroll NAME PHOTO… {where}")
    identifier = app.build_identifier(config, app.open_gallery(config))
    if not identifier.people:
        other = "only with another embedder" if identifier.foreign else "whose templates can be read"
        raise UsageError(
            f"{config.data_dir}: nobody is enrolled {'but ' if identifier.foreign else ''}{other}; edgegate enroll "
            f"NAME PHOTO… {where} --set recognition.embedder={pack.folder}"
        )
    return AskedGallery(app.build_analyzer(config), identifier, app.recognition_rules(config, pack).margin)


def _keras(path: Path, labels: tuple[str, ...]) -> _KerasNetwork:
    from converter.networks.trained import load_model, size_of, task_of  # noqa: PLC0415 - heavy

    model = load_model(path)
    task, (width, height) = task_of(model, path), size_of(model)
    if task == "embedder":
        raise UsageError(
            f"{path}: an embedder knows nobody by itself; make a pack of it with: python -m converter build"
        )
    outputs = {name: tuple(map(int, (1, *output.shape[1:]))) for name, output in model.output.items()}
    given = shapes(task, len(labels))
    if outputs != given:
        raise UsageError(
            f"{path}: it has {outputs['class' if task == 'tracker' else 'class_probs'][1]} classes, and --labels names "
            f"{len(labels)}; name them all, unknown first"
        )
    spec = InputSpec(width, height, 0, 255, "rgb", margin=MARGIN if task == "classifier" else None)
    return _KerasNetwork(model, Pack(path, task, "", spec, outputs, "", labels))
