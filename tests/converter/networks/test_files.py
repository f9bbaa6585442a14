"""A network's file is read whatever wrote it, and nothing in it runs: a line for all that is not Keras's own."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converter.networks import configuration
from converter.networks.files import holds_weights_only, kind_of, read_keras
from converter.networks.interface import Network, network
from edgegate.errors import EdgegateError, ModelError, UsageError
from tests.support.paths import ROOT

pytestmark = pytest.mark.train
KERAS_2 = ROOT / "tests" / "data" / "keras2"


def opened(file: Path, *custom: str, size: tuple[int, int] | None = None) -> Network:
    return network(str(file), read_keras(file, custom), size)


def small(shape: tuple[int | None, ...] = (32, 32, 3), **options: Any) -> Any:
    """A list of a class and a box."""
    import keras  # noqa: PLC0415 - with the others: only where TensorFlow is installed
    from keras import layers  # noqa: PLC0415

    image = keras.Input(shape, name="picture")
    features = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, **options)(image))
    return keras.Model(image, [layers.Dense(2, "softmax", name="who")(features), layers.Dense(4, name="at")(features)])


@pytest.mark.parametrize("name", ["tracker.h5", "tracker.keras", "tracker_saved"])
def test_what_keras_2_wrote_answers_as_ever(name: str) -> None:
    """Three forms of one network, each through another part of Keras 3."""
    pictures = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    who, where = (np.asarray(one) for one in opened(KERAS_2 / name)(pictures))
    np.testing.assert_allclose(who, [[0.4868], [0.4967]], atol=1e-4)
    np.testing.assert_allclose(where[0], [0.4207, 0.4945, 0.6335, 0.5614], atol=1e-4)


def test_a_sequential_that_nobody_has_called_has_an_interface() -> None:
    found = opened(KERAS_2 / "sequential.h5")
    assert (found.width, found.height, [output.width for output in found.outputs]) == (32, 32, [3])


@pytest.mark.parametrize("form", ["keras", "h5", "saved"])
def test_outputs_have_their_names_and_widths(form: str, tmp_path: Path) -> None:
    file = tmp_path / f"network.{form}"
    model = small()
    if form == "saved":
        import tensorflow as tf  # noqa: PLC0415

        tf.saved_model.save(model, str(file))
    else:
        model.save(file)
    outputs = opened(file).outputs
    assert [output.width for output in outputs] == [2, 4]
    assert form == "saved" or [output.name for output in outputs] == ["who", "at"]


def test_a_subclassed_model_with_a_dict_is_read_as_it_was_exported(tmp_path: Path) -> None:
    import keras  # noqa: PLC0415
    from keras import layers  # noqa: PLC0415

    class Face(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.who, self.where = layers.GlobalMaxPooling2D(), layers.Dense(3), layers.Dense(4)

        def call(self, pictures: Any) -> Any:
            features = self.body(pictures)
            return {"where": self.where(features), "who": self.who(features)}

    face = Face()
    face(np.zeros((1, 48, 32, 3), np.float32))
    face.export(str(tmp_path / "face"), verbose=False)
    face.save(tmp_path / "face.keras")
    found = opened(tmp_path / "face")
    assert (found.width, found.height) == (32, 48)
    assert [(output.name, output.width) for output in found.outputs] == [("where", 4), ("who", 3)]
    with pytest.raises(ModelError, match=r"not Keras's own; name the module that defines it with --custom MODULE"):
        opened(tmp_path / "face.keras")


def test_classes_of_a_module_that_is_named_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras  # noqa: PLC0415

    (tmp_path / "my_layers.py").write_text(
        "import keras\n\nclass Halve(keras.layers.Layer):\n    def call(self, x):\n        return x / 2\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from my_layers import Halve  # type: ignore[import-not-found]  # noqa: PLC0415

    image = keras.Input((32, 32, 3))
    keras.Sequential([image, Halve(), keras.layers.Flatten(), keras.layers.Dense(2)]).save(tmp_path / "halved.keras")
    with pytest.raises(ModelError, match="Halve of my_layers, which is not Keras's own"):
        opened(tmp_path / "halved.keras")
    assert opened(tmp_path / "halved.keras", "my_layers").outputs[0].width == 2
    with pytest.raises(UsageError, match="--custom no_such_module: cannot be imported"):
        opened(tmp_path / "halved.keras", "no_such_module")


def test_python_in_a_file_is_refused_and_not_run(tmp_path: Path) -> None:
    import keras  # noqa: PLC0415

    mark = str(tmp_path / "ran")
    evil = keras.layers.Lambda(lambda x: (open(mark, "w"), x)[1])  # noqa: PTH123, SIM115
    model = keras.Sequential([keras.Input((32, 32, 3)), evil, keras.layers.Flatten(), keras.layers.Dense(2)])
    Path(mark).unlink(missing_ok=True)
    for file in (tmp_path / "evil.keras", tmp_path / "evil.h5"):
        model.save(file)
        with pytest.raises(ModelError, match=r"is Python code \(Lambda\), which is never run .* model\.export"):
            read_keras(file)
    for file in (KERAS_2 / "lambda.h5", KERAS_2 / "arithmetic.h5"):
        with pytest.raises(ModelError, match=r"is Python code"):
            read_keras(file)
    assert not Path(mark).exists()


def tampered(file: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """The same .keras file with another configuration."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(parts["config.json"])
    change(document)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (parts | {"config.json": json.dumps(document).encode()}).items():
            archive.writestr(name, content)
    return file


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            lambda d: d["config"]["layers"][1].update(module="os", class_name="system"),
            "is a system of os, which is not",
        ),
        (lambda d: d["config"]["layers"][1].update(registered_name="mine>Conv"), "the registered class 'mine>Conv'"),
        (lambda d: d["config"]["layers"][1].update(class_name="TFSMLayer"), "is a TFSMLayer, which reads"),
        (lambda d: d["config"]["layers"][1]["config"].update(activation=nested(300)), "nested deeper"),
        (lambda d: d.clear(), "describes no network"),
    ],
)
def test_a_tampered_configuration_is_refused(change: Any, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "network.keras"
    small().save(file)
    with pytest.raises(ModelError, match=complaint):
        read_keras(tampered(file, change))


def nested(levels: int) -> Any:
    inside: Any = "relu"
    for _ in range(levels):
        inside = [inside]
    return inside


def test_weights_that_lie_in_another_file_are_not_read(tmp_path: Path) -> None:
    import h5py  # noqa: PLC0415

    small().save(tmp_path / "network.h5")
    with h5py.File(tmp_path / "network.h5", "r+") as content:
        content["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(ModelError, match="'elsewhere' lies elsewhere"):
        read_keras(tmp_path / "network.h5")


def saved_with(tmp_path: Path, operation: Callable[[Any], Any]) -> Path:
    import tensorflow as tf  # noqa: PLC0415

    def call(pictures: Any) -> Any:
        return {"who": tf.reduce_mean(pictures, axis=(1, 2)) + operation(tf)}

    module = tf.Module()
    module.call = tf.function(call, input_signature=[tf.TensorSpec((None, 32, 32, 3), tf.float32)])
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.call)
    return tmp_path / "saved"


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (
            lambda tf: tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32),
            "(ReadFile|StringLength)",
        ),
        (lambda tf: tf.py_function(lambda: 0.0, [], tf.float32), "EagerPyFunc"),
        (lambda tf: tf.numpy_function(lambda: np.float32(0), [], tf.float32), "PyFunc"),
    ],
)
def test_a_graph_that_touches_files_or_python_is_not_loaded(operation: Any, name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"has the operation {name} .* does more than compute"):
        read_keras(saved_with(tmp_path, operation))


