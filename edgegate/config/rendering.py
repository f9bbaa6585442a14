"""Writing the configuration out: `config.toml` is this text, and a test holds the two together."""

from __future__ import annotations

import json

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from edgegate.config.tables import Config, section_of


def render() -> str:
    """Returns the text of `config.toml`: every key with its default, and its meaning, unit and range in a comment."""
    lines = [
        "# edgegate: every key with its default. Remove or comment out what you do not change.",
        "# `edgegate check -c config.toml` lists every mistake in it at once.",
    ]
    for name in Config.model_fields:
        model = section_of(name)
        lines += ["", f"# {model.__doc__}", f"[{name}]"]
        # Tables come last: what follows a table's head belongs to it.
        for key, field in sorted(model.model_fields.items(), key=lambda item: isinstance(item[1].default, dict)):
            value = f"[{name}.{key}]" if isinstance(field.default, dict) else f"{key} = {_toml(field.default)}"
            lines += [f"# {field.description}{_range(field)}", value]
    return "\n".join(lines) + "\n"


def _range(field: FieldInfo) -> str:
    low = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    high = next((bound.le for bound in field.metadata if isinstance(bound, Le)), None)
    return "" if low is None else f" ({low:,} to {high:,})"


def _toml(value: object) -> str:
    return json.dumps(value)  # strings, numbers and booleans are written the same in both
