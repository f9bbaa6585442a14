"""Reads a trained network's file: Keras's own two forms, of version 2 or 3, and the folder of a SavedModel.

The file is copied first, so that what was checked is what Keras reads. Damaged ones may still end the process that
reads them: `converter.__main__` has every command done by a process of its own.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import signal
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeAlias

from converter.networks import configuration
from converter.networks.saved_model import GRAPH_FILE, SIGNATURE, check_graph
from edgegate.errors import EdgegateError, ModelError, UsageError
from edgegate.system.quiet import quiet

Kind: TypeAlias = Literal["keras", "hdf5", "saved model"]

MOST_BYTES = 8 << 30
"""Of a file, unpacked: VGG16 has half a gigabyte."""

CPU_SECONDS = 60
"""Of a processor, to look at a file with: the HDF5 library goes round some damaged ones for ever. VGG16 takes one."""

AGAIN = "copy the file again, or save the network again with model.save"


def kind_of(file: Path) -> Kind:
    """As its first bytes say, whatever its name; raises UsageError where nothing is there, ModelError otherwise."""
    if file.is_dir():
        if not (file / GRAPH_FILE).is_file():
            raise ModelError(
                f"{file}: a folder without {GRAPH_FILE}, so no SavedModel; name the folder that model.export has "
                "written, or a .keras or .h5 file"
            )
        return "saved model"
    if not file.is_file():
        raise UsageError(f"{file}: no such file")
    with file.open("rb") as stream:
        start = stream.read(8)
    if start == b"\x89HDF\r\n\x1a\n":
        return "hdf5"
    if start[:2] == b"PK":
        return "keras"
    raise ModelError(
        f"{file}: neither a .keras nor an .h5 file ({'it is empty' if not start else 'its first bytes say so'}), nor a "
        f"SavedModel's folder; {AGAIN}"
    )


def read_keras(file: Path, custom: Sequence[str] = ()) -> Any:
    """A keras.Model, or of a SavedModel a keras layer; raises ModelError with the reason and the way out.

    `custom` are modules, by name, whose classes the network is made of beside Keras's own.
    """
    keras = _keras()
    kind = kind_of(file)
    if kind == "saved model":
        check_graph(file)
        with _explained(file):
            return keras.layers.TFSMLayer(str(file), call_endpoint=SIGNATURE)
    with tempfile.TemporaryDirectory(prefix="edgegate-") as folder:
        copy = Path(folder) / f"network{'.keras' if kind == 'keras' else '.h5'}"
        shutil.copyfile(file, copy)
        classes = _classes(custom)
        with _unreadable(file):
            (_check_keras if kind == "keras" else _check_hdf5)(str(file), copy, _known(keras, classes))
        with _explained(file):
            model = keras.models.load_model(copy, custom_objects=classes, compile=False, safe_mode=True)
            with keras.saving.custom_object_scope(classes):
                return _speakable(model)


def _speakable(model: Any) -> Any:
    """The same network with names that TensorFlow's scopes can have: spaces and accents end its conversion."""
    names = {layer.name: _plain(layer.name, place) for place, layer in enumerate(_nested(model))}
    odd = {name: plain for name, plain in names.items() if name != plain}
    if not odd or not hasattr(model, "operations"):
        return model
    renamed = type(model).from_config(_replaced(model.get_config(), odd))
    renamed.set_weights(model.get_weights())
    return renamed


def _nested(model: Any) -> Iterator[Any]:
    yield model
    for layer in getattr(model, "layers", ()):
        yield from _nested(layer)


def _plain(name: str, place: int) -> str:
    """The name if it will do; else what is left of it, and a number that tells it from others."""
    if re.fullmatch(r"[A-Za-z0-9.][A-Za-z0-9_.-]*", name):
        return name
    return f"{re.sub('[^A-Za-z0-9]+', '_', name)}_{place}".lstrip("_")


