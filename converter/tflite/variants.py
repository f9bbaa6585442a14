"""The variants that a network is converted to."""

from __future__ import annotations

from typing import Literal, get_args

Variant = Literal["float32", "float16", "dynamic", "int8"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
