"""`python -m edgegate.config` prints config.toml."""

from edgegate.config import render

print(render(), end="")
