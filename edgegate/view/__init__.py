"""The live picture with boxes on a loopback page, for whoever aims a camera or learns. It decides nothing."""

from edgegate.view.page import Page, Screen
from edgegate.view.viewer import Viewer

__all__ = ["Page", "Screen", "Viewer"]
