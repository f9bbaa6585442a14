"""The base of every table of the configuration."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    # Defaults are checked like what is written: one may not go with what is.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)
