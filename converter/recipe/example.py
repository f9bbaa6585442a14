"""`python -m converter.recipe.example`: the text of `recipes/example.toml`, every key of a recipe with its default."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from converter.recipe.recipe import Recipe

SOURCE = "photos"
"""The one of the sources of images that the example names: there is no default, and no recipe without one."""


def render() -> str:
    """Keys that have no default are commented out, but for `SOURCE`."""
    lines = [
        "# A recipe: every key with its default. Remove what you do not change; paths are beside this file.",
        "# python -m converter build RECIPE.toml tells what is wrong with it, all at once.",
    ]
    for name, field in Recipe.model_fields.items():
        table = field.annotation
        assert isinstance(table, type)
        assert issubclass(table, BaseModel)
        lines += ["", f"# {table.__doc__}", f"[{name}]"]
        for key, value in table.model_fields.items():
            lines += _key(key, value)
    return "\n".join(lines) + "\n"


def _key(key: str, field: FieldInfo) -> Iterator[str]:
    yield f"# {field.description}{_range(field)}"
    if field.default is not None:
        yield f"{key} = {_toml(field.default)}"
    else:
        assert field.examples  # a key without a default shows what it may be
        yield f"{'' if key == SOURCE else '# '}{key} = {_toml(field.examples[0])}"


def _range(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return f" ({', '.join(get_args(field.annotation))})"
    low = next((one for one in field.metadata if isinstance(one, Ge | Gt)), None)
    high = next((one for one in field.metadata if isinstance(one, Le | Lt)), None)
    if isinstance(low, Ge) and isinstance(high, Le):
        return f" ({low.ge:,} to {high.le:,})"
    words = (_words(one) for one in (low, high) if one is not None)
    return f" ({', '.join(words)})" if low or high else ""


def _words(bound: Ge | Gt | Le | Lt) -> str:
    match bound:
        case Ge(ge):
            return f"{ge:,} or more"
        case Gt(gt):
            return f"above {gt:,}"
        case Le(le):
            return f"at most {le:,}"
        case Lt(lt):
            return f"below {lt:,}"


def _toml(value: object) -> str:
    return json.dumps(str(value) if isinstance(value, Path) else value)  # JSON's notation of these is TOML's too


if __name__ == "__main__":
    print(render(), end="")
