"""Embedders of aligned faces: the same direction for the same person, also for people who were not in the training."""

from __future__ import annotations

from converter.architectures.backbone import Backbone
from converter.architectures.embedders import facenet, mobilefacenet

ALL: tuple[Backbone, ...] = (facenet.BACKBONE, mobilefacenet.BACKBONE)
