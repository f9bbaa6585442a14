"""A network's configuration, as Keras stores it in JSON, looked at before Keras is asked to make layers of it.

Nothing in a file may run: Python kept inside it, classes that are not Keras's own, layers that read other files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from edgegate.errors import ModelError

EXPORT = 'export it with model.export("folder") where it was trained, and import that folder'
"""The way out for a network whose layers are not all Keras's own: a SavedModel holds arithmetic, no Python."""

PYTHON = frozenset({"Lambda", "__lambda__", "TFOpLambda", "SlicingOpLambda"})
ELSEWHERE = frozenset(
    {"TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "StringLookup", "IntegerLookup", "TextVectorization"}
)
"""Layers that read other files, or hold programs of another framework."""

MOST_NESTED = 200
"""Levels of JSON: a real network has a few for each network inside another."""

HALF = frozenset({"mixed_float16", "float16", "mixed_bfloat16", "bfloat16"})

_RENAMED = {
    "keras.src.engine.functional": "keras.src.models.functional",
    "keras.engine.functional": "keras.src.models.functional",
}
"""Modules of Keras 2 that Keras 3 has under another name."""


def parse(name: str, text: str | bytes) -> dict[str, Any]:
    """The configuration, a dict with a class name; raises ModelError. `name` is the file's."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise ModelError(f"{name}: its configuration cannot be read; the file is damaged, so copy it again") from None
    if not isinstance(document, dict) or not isinstance(document.get("class_name"), str):
        raise ModelError(f"{name}: its configuration describes no network; the file is damaged, or no Keras model")
    return document


def check(name: str, document: Mapping[str, Any], custom: AbstractSet[str]) -> None:
    """Raises ModelError where something in it would run, or is not Keras's own.

    `custom` are the registered names of classes that the user has given, and edgegate's own.
    """
    for table in _tables(name, document):
        if _is_class(table):
            _check_class(name, table, custom)
        if _policy(table.get("dtype")) in HALF:
            raise ModelError(
                f"{name}: it computes in {_policy(table['dtype'])}, which no TFLite kernel "
                'does as trained; after keras.mixed_precision.set_global_policy("float32") build the network again, '
                "load its weights and save it"
            )


def modernized(document: Any) -> Any:
    """The same as Keras 3 reads it, of a network that Keras 2 has written."""
    if isinstance(document, list):
        return [modernized(part) for part in document]
    if not isinstance(document, dict):
        return document
    table: dict[str, Any] = {key: modernized(part) for key, part in document.items()}
    if table.get("module") in _RENAMED:
        table["module"] = _RENAMED[table["module"]]
    config = table.get("config")
    if not isinstance(config, dict):
        return table
    if table.get("class_name") == "DepthwiseConv2D":
        config.pop("groups", None)  # always 1, and no argument any more
    if table.get("class_name") == "BatchNormalization" and isinstance(config.get("axis"), list):
        config["axis"] = config["axis"][0]
    return table


def _tables(name: str, document: Any) -> Iterator[Mapping[str, Any]]:
    """Every dict in it, however deep; raises ModelError where it is deeper than a network can be."""
    waiting = [(document, 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > MOST_NESTED:
            raise ModelError(f"{name}: its configuration is nested deeper than any network; the file is damaged")
        if isinstance(part, dict):
            yield part
        inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        waiting.extend((one, depth + 1) for one in inside)


def _is_class(table: Mapping[str, Any]) -> bool:
    return isinstance(table.get("class_name"), str)


def _check_class(name: str, table: Mapping[str, Any], custom: AbstractSet[str]) -> None:
    kind, module = table["class_name"], table.get("module")
    if "." in kind:  # Keras follows dots to a class, past every list of names
        raise ModelError(
            f"{name}: {_called(table)!r} is of the class {kind!r}, and Keras writes no dots there; somebody has "
            "changed the file, so take it from its source again"
        )
    if kind in PYTHON:
        raise ModelError(
            f"{name}: the layer {_called(table)!r} is Python code ({kind}), which is never run from a file; {EXPORT}, "
            "or build the network with layers such as Rescaling, load its weights and save it"
        )
    if kind in ELSEWHERE:
        raise ModelError(f"{name}: the layer {_called(table)!r} is a {kind}, which reads what lies elsewhere; {EXPORT}")
    registered = table.get("registered_name") or kind
    if registered in custom or kind in custom:
        return
    if module is not None and not (isinstance(module, str) and module.split(".")[0] == "keras"):
        raise ModelError(
            f"{name}: {_called(table)!r} is a {kind} of {module}, which is not Keras's own; name the module that "
            f"defines it with --custom MODULE if you trust it, or {EXPORT}"
        )
    if isinstance(registered, str) and ">" in registered:
        raise ModelError(
            f"{name}: {_called(table)!r} is the registered class {registered!r}, which is not Keras's own; name the "
            f"module that defines it with --custom MODULE if you trust it, or {EXPORT}"
        )


def _policy(dtype: Any) -> str:
    """The name of a layer's number format, as either version of Keras writes it."""
    while isinstance(dtype, dict):
        dtype = dtype["config"] if isinstance(dtype.get("config"), dict) else dtype.get("name")
    return dtype if isinstance(dtype, str) else ""


def _called(table: Mapping[str, Any]) -> str:
    config = table.get("config")
    name = table.get("name") or (config.get("name") if isinstance(config, dict) else config)
    return str(name or table.get("class_name", "?"))[:80]
