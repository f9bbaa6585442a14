"""Face access control at a door: sees a face, decides who may enter, opens the lock, tells staff."""

from importlib.metadata import version

__version__ = version("edgegate")