def _replaced(part: Any, names: Mapping[str, str]) -> Any:
    """The configuration with other names; those that are replaced are nobody else's words."""
    if isinstance(part, dict):
        return {key: _replaced(value, names) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return type(part)(_replaced(value, names) for value in part)
    return names.get(part, part) if isinstance(part, str) else part


def holds_weights_only(file: Path) -> bool:
    """True of an HDF5 file of weights without the network they are of, whatever its name."""
    if file.is_dir() or not file.is_file() or kind_of(file) != "hdf5":
        return False
    import h5py  # noqa: PLC0415 - comes with Keras

    with _unreadable(file), h5py.File(file) as content:
        return "model_config" not in content.attrs


def _keras() -> Any:
    try:
        import keras  # noqa: PLC0415 - heavy

        from converter.networks import votes  # noqa: PLC0415, F401 - registers its class
    except ImportError:
        raise EdgegateError("Keras is not installed, and this needs it; from a clone, pip install '.[train]'") from None
    return keras


def _classes(modules: Sequence[str]) -> dict[str, Any]:
    """The classes and functions of modules that the user names, by name; raises UsageError where one is not there."""
    found: dict[str, Any] = {}
    for name in modules:
        try:
            module = import_module(name)
        except Exception as error:  # noqa: BLE001 - it is the user's program, and may raise anything
            raise UsageError(
                f"--custom {name}: cannot be imported ({error}); name a module that Python finds from here"
            ) from None
        found |= {key: value for key, value in vars(module).items() if callable(value) and not key.startswith("_")}
    return found


def _known(keras: Any, classes: Mapping[str, Any]) -> frozenset[str]:
    return frozenset((*classes, *keras.saving.get_custom_objects()))


def _check_keras(name: str, copy: Path, known: frozenset[str]) -> None:
    """A .keras file: a ZIP with the configuration as JSON and the weights as HDF5."""
    with zipfile.ZipFile(copy) as archive:
        if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
            raise ModelError(f"{name}: unpacked it has more than {MOST_BYTES >> 30} GiB, and no such network fits")
        members = set(archive.namelist())
        if "config.json" not in members or not members & {"model.weights.h5", "model.weights.npz"}:
            raise ModelError(f"{name}: a ZIP file without a network's configuration and weights; {AGAIN}")
        document = configuration.parse(name, archive.read("config.json"))
        configuration.check(name, document, known)
        if "model.weights.h5" in members:
            _check_links(name, io.BytesIO(archive.read("model.weights.h5")))
    modern = configuration.modernized(document)
    if modern != document:
        _replace(copy, "config.json", json.dumps(modern))


def _replace(copy: Path, member: str, content: str) -> None:
    with zipfile.ZipFile(copy) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()} | {member: content.encode()}
    with zipfile.ZipFile(copy, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)


def _check_hdf5(name: str, copy: Path, known: frozenset[str]) -> None:
    """An .h5 file; one that Keras 2 has written is put into the words of Keras 3."""
    import h5py  # noqa: PLC0415 - comes with Keras

    _check_links(name, copy)
    with h5py.File(copy, "r+") as content:
        if "model_config" not in content.attrs:
            raise ModelError(
                f"{name}: it holds weights only, without the network they are of; name its design with --design if it "
                "is one of edgegate's, or save the whole network with model.save"
            )
        stored = content.attrs["model_config"]
        document = configuration.parse(name, stored)
        configuration.check(name, document, known)
        modern = configuration.modernized(document)
        if modern != document:
            content.attrs["model_config"] = json.dumps(modern)


def _check_links(name: str, source: Any) -> None:
    """Raises ModelError where the HDF5 file would have other files read in its place."""
    import h5py  # noqa: PLC0415 - comes with Keras

    def look(group: Any, depth: int) -> None:
        for key in group:
            link = group.get(key, getlink=True)
            if not isinstance(link, h5py.HardLink) or depth > configuration.MOST_NESTED:
                raise ModelError(f"{name}: its part {key!r} lies elsewhere, in another file or place; {AGAIN}")
            part = group[key]
            if isinstance(part, h5py.Group):
                look(part, depth + 1)
            elif part.external or part.is_virtual:
                raise ModelError(f"{name}: its part {key!r} lies in another file; {AGAIN}")

    with h5py.File(source, "r") as content:
        look(content, 0)


@contextmanager
def _unreadable(file: Path) -> Iterator[None]:
    """One line for whatever h5py and zipfile raise of a damaged file."""
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # its signal ends the process, and its parent says so
    try:
        yield
    except EdgegateError:
        raise
    except Exception as error:  # noqa: BLE001 - of a damaged file they raise a dozen kinds
        raise ModelError(f"{file}: damaged or cut off ({_reason(error)}); {AGAIN}") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """One line for whatever Keras and TensorFlow raise when they read a file, and none of what they print."""
    try:
        with warnings.catch_warnings(), quiet():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:  # noqa: BLE001 - they name no common ancestor of what they raise
        raise ModelError(
            f"{file}: Keras cannot read it ({_reason(error)}); save it again with a newer Keras, or "
            f"{configuration.EXPORT}"
        ) from None


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
