"""A tracker of two real people against strangers, alone and confirmed by the embedder; evaluation data only.

Three networks are trained from scratch on nuaa-dev, each with one of the occasions on which people were filmed left
out, and with some strangers that it never sees: 0004 and two others each time. What it then says of that occasion and
of those strangers is counted, frame by frame and at a door. Nothing but the counts is kept, in
benchmarks/out/tracker_on_people.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from people import People, Shooting, look_at_people
from people_at_the_door import WAYS, Coming, visits

from converter import packs
from converter.data.augment import Augmentation, Augmenter
from converter.data.dataset import UNKNOWN, Dataset, Sample
from converter.evaluation.fidelity import HeldOut, held_out
from converter.networks.trained import load_model
from converter.tflite import runtime
from converter.tflite.answers import Answers, iou, of_keras
from converter.tflite.calibration import from_training
from converter.tflite.quantize import quantize
from converter.training.settings import TrainSettings
from converter.training.train import Trained, train
from edgegate.app import build_analyzer
from edgegate.config import load
from edgegate.recognition.thresholds import rate_bound
from edgegate.vision.packs import InputSpec, load_pack
from edgegate.vision.tflite import Model
from edgegate.vision.tracker import TrackerNetwork

OUT = Path(__file__).parent / "out" / "tracker_on_people.json"
KNOWN = ("0006", "0007")
CLASSES = (UNKNOWN, *KNOWN)
THRESHOLD = 0.9
SIZE = 120
PORTRAITS_TRAINED, PORTRAITS_TESTED = 150, 600
"""People of lfw-dev that are strangers in training, and others that the network never sees; a photo of each."""

AUGMENTATION = Augmentation(crop=0.6, brightness=0.35, contrast=0.35, gamma=0.4, colour=25.0)
"""Crops close to the face, and light of all kinds: clothes, walls and lamps are not to be learnt."""


@dataclass(frozen=True, slots=True)
class Fold:
    """`occasion` is the one left out, by its number in nuaa-dev; `strangers` are never in training."""

    occasion: str
    strangers: tuple[str, ...]


FOLDS = (
    Fold("01", ("0002", "0003", "0004")),
    Fold("02", ("0001", "0004", "0008")),
    Fold("03", ("0003", "0004", "0005")),
)


def main() -> int:
    options = _parser().parse_args()
    people = look_at_people(options.data, build_analyzer(load()), PORTRAITS_TRAINED + PORTRAITS_TESTED)
    folds = [_measure(fold, people, options.epochs) for fold in FOLDS if fold.occasion in options.occasions]
    report = {"known": KNOWN, "threshold": THRESHOLD, "epochs": options.epochs, "folds": folds, "total": _total(folds)}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print("\n".join(_in_words(report["total"])))
    print(f"written to {OUT}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    data = Path(os.environ.get("EDGEGATE_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data, help="folder of the evaluation data (%(default)s)")
    parser.add_argument("--epochs", type=int, default=20, help="of training, for each network (%(default)s)")
    occasions = [fold.occasion for fold in FOLDS]
    parser.add_argument("--occasions", nargs="+", choices=occasions, default=occasions, help="left out, one by one")
    return parser


# One network


def _measure(fold: Fold, people: People, epochs: int) -> dict[str, Any]:
    """Train, quantize, and count; see `_frames` and `visits`."""
    dataset = _dataset(fold, people)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        trained = train(_settings(epochs), dataset, folder / "training", Augmenter(AUGMENTATION))
        model = load_model(trained.model_path)
        blob = quantize(model, "int8", from_training(dataset, SIZE))
        truth = held_out(dataset, SIZE)
        answers = runtime.run(blob, truth.pictures, len(CLASSES)).answers
        return {
            "occasion": fold.occasion,
            "strangers": fold.strangers,
            "train_frames": len({sample.image for sample in dataset.splits["train"]}),
            "same_occasion": _same_occasion(trained, dataset),
            "size_mb": len(blob) / 1e6,
            "frames": _frames(truth, answers, of_keras(model, truth.pictures)),
            "visits": visits(_coming(fold, people), _enrolled_from(fold, people), _network(blob, truth, folder)),
        }


def _settings(epochs: int) -> TrainSettings:
    return TrainSettings(
        design="tracker/cnn", input_size=SIZE, epochs=epochs, patience=epochs, batch_size=16, learning_rate=2e-3
    )


def _same_occasion(trained: Trained, dataset: Dataset) -> dict[str, int]:
    """Returns what a split by frames would have reported: later frames of the capture sessions trained on."""
    samples, accuracy = dataset.splits["valid"], trained.history[trained.best]["val_class_accuracy"]
    return {"frames": len(samples), "right": round(accuracy * len(samples))}


def _dataset(fold: Fold, people: People) -> Dataset:
    """Validation, which chooses the epoch, has the last fifth of each capture session; the test has others."""
    shown = [s for s in people.shootings if s.occasion != fold.occasion and s.person not in fold.strangers]
    cuts = [(samples, len(samples) * 4 // 5) for samples in (shooting.samples(CLASSES) for shooting in shown)]
    learnt = [sample for samples, cut in cuts for sample in samples[:cut]]
    coming = _coming(fold, people)
    tested = [sample for shooting in (*coming.known, *coming.strangers) for sample in shooting.samples(CLASSES)]
    return Dataset(
        CLASSES,
        {
            "train": (*_balanced(learnt), *people.portraits[:PORTRAITS_TRAINED]),
            "valid": tuple(sample for samples, cut in cuts for sample in samples[cut:]),
            "test": (*tested, *people.portraits[PORTRAITS_TRAINED:]),
        },
    )


def _coming(fold: Fold, people: People) -> Coming:
    """The two on the occasion left out, and the strangers on every one."""
    return Coming(
        [shooting for shooting in people.shootings if _is_known(shooting) and shooting.occasion == fold.occasion],
        [shooting for shooting in people.shootings if shooting.person in fold.strangers],
        people.clips,
    )


def _enrolled_from(fold: Fold, people: People) -> list[Shooting]:
    """The first capture session of each of the two on another occasion."""
    others = [shooting for shooting in people.shootings if shooting.occasion != fold.occasion]
    return [next(shooting for shooting in others if shooting.person == person) for person in KNOWN]


def _is_known(shooting: Shooting) -> bool:
    return shooting.person in KNOWN


def _balanced(samples: Sequence[Sample]) -> Iterator[Sample]:
    """Every class about as often as the strangers of lfw-dev, who come on top; each time altered otherwise."""
    for label in range(len(CLASSES)):
        group = [sample for sample in samples if sample.label == label]
        for _ in range(max(1, round(PORTRAITS_TRAINED / len(group)))):
            yield from group


def _network(blob: bytes, truth: HeldOut, folder: Path) -> TrackerNetwork:
    draft = packs.Draft(
        name="measured",
        task="tracker",
        blob=blob,
        input=InputSpec(SIZE, SIZE, 0, 255, "rgb"),
        outputs={"class": (1, len(CLASSES)), "box": (1, 4)},
        licence="LicenseRef-Evaluation-Only",
        origin={"design": "tracker/cnn"},
        probe=truth.pictures[0],
        labels=CLASSES,
    )
    return TrackerNetwork(Model(load_pack(packs.write(draft, folder), "tracker")))


# Frame by frame


def _frames(truth: HeldOut, answers: Answers, reference: Answers) -> dict[str, float]:
    """Counts the frames, and those of which this and that is true; sums, so that folds can be added up."""
    portrait = np.array([sample.image.parts[-3] == "lfw-dev" for sample in truth.samples])
    known, stranger = truth.labels != 0, (truth.labels == 0) & ~portrait
    right, named = answers.labels == truth.labels, (answers.labels != 0) & (answers.confidence >= THRESHOLD)
    overlap = iou(answers.boxes, truth.boxes)
    told = {
        "known": known,
        "known_right": known & right,
        "known_named": known & right & named,
        "known_misnamed": known & ~right & named,
        "strangers": stranger,
        "strangers_right": stranger & right,
        "strangers_accepted": stranger & named,
        "portraits": portrait,
        "portraits_accepted": portrait & named,
        "same_class_as_float": answers.labels == reference.labels,
    }
    sums = {"known_iou": overlap[known].sum(), "strangers_iou": overlap[stranger].sum()}
    between = {"iou_with_float": iou(answers.boxes, reference.boxes).sum(), "all": len(truth.labels)}
    return {name: int(which.sum()) for name, which in told.items()} | {
        name: round(float(value), 3) for name, value in (sums | between).items()
    }


# What is told


def _total(folds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The sums over all networks."""
    visits = {way: _sum([fold["visits"][way] for fold in folds]) for way in WAYS}
    return {
        "same_occasion": _sum([fold["same_occasion"] for fold in folds]),
        "frames": _sum([fold["frames"] for fold in folds]),
        "visits": visits,
    }


