"""What can be configured: frozen values (`tables`), read from TOML (`reading`), written out (`rendering`)."""

from edgegate.config.camera import Camera
from edgegate.config.reading import load
from edgegate.config.recognition import MODEL_ALONE, NO_LIVENESS, Recognition
from edgegate.config.rendering import render
from edgegate.config.tables import Config, Door, Mqtt

__all__ = ["MODEL_ALONE", "NO_LIVENESS", "Camera", "Config", "Door", "Mqtt", "Recognition", "load", "render"]
