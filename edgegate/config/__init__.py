"""What can be configured: frozen values (`tables`), read from TOML (`reading`), written out (`rendering`)."""

from edgegate.config.reading import load
from edgegate.config.rendering import render
from edgegate.config.tables import MODEL_ALONE, NO_LIVENESS, Camera, Config, Door, Mqtt, Recognition

__all__ = ["MODEL_ALONE", "NO_LIVENESS", "Camera", "Config", "Door", "Mqtt", "Recognition", "load", "render"]
