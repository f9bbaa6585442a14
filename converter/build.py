"""The whole road of a recipe: images, training, variants, verification, report, pack.

What is made on the way stays in a work folder, and is made again only when what it was made from has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from converter import packs, runtime
from converter.answers import Answers, of_keras
from converter.augment import Augmenter, augment_dataset
from converter.calibration import from_training
from converter.compositions import write_compositions
from converter.dataset import Dataset, load_dataset
from converter.keras_models import load_model
from converter.prepare import Sources, prepare
from converter.quantize import Variant, quantize
from converter.recipe import Recipe
from converter.report import page
from converter.report.subject import Subject, card
from converter.stages import Stage, Workshop, digest
from converter.summary import remarks, table
from converter.train import train
from converter.verify import HeldOut, Refused, Verified, held_out, judge
from edgegate.errors import ModelError
from edgegate.vision.packs import InputSpec

KERAS_FILE, TFLITE_FILE, REFUSAL_FILE = "model.keras", "model.tflite", "refusal.txt"
ANSWERS_FILE = "answers.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """`pack` is the folder that was written, or None; `report` is the report as JSON, `page` its HTML file."""

    report: dict[str, Any]
    page: Path
    pack: Path | None

    @property
    def passed(self) -> bool:
        return bool(self.report["grade"] == "passed")


def build(recipe: Recipe, work: Path, tell: Callable[[str], None] = print, *, even_failed: bool = False) -> Built:
    """Go the whole road; a pack is written only if a variant keeps every budget.

    `even_failed` writes the first variant that runs all the same, graded `failed`: the daemon refuses it unless its
    configuration names it. Raises EdgegateError.
    """
    return _Road(recipe, Workshop(work, tell), tell, even_failed=even_failed).go()


class _Road:
    """The stages of one recipe. Each stage's key is in the inputs of the next, so that a change is felt to the end."""

    def __init__(self, recipe: Recipe, workshop: Workshop, tell: Callable[[str], None], *, even_failed: bool) -> None:
        self._recipe = recipe
        self._workshop = workshop
        self._tell = tell
        self._even_failed = even_failed

    def go(self) -> Built:
        dataset, origin = self._images()
        training = Stage(
            "train", {"after": origin} | _dump(self._recipe, "model", "train", "augment"), self._train(dataset), True
        )
        model = self._workshop.done(training) / KERAS_FILE
        variants = {name: self._variant(name, model, dataset, training.key) for name in self._recipe.quantize.variants}
        answers = Stage(
            "verify", {"after": [key for _, key in variants.values()]}, self._verify(dataset, model, variants)
        )
        subject = self._subject(dataset, self._workshop.done(answers), variants)
        inputs = {"after": answers.key} | _dump(self._recipe, "budgets", "pack")
        folder = self._workshop.done(Stage("report", inputs, lambda out: _discard(page.write(subject, out))))
        return self._conclude(subject, folder)

    def _images(self) -> tuple[Dataset, str]:
        """The dataset, and what it is known by."""
        folder, origin = self._source()
        wanted = self._recipe.augment
        if not wanted.copies:
            return load_dataset(folder), origin

        def make(out: Path) -> None:
            augment_dataset(load_dataset(folder), out, copies=wanted.copies, seed=wanted.seed, settings=wanted.settings)

        stage = Stage("augment", {"after": origin} | _dump(self._recipe, "augment"), make)
        return load_dataset(self._workshop.done(stage)), stage.key

    def _source(self) -> tuple[Path, str]:
        data = self._recipe.data
        if data.dataset is not None:
            return data.dataset, digest(data.dataset)
        if data.photos is not None:
            sources = Sources(data.photos, data.empty, data.strangers)

            def make(out: Path) -> None:
                prepared = prepare(sources, out, seed=data.seed)
                for line in (*table(prepared.dataset), *remarks(prepared)):
                    self._tell(f"prepare: {line}")

            inputs = {"folders": [digest(folder) for folder in sources.folders], "seed": data.seed}
            stage = Stage("prepare", inputs, make)
        else:
            count = data.compositions or 0
            inputs = {"count": count, "seed": data.seed}
            stage = Stage("compositions", inputs, lambda out: _discard(write_compositions(out, count, data.seed)))
        return self._workshop.done(stage), stage.key

    def _train(self, dataset: Dataset) -> Callable[[Path], None]:
        def make(out: Path) -> None:
            wanted = self._recipe.augment
            alter = Augmenter(wanted.settings, seed=wanted.seed) if wanted.on_the_fly else None
            train(self._recipe.train_settings(), dataset, out, alter)

        return make

    def _variant(self, variant: Variant, model: Path, dataset: Dataset, after: str) -> tuple[Path, str]:
        """The folder with the .tflite, or with the reason why there is none; and the stage's key."""
        size, count = self._recipe.model.input_size, self._recipe.quantize.calibration_images

        def make(out: Path) -> None:
            out.mkdir()
            pictures = from_training(dataset, size, count) if variant == "int8" else []
            try:
                (out / TFLITE_FILE).write_bytes(quantize(load_model(model), variant, pictures))
            except ModelError as error:  # another variant may do, and the report says why this one does not
                (out / REFUSAL_FILE).write_text(str(error), "utf-8")

        stage = Stage(f"quantize-{variant}", {"after": after, "pictures": count if variant == "int8" else 0}, make)
        return self._workshop.done(stage), stage.key

    def _verify(
        self, dataset: Dataset, model: Path, variants: dict[Variant, tuple[Path, str]]
    ) -> Callable[[Path], None]:
        """Fills a folder with what each variant and the Keras model answer."""

        def make(out: Path) -> None:
            out.mkdir()
            truth = held_out(dataset, self._recipe.model.input_size)
            answers = of_keras(load_model(model), truth.pictures)
            np.savez(out / ANSWERS_FILE, classes=answers.classes, boxes=answers.boxes)
            for variant, (folder, _) in variants.items():
                (out / variant).mkdir()
                if (folder / TFLITE_FILE).exists():
                    _run(folder / TFLITE_FILE, truth, len(dataset.classes), out / variant)

        return make

    def _subject(self, dataset: Dataset, runs: Path, variants: dict[Variant, tuple[Path, str]]) -> Subject:
        truth = held_out(dataset, self._recipe.model.input_size)
        with np.load(runs / ANSWERS_FILE) as stored:
            keras = Answers(stored["classes"], stored["boxes"])
        judged = partial(_judged, self._recipe, truth, keras)
        return Subject(
            name=self._recipe.pack.name,
            design=self._recipe.model.design,
            classes=dataset.classes,
            truth=truth,
            keras=keras,
            candidates=[judged(name, folder, runs / name) for name, (folder, _) in variants.items()],
            budgets=self._recipe.budgets,
            train_images=len(dataset.splits["train"]),
        )

    def _conclude(self, subject: Subject, folder: Path) -> Built:
        report = page.read(folder)
        best = subject.chosen or (subject.best if self._even_failed else None)
        pack = None if best is None else _write_pack(self._recipe, subject, best, report, folder)
        return Built(report, folder / page.HTML_FILE, pack)


