"""Tests assumptions about a network against labelled photos: which reading explains the labels?

Every combination of the pixels' range, the order of colours, the box's form, the order of classes and, where their
widths allow it, of the outputs is tried. A photo's score is the probability that the network gives its true class and,
where there is a box, the overlap with the true one. A part of the reading is decided if every other value of it scores
less, photo by photo, by more than chance; it makes no difference if the answers stay the same; and else it is asked
about. What the user has set is refused if another value scores more, by more than chance and by something that matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from converter.networks.contract import Reading, answers_of, raw_outputs
from converter.networks.forms import (
    BOX_FORMS,
    CHANNELS,
    PIXELS,
    UNITS,
    BoxUnit,
    Channels,
    Pixels,
    form_of_scores,
    unit_of_boxes,
)
from converter.networks.guess import Guess, Wanted
from converter.networks.interface import Network
from converter.tflite.answers import Answers, Floats, Whole, iou
from edgegate.errors import ModelError, UsageError
from edgegate.types import Image

LEAST_PHOTOS = 20
"""Below this, chance decides."""
MARGIN, ERRORS = 0.01, 3.0
"""A difference matters from this mean on, and is no chance from so many standard errors on."""
LEAST_LIKELY, EVIDENCE = 0.01, 15.0
"""No photo counts more against a reading than this probability of its true class, which is 4.6 nats; nats in all."""
TIE = 1e-4
"""A photo's difference up to which neither reading is better."""
ALIKE, ALIKE_LABELS, ALIKE_BOXES = 0.05, 0.98, 0.95
"""Two readings are one where probabilities differ by no more, so many likeliest classes are the same, and boxes overlap
so far, in the mean."""

Part: TypeAlias = Literal["outputs", "classes", "box", "pixels", "channels"]
PARTS: Mapping[Part, Callable[[Reading], Any]] = {
    "outputs": lambda reading: (reading.class_output, reading.box_output),
    "classes": lambda reading: reading.order,
    "box": lambda reading: reading.box,
    "pixels": lambda reading: reading.pixels,
    "channels": lambda reading: reading.channels,
}


@dataclass(frozen=True, slots=True, eq=False)
class Photos:
    """Pictures (n, height, width, 3) RGB uint8, classes (n,) of the pack, boxes (n, 4), and which have one (n,)."""

    pictures: Image
    labels: Whole
    boxes: Floats
    boxed: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A combination, its answers, the score of each photo, and how right they are: shares 0…1."""

    reading: Reading
    answers: Answers
    scores: npt.NDArray[np.float64]
    nats: npt.NDArray[np.float64]
    """The logarithm of each photo's probability of its true class, not below that of LEAST_LIKELY."""
    accuracy: float
    overlap: float | None

    @property
    def mean(self) -> float:
        return float(self.scores.mean())

    def likelier(self, other: Tried) -> bool:
        """True if it is better by more than chance, however little: in the mean, on most photos, or by likelihood."""
        gain = self.scores - other.scores
        mean, error = float(gain.mean()), float(gain.std(ddof=1)) / len(gain) ** 0.5
        wins, losses = int((gain > TIE).sum()), int((gain < -TIE).sum())
        on_most = wins - losses > ERRORS * (wins + losses) ** 0.5  # a sign test: most gains are small, and a few large
        evidence = float((self.nats - other.nats).sum())
        return mean > 0 and (mean > ERRORS * error or on_most or evidence > EVIDENCE)

    def beats(self, other: Tried) -> bool:
        """True if it is likelier, by something that matters."""
        return self.likelier(other) and float((self.scores - other.scores).mean()) > MARGIN

    def alike(self, other: Tried) -> bool:
        """True if both give practically the same answers."""
        if float((self.answers.labels == other.answers.labels).mean()) < ALIKE_LABELS:
            return False
        if float(np.abs(self.answers.classes - other.answers.classes).mean()) > ALIKE:
            return False
        return not self.answers.boxed or float(iou(self.answers.boxes, other.answers.boxes).mean()) >= ALIKE_BOXES

    def said(self) -> str:
        box = "" if self.overlap is None else f", box IoU {self.overlap:.2f}"
        return f"accuracy {self.accuracy:.2f}{box}"


