"""The configuration: frozen values (`tables`), read from TOML (`reading`), written out (`rendering`)."""

from edgegate.config.camera import CameraSettings
from edgegate.config.reading import load
from edgegate.config.recognition import MODEL_ALONE, NO_LIVENESS, RecognitionSettings
from edgegate.config.rendering import render
from edgegate.config.tables import Config, DoorSettings, MqttSettings

__all__ = [
    "MODEL_ALONE",
    "NO_LIVENESS",
    "CameraSettings",
    "Config",
    "DoorSettings",
    "MqttSettings",
    "RecognitionSettings",
    "load",
    "render",
]