def _run(tflite: Path, truth: HeldOut, classes: int, out: Path) -> None:
    try:
        runtime.run(tflite.read_bytes(), truth.pictures, classes).save(out)
    except ModelError as error:
        (out / REFUSAL_FILE).write_text(str(error), "utf-8")


def _judged(
    recipe: Recipe, truth: HeldOut, keras: Answers, variant: Variant, folder: Path, run: Path
) -> Verified | Refused:
    for refusal in (folder / REFUSAL_FILE, run / REFUSAL_FILE):
        if refusal.exists():
            return Refused(variant, refusal.read_text("utf-8"))
    blob = (folder / TFLITE_FILE).read_bytes()
    try:
        return judge(variant, blob, runtime.Run.load(run), keras, truth, recipe.budgets)
    except ModelError as error:
        return Refused(variant, str(error))


def _write_pack(recipe: Recipe, subject: Subject, best: Verified, report: dict[str, Any], folder: Path) -> Path:
    size, truth = recipe.model.input_size, subject.truth
    draft = packs.Draft(
        name=recipe.pack.name,
        task="tracker",
        blob=best.blob,
        input=InputSpec(size, size, 0, 255, "rgb"),
        outputs={"class": (1, len(subject.classes)), "box": (1, 4)},
        licence=recipe.pack.licence,
        origin={"design": recipe.model.design, "weights": _origin_of(recipe.model.weights)},
        probe=truth.pictures[int(truth.boxed.argmax())],
        report=card(report),
        labels=subject.classes,
        beside=(folder / page.HTML_FILE, folder / page.JSON_FILE),
    )
    return packs.write(draft, recipe.pack.out)


def _origin_of(weights: str) -> str:
    return {"none": "trained from scratch"}.get(weights, f"trained on from {Path(weights).name}")


def _dump(recipe: Recipe, *tables: str) -> dict[str, Any]:
    return {name: getattr(recipe, name).model_dump(mode="json") for name in tables}


def _discard(_: object) -> None:
    """For work that answers with what the folder holds anyway."""