def tested(network: Network, guessed: Guess, wanted: Wanted, photos: Photos) -> Guess:
    """The reading that explains the labels, and why.

    Raises ModelError where what the user has set does not and something else does, or nothing does; UsageError where
    two explain them as well, and answer differently.
    """
    count = len(photos.labels)
    if count < LEAST_PHOTOS:
        return guessed.because(
            guessed.reading, {"photos": f"{count}, too few to test what is assumed, which takes {LEAST_PHOTOS}"}
        )
    fixed = _fixed(guessed.reading, wanted)
    tried = [_try(network, photos, *row) for row in _combinations(network, guessed, photos, wanted.box_unit)]
    best = _best(tried, fixed)
    assert best is not None  # what is set is among what is tried
    if not fixed.keys() >= PARTS.keys() - {"outputs"}:
        _require_sense(network, best, photos)
    best = next(one for one in tried if _allowed(one, fixed) and (one is best or one.alike(best)))
    ordered = sorted(PARTS, key=lambda part: part not in fixed)  # what was set wrongly makes the rest unclear
    reasons = {part: why for part in ordered if (why := _settled(part, best, tried, fixed, guessed))}
    said = {str(part): why for part, why in reasons.items()}
    return guessed.because(best.reading, {**said, "photos": f"{count}, with them: {best.said()}"})


def _fixed(reading: Reading, wanted: Wanted) -> dict[Part, Any]:
    """The parts that the user has set, with their values."""
    chosen: dict[Part, Any] = {
        "outputs": wanted.outputs,
        "classes": wanted.labels,
        "box": wanted.box,
        "pixels": wanted.pixels,
        "channels": wanted.channels,
    }
    return {part: PARTS[part](reading) for part, value in chosen.items() if value is not None}


Combination: TypeAlias = tuple[Reading, Sequence[Floats]]


def _combinations(network: Network, guessed: Guess, photos: Photos, unit: BoxUnit | None) -> Iterator[Combination]:
    """Readings with the outputs that they are of, the guessed values first; the network runs once for all forms."""
    first = guessed.reading
    ways = list(product(_from(first.pixels, PIXELS), _from(first.channels, CHANNELS)))
    outputs = {way: raw_outputs(network, photos.pictures, *way) for way in ways}
    everything = [np.concatenate(rows) for rows in zip(*outputs.values(), strict=True)]
    for class_output, box_output in _roles(network, first):
        whole = replace(
            first,
            class_output=class_output,
            box_output=box_output,
            scores=form_of_scores(everything[class_output]),
        )
        for way in ways:
            yield from ((reading, outputs[way]) for reading in _forms(network, whole, way, outputs[way], photos, unit))


def _roles(network: Network, reading: Reading) -> Iterator[tuple[int, int | None]]:
    yield reading.class_output, reading.box_output
    if reading.box_output is not None and network.outputs[reading.class_output].width == 4:
        yield reading.box_output, reading.class_output


def _forms(
    network: Network,
    whole: Reading,
    way: tuple[Pixels, Channels],
    outputs: Sequence[Floats],
    photos: Photos,
    unit: BoxUnit | None,
) -> Iterator[Reading]:
    reading = replace(whole, pixels=way[0], channels=way[1])
    orders = {reading.order: None, _best_order(network, reading, outputs, photos): None}
    if reading.box_output is None:
        yield from (replace(reading, order=order) for order in orders)
        return
    unit = unit or unit_of_boxes(outputs[reading.box_output])
    for order, form in product(orders, _from(reading.box, BOX_FORMS)):
        yield replace(reading, order=order, box=form, box_unit=unit)


