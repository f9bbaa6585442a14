"""Face access control at a door: sees a face, decides who may enter, opens the lock, tells staff."""

__version__ = "0.2.0"
"""Stands here and nowhere else: pyproject.toml reads it, and asking the installed package takes time at every call."""
