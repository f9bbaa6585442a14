"""The rows of the table: every design, as courses teach it and as a processor can train it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from page import SHIPPED

from converter.training.settings import TrainSettings
from edgegate.vision.packs import shipped

EMBEDDER = shipped(SHIPPED)


@dataclass(frozen=True, slots=True)
class Row:
    """A design with the settings it is taught with, and those that are smaller where there is no GPU."""

    name: str
    taught: TrainSettings
    smaller: Mapping[str, Any]
    strangers: bool = True
    """True if it has a class for them, and photos of some."""

    def settings(self, *, full: bool) -> TrainSettings:
        return self.taught if full else replace(self.taught, **self.smaller)


def _simple(learner: Literal["logistic_regression", "linear_svm", "knn"]) -> TrainSettings:
    return TrainSettings(design="classifier/embedder", weights=str(EMBEDDER), learner=learner)


CNN = TrainSettings(design="classifier/cnn", epochs=30, patience=30, batch_size=128)
RESNET = TrainSettings(design="classifier/resnet50", epochs=60, patience=15, batch_size=128, learning_rate=3e-4)
VGG = TrainSettings(design="classifier/vgg16", weights="imagenet", epochs=30, batch_size=128)
FACENET = TrainSettings(design="embedder/facenet", loss="triplet", epochs=100, batch_size=120, together=5, head=128)
MOBILE = TrainSettings(design="embedder/mobilefacenet", loss="additive_margin", epochs=60, batch_size=120, together=5)

NOT_TAUGHT = ", strangers not taught"
SMALL_CNN = {"input_size": 112, "epochs": 12, "batch_size": 32}

ROWS = (
    Row("classifier-cnn", CNN, SMALL_CNN),
    Row("classifier-cnn" + NOT_TAUGHT, CNN, SMALL_CNN, strangers=False),
    Row("classifier-resnet50", RESNET, {"input_size": 64, "epochs": 5, "batch_size": 16}),
    Row("classifier-resnet50-imagenet", replace(RESNET, weights="imagenet", epochs=30), {"batch_size": 16}),
    Row("classifier-vgg16", VGG, {"batch_size": 16}),
    Row("features-vgg16", replace(VGG, learner="linear_svm"), {}),
    Row("features-logistic-regression", _simple("logistic_regression"), {}),
    Row("features-logistic-regression" + NOT_TAUGHT, _simple("logistic_regression"), {}, strangers=False),
    Row("features-linear-svm", _simple("linear_svm"), {}),
    Row("features-linear-svm" + NOT_TAUGHT, _simple("linear_svm"), {}, strangers=False),
    Row("features-knn", _simple("knn"), {}),
    Row("features-knn" + NOT_TAUGHT, _simple("knn"), {}, strangers=False),
    Row("embedder-mobilefacenet", MOBILE, {"epochs": 5, "batch_size": 40, "together": 2}),
    Row("embedder-facenet", FACENET, {"epochs": 1, "batch_size": 30, "together": 3}),
)