def _best_order(network: Network, reading: Reading, outputs: Sequence[Floats], photos: Photos) -> tuple[int, ...]:
    """The order of classes under which the network gives the true ones the most probability."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - comes with scikit-learn

    width = max(2, network.outputs[reading.class_output].width)
    own = replace(reading, order=tuple(range(width)))
    given = answers_of(outputs, own, network).classes
    table = np.array([given[photos.labels == label].sum(axis=0) for label in range(len(reading.order))])
    table += 1e-6 * np.array([[index == other for other in range(width)] for index in reading.order])
    here = [row for row, index in enumerate(reading.order) if index >= 0]
    rows, columns = linear_sum_assignment(table[here], maximize=True)
    order = list(reading.order)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        order[here[row]] = column
    return tuple(order)


def _try(network: Network, photos: Photos, reading: Reading, outputs: Sequence[Floats]) -> Tried:
    answers = answers_of(outputs, reading, network)
    scores = answers.classes[np.arange(len(photos.labels)), photos.labels].astype(np.float64)
    nats = np.log(np.maximum(scores, LEAST_LIKELY))
    overlap = None
    if answers.boxed:
        overlaps = iou(answers.boxes, photos.boxes)
        scores = np.where(photos.boxed, (scores + overlaps) / 2, scores)
        overlap = float(overlaps[photos.boxed].mean()) if photos.boxed.any() else 0.0
    return Tried(reading, answers, scores, nats, float((answers.labels == photos.labels).mean()), overlap)


def _allowed(one: Tried, fixed: Mapping[Part, Any]) -> bool:
    return all(PARTS[part](one.reading) == value for part, value in fixed.items())


def _best(tried: Sequence[Tried], fixed: Mapping[Part, Any]) -> Tried | None:
    return max((one for one in tried if _allowed(one, fixed)), key=lambda one: one.mean, default=None)


def _require_sense(network: Network, best: Tried, photos: Photos) -> None:
    """Raises ModelError where even the best combination is no better than saying always the same."""
    commonest = float(np.bincount(photos.labels).max() / len(photos.labels))
    chance = commonest + 2 * (commonest * (1 - commonest) / len(photos.labels)) ** 0.5
    if best.accuracy > min(chance, 1 - MARGIN) or (best.overlap or 0.0) > 0.5:
        return
    raise ModelError(
        f"{network.name}: no reading of it explains the labels of {len(photos.labels)} photos: {best.said()} at best, "
        f"and {commonest:.2f} are of one class; give photos of the people it was trained for, or say how it is to be "
        "read with --pixels, --channels, --box and --labels"
    )


def _settled(part: Part, best: Tried, tried: Sequence[Tried], fixed: Mapping[Part, Any], guessed: Guess) -> str | None:
    """The reason for this part of the best reading; None where there was nothing to choose."""
    value, rest = PARTS[part](best.reading), {name: fixed[name] for name in fixed if name != part}
    found = (_best(tried, {**rest, part: other}) for other in _others(part, tried, value))
    rivals = [one for one in found if one is not None]
    if not rivals:
        return None
    said, next_best = _words(part, best, guessed), max(rivals, key=lambda one: one.mean)
    rival = f"{_words(part, next_best, guessed)}: {next_best.said()}"
    if part in fixed:
        if next_best.beats(best):
            raise ModelError(
                f"{OPTIONS[part]} {said} does not explain the labels: {best.said()}, but with {rival}; leave it out, "
                "or mend the labels"
            )
        return f"{said} (set; next best {rival})"
    if unclear := [one for one in rivals if not best.likelier(one) and not one.alike(best)]:
        choices = ", ".join(f"{_words(part, one, guessed)}: {one.said()}" for one in (best, *unclear))
        raise UsageError(
            f"{part}: the photos do not tell it: {choices}, and the answers differ; say which with {OPTIONS[part]}"
        )
    if not all(best.likelier(one) for one in rivals):
        return f"{said} (makes no difference on these photos; next best {rival})"
    return f"{said} (tested: {best.said()}; next best {rival})"


OPTIONS: Mapping[Part, str] = {
    "outputs": "--outputs",
    "classes": "--labels",
    "box": "--box",
    "pixels": "--pixels",
    "channels": "--channels",
}


def _others(part: Part, tried: Sequence[Tried], value: Any) -> list[Any]:
    return list(dict.fromkeys(found for one in tried if (found := PARTS[part](one.reading)) != value))


def _words(part: Part, one: Tried, guessed: Guess) -> str:
    """A part of a reading, as its option takes it."""
    reading = one.reading
    if part == "classes":
        names = {index: name for name, index in zip(guessed.classes, reading.order, strict=True)}
        return ",".join(names.get(index, "?") for index in range(max(names) + 1))
    if part == "outputs":
        return f"class={reading.class_output},box={reading.box_output}"
    return f"{reading.box} in {UNITS[reading.box_unit]}" if part == "box" else str(PARTS[part](reading))


Option = TypeVar("Option")


def _from(first: Option, options: Sequence[Option]) -> list[Option]:
    """The options, the first of them this one."""
    return [first, *(one for one in options if one != first)]