def test_a_graph_that_only_computes_is_loaded(tmp_path: Path) -> None:
    assert opened(saved_with(tmp_path, lambda tf: tf.constant(1.0))).outputs[0].width == 3


@pytest.mark.parametrize(
    ("shape", "complaint"),
    [
        ((None, None, 3), "pictures of any size .* --size"),
        ((32, 32, 1), "grey pictures"),
        ((32, 32, 4), "no picture"),
        ((8, 8, 3), "sides of 16 to 2048"),
    ],
)
def test_what_no_camera_gives_is_refused_in_a_line(shape: Any, complaint: str, tmp_path: Path) -> None:
    small(shape).save(tmp_path / "network.keras")
    with pytest.raises(ModelError, match=complaint):
        opened(tmp_path / "network.keras")


def test_a_size_is_given_to_a_network_that_takes_any(tmp_path: Path) -> None:
    small((None, None, 3)).save(tmp_path / "network.keras")
    found = opened(tmp_path / "network.keras", size=(48, 32))
    assert (found.width, found.height) == (48, 32)


def test_half_precision_and_two_inputs_are_refused(tmp_path: Path) -> None:
    import keras  # noqa: PLC0415

    small(dtype="mixed_float16").save(tmp_path / "half.keras")
    with pytest.raises(ModelError, match=r"computes in (mixed_)?float16, .*set_global_policy"):
        read_keras(tmp_path / "half.keras")
    one, other = keras.Input((32, 32, 3)), keras.Input((32, 32, 3))
    both = keras.layers.Flatten()(keras.layers.Add()([one, other]))
    keras.Model([one, other], keras.layers.Dense(2)(both)).save(tmp_path / "two.h5")
    with pytest.raises(ModelError, match="takes 2 inputs"):
        opened(tmp_path / "two.h5")


