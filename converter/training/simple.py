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
"""The divisor of a support vector machine's scores, which are no probabilities, before the softmax (temperature
scaling: Guo et al., "On Calibration of Modern Neural Networks", 2017)."""

FOLDS = 5
"""At most: Platt's calibration is of decisions on what was left out, cross-validated."""


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """class_probs = softmax(features @ kernel + bias)."""

    kernel: Matrix
    bias: Matrix

    def scores(self, features: Matrix) -> Matrix:
        return np.asarray(features @ self.kernel + self.bias)

    def probabilities(self, features: Matrix) -> Matrix:
        return np.asarray(np.exp(_log_softmax(self.scores(features))))

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

        from converter.networks.votes import Votes  # noqa: PLC0415

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
        raise EdgegateError("scikit-learn is not installed; from a clone, pip install '.[train]'") from None
    return max(candidates, key=lambda one: _merit(one, valid))


def figures(model: Simple, data: Mapping[str, tuple[Matrix, Labels]]) -> dict[str, float]:
    """Accuracy, macro F1 and loss by the prefix of Keras's names; a vote of 0 counts as one in a million."""
    from converter.evaluation.metrics import confusion, macro_f1  # noqa: PLC0415

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
    for strength in STRENGTHS:
        linear = _linear(learner, strength, features, labels)
        yield linear if learner == "logistic_regression" else _tempered(linear, strength, train, valid)


def _linear(learner: Learner, strength: float, features: Matrix, labels: Labels) -> Linear:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    # One mean and one deviation for all: each number's own would make as much of noise as of what tells.
    mean, spread = features.mean(axis=0), float(features.std()) + 1e-12
    scaled = (features - mean) / spread
    if learner == "logistic_regression":
        fitted = LogisticRegression(C=strength, max_iter=2000).fit(scaled, labels)
    else:
        fitted = LinearSVC(C=strength, max_iter=20_000).fit(scaled, labels)
    rows, bias = fitted.coef_, fitted.intercept_
    if len(rows) == 1:  # of two classes scikit-learn gives the second's only
        rows, bias = np.vstack([np.zeros_like(rows), rows]), np.array([0.0, *bias])
    kernel = rows.T / spread
    return Linear(kernel, bias - mean @ kernel)


def _nearest(features: Matrix, labels: Labels, classes: int, k: int) -> Nearest:
    from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415

    fitted = KNeighborsClassifier(k, metric="cosine", algorithm="brute").fit(features, labels)
    return Nearest(_unit(np.asarray(fitted._fit_X)), np.asarray(labels), classes, k)  # noqa: SLF001


def _tempered(linear: Linear, strength: float, train: tuple[Matrix, Labels], valid: tuple[Matrix, Labels]) -> Linear:
    """The same likeliest classes, as sure as pictures bear out that the decisions on them were not learnt from.

    Where all of those are right, as of a few people is usual, only a limit on how sure a few pictures can make anybody
    keeps the temperature above nothing, at which every stranger would be somebody with certainty: `_targets`.
    """
    scores, labels = zip(*_unlearnt(strength, train), (linear.scores(valid[0]), valid[1]), strict=True)
    decisions, wanted = np.concatenate(scores), _targets(np.concatenate(labels), linear.kernel.shape[1])
    heat = min(TEMPERATURES.tolist(), key=lambda heat: -float((wanted * _log_softmax(decisions / heat)).sum()))
    return Linear(linear.kernel / heat, linear.bias / heat)


def _unlearnt(strength: float, train: tuple[Matrix, Labels]) -> Iterator[tuple[Matrix, Labels]]:
    """Scores of the training pictures, each by a machine that was fitted without it, and their classes.

    None where a class has a single picture, for without it there is no class.
    """
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415

    features, labels = train
    folds = min(FOLDS, int(np.bincount(labels).min()))
    if folds < 2:
        return
    for kept, left_out in StratifiedKFold(folds, shuffle=True, random_state=0).split(features, labels):
        machine = _linear("linear_svm", strength, features[kept], labels[kept])
        yield machine.scores(features[left_out]), labels[left_out]


def _targets(labels: Labels, classes: int) -> Matrix:
    """(n, classes): what n pictures of a class prove of it, (n + 1) / (n + 2), and the rest shared by the others.

    Of two classes these are the targets of J. Platt, "Probabilistic Outputs for Support Vector Machines", 1999.
    """
    counts = np.bincount(labels, minlength=classes)[labels]
    right = ((counts + 1) / (counts + 2))[:, np.newaxis]
    return np.where(np.eye(classes, dtype=bool)[labels], right, (1 - right) / (classes - 1))


def _merit(model: Simple, valid: tuple[Matrix, Labels]) -> tuple[float, float]:
    given = model.probabilities(valid[0])
    return float((given.argmax(axis=1) == valid[1]).mean()), -_loss(given, valid[1])


def _loss(given: Matrix, labels: Labels) -> float:
    return float(-np.log(np.maximum(given[np.arange(len(labels)), labels], 1e-6)).mean())


def _log_softmax(scores: Matrix) -> Matrix:
    below = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(below - np.log(np.exp(below).sum(axis=1, keepdims=True)))


def _unit(features: Matrix) -> Matrix:
    return np.asarray(features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12))
