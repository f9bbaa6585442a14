"""The designs of courses, trained on one split of real people and asked about strangers; evaluation data only.

Every design, and the embedder that ships, sees the same people: see `split`. What each says is counted at the
threshold of 0.5 that is taught, and at one that lets one in a hundred of other strangers in. Results are kept in
benchmarks/out/designs, a file for each; what is there is not done again, and a training that was interrupted goes on.
Without --full, sizes and epochs are what a processor can do. `--docs` writes docs/designs-compared.md and .html.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from cost import measure_costs
from page import COST, SHIPPED, write_docs
from rows import EMBEDDER, ROWS, Row
from said import Said, confirmed, cosines_with_people, figures, of_embeddings, of_probabilities
from split import PEOPLE, faces, for_classifier, for_embedder, role_of

from converter.architectures import build, find
from converter.architectures.inputs import input_of
from converter.data.augment import Augmentation, Augmenter
from converter.data.dataset import Dataset, Sample
from converter.networks.trained import load_model, size_of, task_of
from converter.tflite import runtime
from converter.tflite.answers import outputs_of_keras
from converter.tflite.calibration import from_training
from converter.tflite.folded import Folded
from converter.tflite.quantize import quantize
from converter.tflite.variants import Variant
from converter.training.checkpoints import checkpoint
from converter.training.feed import read_pictures
from converter.training.settings import TrainSettings
from converter.training.train import MODEL_FILE, Trained, train
from edgegate.clock import SystemClock
from edgegate.config import load
from edgegate.errors import EdgegateError, UsageError
from edgegate.recognition.thresholds import Table, Threshold, per_person
from edgegate.system import output_files
from edgegate.types import Image
from edgegate.vision.embed import Embedder
from edgegate.vision.packs import load_pack
from edgegate.vision.tflite import Model

OUT = Path(__file__).parent.parent / "out" / "designs"
DOCS = Path(__file__).parent.parent.parent / "docs"
TAUGHT_THRESHOLD = 0.5
"""The threshold of probabilities; and of cosines, where it is a distance of 1 between embeddings of length 1."""

AUGMENTATION = Augmentation(crop=0.0, rotation=10.0)
"""The alterations of the recipes."""


Report: TypeAlias = dict[str, Any]


def main() -> int:
    options = _parser().parse_args()
    out = OUT / ("full" if options.full else "reduced")
    makers = _makers(options.data / "lfw-dev", out, full=options.full)
    if unknown := sorted(set(options.only) - makers.keys()):
        raise UsageError(f"no design {', '.join(unknown)}; there are {', '.join(makers)}")
    for name in options.only or makers:
        _once(name, out / f"{name}.json", makers[name])
    if options.docs:
        kept = {name: file for name in makers if (file := out / f"{name}.json").exists()}
        write_docs({name: _read(file) for name, file in kept.items()}, DOCS, reduced=not options.full)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    data = Path(os.environ.get("EDGEGATE_DATA", "../shared/data"))
    parser.add_argument("only", nargs="*", help="rows to measure, by their names in ROWS; all, if none is named")
    parser.add_argument("--data", type=Path, default=data, help="folder of the evaluation data (%(default)s)")
    parser.add_argument("--full", action="store_true", help="sizes and epochs as they are taught; wants a GPU")
    parser.add_argument("--docs", action="store_true", help="write the table and the page into docs/")
    return parser


def _makers(photos: Path, out: Path, *, full: bool) -> Mapping[str, Callable[[], Report]]:
    """Returns the function that measures each row of the table, and the costs of all designs."""
    return {
        **{row.name: _maker(row, row.settings(full=full), photos, out) for row in ROWS},
        SHIPPED: lambda: _shipped(photos),
        COST: lambda: measure_costs(out),
    }


def _once(name: str, kept: Path, make: Callable[[], Report]) -> None:
    if kept.exists():
        print(f"{name}: measured before")
        return
    report = make()
    kept.parent.mkdir(parents=True, exist_ok=True)
    with output_files.text(kept, shared=True) as file:
        file.write(json.dumps(report, indent=1) + "\n")
    print(f"{name}: {report.get('not_run') or 'measured'}", flush=True)


def _read(file: Path) -> Report:
    report: Report = json.loads(file.read_text("utf-8"))
    return report


# One design


def _maker(row: Row, settings: TrainSettings, photos: Path, out: Path) -> Callable[[], Report]:
    return lambda: _measure(row, settings, photos, out)


def _measure(row: Row, settings: TrainSettings, photos: Path, out: Path) -> Report:
    if reason := _not_to_be_had(settings):
        return {"not_run": reason}
    dataset = faces(photos, input_of(settings.design, settings.input_size, settings.weights), OUT)
    simple, embeds = settings.learner != "adam", find(settings.design).task == "embedder"
    lessons = for_embedder(dataset) if embeds else for_classifier(dataset, strangers=row.strangers, altered=not simple)
    folder = out / row.name
    with _timed(folder) as spent:
        trained = train(settings, lessons, folder / "training", None if simple else Augmenter(AUGMENTATION))
    judged: Judge = partial(_judged, asked=_asked(dataset), shift=0 if row.strangers else 1)
    if not embeds:
        judged = _confirming(judged, photos, _asked(dataset))
    return {
        "design": settings.design,
        "size": settings.size,
        "photos": len(lessons.splits["train"]),
        "training": {**spent, "epochs": _epochs(trained), "best": trained.best},
        **_said(trained, lessons, dataset, folder, judged),
        **_said_last(trained, dataset, judged, wanted=not simple and not embeds),
    }


def _not_to_be_had(settings: TrainSettings) -> str | None:
    """Returns the reason if the weights that it begins with cannot be had."""
    if settings.weights != "imagenet":
        return None
    try:
        build(settings.design, classes=PEOPLE, weights=settings.weights)
    except EdgegateError as error:
        return str(error)
    return None


def _epochs(trained: Trained) -> list[dict[str, float]]:
    return [{key: round(value, 4) for key, value in epoch.items()} for epoch in trained.history]


Judge: TypeAlias = Callable[[Mapping[str, Any]], Said]


def _said(trained: Trained, lessons: Dataset, dataset: Dataset, folder: Path, judged: Judge) -> Report:
    """Returns the figures of the network as a Keras model and as int8; writes the .tflite."""
    model, asked = load_model(trained.model_path), _asked(dataset)
    pictures = read_pictures(asked, size_of(model)[0]).images
    variant: Variant = "float32" if isinstance(model, Folded) else "int8"
    blob = quantize(model, variant, from_training(lessons, size_of(model)[0]))
    (folder / "model.tflite").write_bytes(blob)
    task = task_of(model, trained.model_path)
    count = model.output["embedding"].shape[1] if task == "embedder" else len(lessons.classes)
    answers = {
        "float": outputs_of_keras(model, pictures),
        "int8": runtime.run(blob, pictures, count, task=task, timeout=3600).outputs,
    }
    said = {name: judged(outputs) for name, outputs in answers.items()}
    agreement = float((said["float"].names == said["int8"].names).mean())
    return {"same_name": agreement, **{name: figures(one, TAUGHT_THRESHOLD) for name, one in said.items()}}


def _said_last(trained: Trained, dataset: Dataset, judged: Judge, *, wanted: bool) -> Report:
    """Returns the figures of the Keras model of the last epoch, which is the one that most courses keep."""
    if not wanted or trained.best == len(trained.history) - 1:
        return {}
    last = checkpoint(trained.model_path.parent, len(trained.history) - 1)
    model, asked = load_model(last), _asked(dataset)
    outputs = outputs_of_keras(model, read_pictures(asked, size_of(model)[0]).images)
    return {"last_epoch": figures(judged(outputs), TAUGHT_THRESHOLD)}


def _judged(outputs: Mapping[str, Any], asked: Sequence[Sample], shift: int) -> Said:
    roles, labels = [role_of(one) for one in asked], np.array([one.label for one in asked])
    if "embedding" in outputs:
        return of_embeddings(outputs["embedding"], roles, labels)
    return of_probabilities(outputs["class_probs"], roles, labels, shift)


def _asked(dataset: Dataset) -> list[Sample]:
    """Returns the photos that are learnt, for embedders to enrol, and all that are tested on."""
    return [*(one for one in dataset.splits["train"] if role_of(one) == "learnt"), *dataset.splits["test"]]


@contextmanager
def _timed(folder: Path) -> Iterator[dict[str, float]]:
    """Seconds, and those of processors, that the block and its interrupted forerunners took; filled at its end.

    A training that had been done before takes none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file, clock = folder / "spent.json", SystemClock()
    spent = _read(file) if file.exists() else {"seconds": 0.0, "processor_seconds": 0.0}
    started, used, done = clock.monotonic(), sum(os.times()[:4]), (folder / "training" / MODEL_FILE).exists()
    try:
        yield spent
    finally:
        started, used = (clock.monotonic(), sum(os.times()[:4])) if done else (started, used)
        spent["seconds"] += clock.monotonic() - started
        spent["processor_seconds"] += sum(os.times()[:4]) - used
        file.write_text(json.dumps(spent), "utf-8")


