"""Classifiers of faces that were cut out: a class for each person, and `unknown`."""

from __future__ import annotations

from converter.architectures.backbone import Backbone
from converter.architectures.classifiers import cnn, embedder, resnet50, vgg16

ALL: tuple[Backbone, ...] = (cnn.BACKBONE, resnet50.BACKBONE, vgg16.BACKBONE, embedder.BACKBONE)