def _sum(counts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: round(sum(one[name] for one in counts), 3) for name in counts[0]}


def _in_words(total: Mapping[str, Any]) -> Iterator[str]:
    frames, same, all_ways = total["frames"], total["same_occasion"], total["visits"]
    yield _share("later frames of shootings trained on: right class", same["right"], same["frames"])
    for whose in ("known", "strangers"):
        yield _share(f"frames of {whose}: right class", frames[f"{whose}_right"], frames[whose])
        yield f"frames of {whose}: mean IoU {frames[f'{whose}_iou'] / frames[whose]:.3f}"
    for how in ("named", "misnamed"):
        yield _share(f"frames of known: {how} at {THRESHOLD}", frames[f"known_{how}"], frames["known"])
    for whose in ("strangers", "portraits"):
        yield _bounded(f"frames of {whose}: named at {THRESHOLD}", frames[f"{whose}_accepted"], frames[whose])
    yield _share("int8 and float: same class", frames["same_class_as_float"], frames["all"])
    yield f"int8 and float: mean IoU {frames['iou_with_float'] / frames['all']:.3f}"
    for way, came in all_ways.items():
        yield from _visits_in_words(way, came)


def _visits_in_words(way: str, came: Mapping[str, float]) -> Iterator[str]:
    yield _share(f"{way}: known let in", came["known_let_in"], came["known"])
    yield _share(f"{way}: known taken for the other", came["known_mistaken"], came["known"])
    yield _bounded(f"{way}: strangers let in", came["strangers_let_in"], came["strangers"])
    yield _bounded(f"{way}: strangers of another camera let in", came["clips_let_in"], came["clips"])


def _share(what: str, part: float, whole: float) -> str:
    return f"{what} {part:.0f} of {whole:.0f} ({part / whole:.1%})"


def _bounded(what: str, part: float, whole: float) -> str:
    return f"{_share(what, part, whole)}, 95 % bound {rate_bound(round(part), round(whole)):.1%}"


if __name__ == "__main__":
    sys.exit(main())