# The embedder that ships


@cache
def _embedded(photos: Path) -> tuple[list[Sample], Any]:
    """Returns all that is asked about, and its embeddings (n, numbers), as at the door: of both sides of a face."""
    embedder = Embedder(Model(load_pack(EMBEDDER, "embedder")))
    asked = _asked(faces(photos, input_of("classifier/embedder", None, str(EMBEDDER)), OUT))
    chips: Image = read_pictures(asked, embedder.pack.input.width).images
    return asked, np.stack([embedder.embed(chip) for chip in chips])


def _threshold() -> Threshold:
    """Returns its table's threshold for PEOPLE of three photos each, and for a single photo of a visitor."""
    door_rate = load().recognition.false_accept_rate
    return Table(load_pack(EMBEDDER, "embedder").thresholds).threshold(3, 1, per_person(door_rate, PEOPLE))


def _confirming(judged: Judge, photos: Path, asked: Sequence[Sample]) -> Judge:
    """Judges as a door does by default: a name counts where the embedder that ships takes the photo for it.

    A photo whose face could not be aligned for the embedder is confirmed to be nobody.
    """
    known, embeddings = _embedded(photos)
    cosines = cosines_with_people(embeddings, [role_of(one) for one in known], np.array([one.label for one in known]))
    by_photo = {_photo(one): row for one, row in zip(known, cosines, strict=True)}
    nobody = np.full(cosines.shape[1], -1.0)
    scores = np.stack([by_photo.get(_photo(one), nobody) for one in asked])
    return lambda outputs: confirmed(judged(outputs), scores, _threshold().value)


def _photo(sample: Sample) -> tuple[str, str]:
    """Returns the key of a photo, the same in every dataset that it was cut out for."""
    return sample.group, sample.image.stem.split("-", 1)[1]


def _shipped(photos: Path) -> Report:
    """Measures the embedder that ships as at the door, but on single photos."""
    asked, embeddings = _embedded(photos)
    said, threshold = _judged({"embedding": embeddings}, asked, 0), _threshold()
    return {
        "design": "the embedder that ships",
        "size": load_pack(EMBEDDER, "embedder").input.width,
        "promise": load().recognition.false_accept_rate,
        "carried": threshold.carried,
        "int8": figures(said, threshold.value),
    }


if __name__ == "__main__":
    sys.exit(main())
