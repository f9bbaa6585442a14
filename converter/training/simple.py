"""Simple models on the last inner layer of a network that stays as it is: fitted by scikit-learn, written as layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from edgegate.errors import EdgegateError

Learner: TypeAlias = Literal["adam", "logistic_regression", "linear_svm", "knn"]
LEARNERS: tuple[Learner, ...] = get_args(Learner)

Matrix: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = npt.NDArray[np.int32]

STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)
"""C of the linear ones, of which the validation pictures choose."""

NEIGHBOURS = (1, 3, 5, 7, 9)

TEMPERATURES = np.geomspace(0.02, 20, 61)
"""What a support vector machine's scores, which are no probabilities, are divided by before the softmax."""


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """class_probs = softmax(features @ kernel + bias)."""

    kernel: Matrix
    bias: Matrix

    def probabilities(self, features: Matrix) -> Matrix:
        scores = features @ self.kernel + self.bias
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def layers(self) -> Any:
        from keras import Input, Model, layers  # noqa: PLC0415 - heavy

        image = Input((len(self.kernel),), name="features")
        last = layers.Dense(self.kernel.shape[1], activation="softmax", name="class_probs")
        model = Model(image, {"class_probs": last(image)}, name="linear")
        last.set_weights([self.kernel.astype(np.float32), self.bias.astype(np.float32)])
        return model


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """class_probs = the share of each class among the `k` training pictures of the greatest cosine."""

    examples: Matrix
    """(n, numbers) at length 1."""
    labels: Labels
    classes: int
    k: int

    def probabilities(self, features: Matrix) -> Matrix:
        nearest = np.argsort(-(_unit(features) @ self.examples.T), axis=1, kind="stable")[:, : self.k]
        return np.asarray(np.eye(self.classes)[self.labels[nearest]].mean(axis=1))

    def layers(self) -> Any:
        """A matrix product with the training pictures, and the votes of the greatest."""
        from keras import Input, Model, layers  # noqa: PLC0415

        from converter.training.votes import Votes  # noqa: PLC0415

        features = Input((self.examples.shape[1],), name="features")
        cosines = layers.Dense(len(self.examples), use_bias=False, name="examples")
        votes = Votes(self.k, self.classes, name="class_probs")
        unit = layers.UnitNormalization(name="unit")(features)
        model = Model(features, {"class_probs": votes(cosines(unit))}, name="knn")
        cosines.set_weights([self.examples.T.astype(np.float32)])
        votes.set_weights([np.eye(self.classes, dtype=np.float32)[self.labels]])
        return model


Simple: TypeAlias = Linear | Nearest


def fit(learner: Learner, train: tuple[Matrix, Labels], valid: tuple[Matrix, Labels], classes: int) -> Simple:
    """The one of several strengths, or numbers of neighbours, that is best on the validation pictures.

    Raises EdgegateError where scikit-learn is not installed, or a class has no training picture.
    """
    if absent := sorted(set(range(classes)) - set(np.unique(train[1]).tolist())):
        raise EdgegateError(f"classes {absent} have no training pictures, and a simple model cannot learn them")
    try:
        candidates = list(_candidates(learner, train, valid, classes))
    except ImportError:
        raise EdgegateError("scikit-learn is not installed; pip install 'edgegate[train]'") from None
    return max(candidates, key=lambda one: _merit(one, valid))


def figures(model: Simple, data: Mapping[str, tuple[Matrix, Labels]]) -> dict[str, float]:
    """Accuracy, macro F1 and loss by the prefix of Keras's names; a vote of 0 counts as one in a million."""
    from converter.metrics import confusion, macro_f1  # noqa: PLC0415

    found: dict[str, float] = {}
    for prefix, (features, labels) in data.items():
        given = model.probabilities(features)
        counts = confusion(labels.astype(np.int64), given.argmax(axis=1), given.shape[1])
        found[f"{prefix}accuracy"] = float((given.argmax(axis=1) == labels).mean())
        found[f"{prefix}f1"] = macro_f1(counts)
        found[f"{prefix}loss"] = _loss(given, labels)
    return found


def _candidates(
    learner: Learner, train: tuple[Matrix, Labels], valid: tuple[Matrix, Labels], classes: int
) -> Iterator[Simple]:
    features, labels = train
    if learner == "knn":
        for k in (k for k in NEIGHBOURS if k <= len(labels)):
            yield _nearest(features, labels, classes, k)
        return
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    # One mean and one deviation for all: each number's own would make as much of noise as of what tells.
    mean, spread = features.mean(axis=0), float(features.std()) + 1e-12
    scaled = (features - mean) / spread
    for strength in STRENGTHS:
        if learner == "logistic_regression":
            fitted = LogisticRegression(C=strength, max_iter=2000).fit(scaled, labels)
        else:
            fitted = LinearSVC(C=strength, max_iter=20_000).fit(scaled, labels)
        rows, bias = fitted.coef_, fitted.intercept_
        if len(rows) == 1:  # of two classes scikit-learn gives the second's only
            rows, bias = np.vstack([np.zeros_like(rows), rows]), np.array([0.0, *bias])
        kernel = rows.T / spread
        linear = Linear(kernel, bias - mean @ kernel)
        yield linear if learner == "logistic_regression" else _tempered(linear, valid)


def _nearest(features: Matrix, labels: Labels, classes: int, k: int) -> Nearest:
    from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415

    fitted = KNeighborsClassifier(k, metric="cosine", algorithm="brute").fit(features, labels)
    return Nearest(_unit(np.asarray(fitted._fit_X)), np.asarray(labels), classes, k)  # noqa: SLF001


def _tempered(linear: Linear, valid: tuple[Matrix, Labels]) -> Linear:
    """The same likeliest classes, as sure as the validation pictures bear out."""
    choices = [Linear(linear.kernel / heat, linear.bias / heat) for heat in TEMPERATURES]
    return min(choices, key=lambda one: _loss(one.probabilities(valid[0]), valid[1]))


def _merit(model: Simple, valid: tuple[Matrix, Labels]) -> tuple[float, float]:
    given = model.probabilities(valid[0])
    return float((given.argmax(axis=1) == valid[1]).mean()), -_loss(given, valid[1])


def _loss(given: Matrix, labels: Labels) -> float:
    return float(-np.log(np.maximum(given[np.arange(len(labels)), labels], 1e-6)).mean())


def _unit(features: Matrix) -> Matrix:
    return np.asarray(features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12))
