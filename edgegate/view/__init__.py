"""The live picture with boxes on a loopback page, for people who aim a camera or learn. It decides nothing."""

from edgegate.view.page import Page, Screen
from edgegate.view.viewer import Viewer

__all__ = ["Page", "Screen", "Viewer"]