def test_weights_without_their_network_are_told_apart(tmp_path: Path) -> None:
    model = small()
    model.save_weights(tmp_path / "network.weights.h5")
    model.save(tmp_path / "network.h5")
    assert holds_weights_only(tmp_path / "network.weights.h5")
    assert not holds_weights_only(tmp_path / "network.h5")
    with pytest.raises(ModelError, match="it holds weights only"):
        read_keras(tmp_path / "network.weights.h5")


def test_what_is_no_network_is_named(tmp_path: Path) -> None:
    (tmp_path / "photo.h5").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "empty.keras").touch()
    shutil.make_archive(str(tmp_path / "other"), "zip", KERAS_2 / "tracker_saved")
    for name, complaint in (
        ("photo.h5", "neither a .keras nor"),
        ("empty.keras", "it is empty"),
        (".", "no SavedModel"),
    ):
        with pytest.raises(ModelError, match=complaint):
            kind_of(tmp_path / name)
    with pytest.raises(ModelError, match="a ZIP file without"):
        read_keras(tmp_path / "other.zip")
    with pytest.raises(UsageError, match="no such file"):
        kind_of(tmp_path / "gone.h5")


def test_a_configuration_is_no_deeper_than_a_network() -> None:
    with pytest.raises(EdgegateError, match="cannot be read"):
        configuration.parse("file", b"\xff{")


def test_a_class_named_with_dots_is_refused(tmp_path: Path) -> None:
    """Keras follows dots from its own module to a class, past every list of names."""
    file = tmp_path / "network.keras"
    small().save(file)
    with pytest.raises(ModelError, match=r"is of the class 'layers\.Lambda', and Keras writes no dots"):
        read_keras(
            tampered(file, lambda d: d["config"]["layers"][1].update(class_name="layers.Lambda", module="keras"))
        )


def test_outputs_within_one_another_are_refused_in_a_line(tmp_path: Path) -> None:
    import keras  # noqa: PLC0415

    image = keras.Input((32, 32, 3))
    flat = keras.layers.GlobalMaxPooling2D()(image)
    keras.Model(image, {"o": {"who": keras.layers.Dense(2)(flat)}, "p": [flat]}).save(tmp_path / "network.keras")
    with pytest.raises(ModelError, match="lists or dicts within one another"):
        opened(tmp_path / "network.keras")
