"""The whole road of a recipe: images, training, variants, verification, report, pack.

What is made on the way stays in a work folder, and is made again only when what it was made from has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from converter import packs
from converter.tflite import runtime
from converter.tflite.answers import Answers, Floats, outputs_of_keras, shapes
from converter.architectures.backbone import Task
from converter.data.augment import Augmenter, augment_dataset
from converter.tflite.calibration import from_training
from converter.evaluation.class_table import class_rows
from converter.compositions import write_compositions
from converter.data.cutting import cut_dataset, cutter
from converter.data.dataset import Dataset, load_dataset
from converter.training.keras_models import load_model
from converter.data.prepare import MIN_PHOTOS, Sources, prepare
from converter.tflite.quantize import quantize
from converter.recipe.recipe import Recipe
from converter.report import page, siamese
from converter.report.subject import ReportedTracker, card
from converter.build.stages import Stage, Workshop, digest, contents_of, origin_of
from converter.data.summary import remarks, table
from converter.training.history import Epoch, known
from converter.training.train import train
from converter.tflite.variants import Variant
from converter.evaluation.pairs import Compared, compare, require_strangers
from converter.evaluation.fidelity import HeldOut, RefusedVariant, Verified, held_out, judge
from edgegate.errors import ModelError
from edgegate.vision.packs import sha256_of

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
        if self._recipe.backbone.task == "embedder":
            require_strangers(dataset)
        inputs = {"after": origin, "weights": contents_of(self._recipe.model.weights)}
        inputs |= _dump(self._recipe, "model", "train", "augment")
        training = Stage("train", inputs, self._train(dataset), True)
        model = self._workshop.done(training) / KERAS_FILE
        variants = {name: self._variant(name, model, dataset, training.key) for name in self._recipe.quantize.variants}
        answers = Stage(
            "verify", {"after": [key for _, key in variants.values()]}, self._verify(dataset, model, variants)
        )
        subject = self._subject(dataset, self._workshop.done(answers), variants, known(model.parent))
        inputs = {"after": answers.key} | _dump(self._recipe, "budgets", "pack")
        folder = self._workshop.done(Stage("report", inputs, lambda out: _discard(_write_page(subject, out))))
        return self._conclude(subject, folder)

    def _images(self) -> tuple[Dataset, str]:
        """The dataset, and what it is known by."""
        folder, origin = self._faces(*self._source())
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
        sources = self._sources()
        if sources is not None:

            def make(out: Path) -> None:
                least = data.min_photos or (1 if sources.apart == "person" else MIN_PHOTOS)
                prepared = prepare(sources, out, seed=data.seed, min_photos=least, shares=data.split_shares)
                for line in (*table(prepared.dataset), *remarks(prepared)):
                    self._tell(f"prepare: {line}")

            about = data.model_dump(mode="json", include={"apart", "min_photos", "shares", "seed"})
            folders = [digest(folder) for folder in sources.folders]
            stage = Stage("prepare", {"folders": folders, "kind": sources.kind, "apart": sources.apart} | about, make)
        else:
            count = data.compositions or 0
            inputs = {"count": count, "seed": data.seed}
            stage = Stage("compositions", inputs, lambda out: _discard(write_compositions(out, count, data.seed)))
        return self._workshop.done(stage), stage.key

    def _sources(self) -> Sources | None:
        """The folders of photos, where it is from those that a dataset is made."""
        data = self._recipe.data
        if data.photos is not None:
            return Sources(data.photos, data.empty, data.strangers)
        apart = data.apart or ("person" if self._recipe.backbone.task == "embedder" else "shooting")
        if data.people is not None:
            return Sources(data.people, data.empty, data.strangers, kind="people", apart=apart)
        if data.crops is not None:
            return Sources(data.crops, data.empty, data.strangers, kind="crops", apart=apart)
        return None

    def _faces(self, folder: Path, origin: str) -> tuple[Path, str]:
        """Returns what a classifier or an embedder sees of the pictures; those of a tracker as they are."""
        if self._recipe.backbone.task == "tracker" or self._recipe.data.crops is not None:
            return folder, origin
        spec = self._recipe.input

        def make(out: Path) -> None:
            _, lost = cut_dataset(load_dataset(folder), out, cutter(spec))
            if lost:
                self._tell(f"faces: {lost} pictures are left out, for their faces cannot be aligned")

        stage = Stage("faces", {"after": origin, "input": [spec.width, spec.margin, spec.template]}, make)
        return self._workshop.done(stage), stage.key

    def _train(self, dataset: Dataset) -> Callable[[Path], None]:
        def make(out: Path) -> None:
            wanted = self._recipe.augment
            alter = Augmenter(wanted.settings, seed=wanted.seed) if wanted.on_the_fly else None
            train(self._recipe.train_settings(), dataset, out, alter)

        return make

    def _variant(self, variant: Variant, model: Path, dataset: Dataset, after: str) -> tuple[Path, str]:
        """The folder with the .tflite, or with the reason why there is none; and the stage's key."""
        size, count = self._recipe.input.width, self._recipe.quantize.calibration_images

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
            task = self._recipe.backbone.task
            truth = held_out(dataset, self._recipe.input.width)
            answers = outputs_of_keras(load_model(model), truth.pictures)
            np.savez(out / ANSWERS_FILE, allow_pickle=False, **answers)
            count = answers["embedding"].shape[1] if task == "embedder" else len(dataset.classes)
            for variant, (folder, _) in variants.items():
                (out / variant).mkdir()
                if (folder / TFLITE_FILE).exists():
                    _run(folder / TFLITE_FILE, truth, task, count, out / variant)

        return make

    def _subject(
        self, dataset: Dataset, runs: Path, variants: dict[Variant, tuple[Path, str]], epochs: tuple[Epoch, ...]
    ) -> ReportedTracker | siamese.ReportedEmbedder:
        recipe, truth = self._recipe, held_out(dataset, self._recipe.input.width)
        with np.load(runs / ANSWERS_FILE) as stored:
            outputs: dict[str, Floats] = dict(stored)
        about = recipe.pack.name, recipe.model.design
        images = len(dataset.splits["train"])
        if recipe.backbone.task == "embedder":
            reference = outputs["embedding"]
            compared = partial(compare, reference=reference, truth=truth, budgets=recipe.budgets)
            found = [_judged(compared, name, folder, runs / name) for name, (folder, _) in variants.items()]
            return siamese.ReportedEmbedder(*about, truth, reference, found, recipe.budgets, images, epochs)
        keras = Answers.of(outputs)
        judged = partial(judge, reference=keras, truth=truth, budgets=recipe.budgets)
        candidates = [_judged(judged, name, folder, runs / name) for name, (folder, _) in variants.items()]
        return ReportedTracker(*about, dataset.classes, truth, keras, candidates, recipe.budgets, images, epochs)

    def _conclude(self, subject: ReportedTracker | siamese.ReportedEmbedder, folder: Path) -> Built:
        report = page.read(folder)
        best = subject.chosen or (subject.best if self._even_failed else None)
        pack = None if best is None else _write_pack(self._recipe, subject, best, report, folder)
        return Built(report, folder / page.HTML_FILE, pack)


def _run(tflite: Path, truth: HeldOut, task: Task, count: int, out: Path) -> None:
    try:
        runtime.run(tflite.read_bytes(), truth.pictures, count, task=task).save(out)
    except ModelError as error:
        (out / REFUSAL_FILE).write_text(str(error), "utf-8")


Judgement = TypeVar("Judgement", Verified, Compared)


def _judged(
    judged: Callable[[str, bytes, runtime.Run], Judgement], variant: Variant, folder: Path, run: Path
) -> Judgement | RefusedVariant:
    for refusal in (folder / REFUSAL_FILE, run / REFUSAL_FILE):
        if refusal.exists():
            return RefusedVariant(variant, refusal.read_text("utf-8"))
    blob = (folder / TFLITE_FILE).read_bytes()
    try:
        return judged(variant, blob, runtime.Run.load(run))
    except ModelError as error:
        return RefusedVariant(variant, str(error))


def _write_page(subject: ReportedTracker | siamese.ReportedEmbedder, folder: Path) -> dict[str, Any]:
    return page.write(subject, folder) if isinstance(subject, ReportedTracker) else siamese.write(subject, folder)


def _write_pack(
    recipe: Recipe, subject: ReportedTracker | siamese.ReportedEmbedder, best: Verified | Compared, report: dict[str, Any], folder: Path
) -> Path:
    task, truth = recipe.backbone.task, subject.truth
    count = best.embeddings.shape[1] if isinstance(best, Compared) else best.answers.classes.shape[1]
    draft = packs.Draft(
        name=recipe.pack.name,
        task=task,
        blob=best.blob,
        input=recipe.input,
        outputs=shapes(task, count),
        licence=recipe.pack.licence,
        origin={"design": recipe.model.design, "weights": origin_of(recipe.model.weights)},
        probe=truth.pictures[_probe(subject, best)],
        report=card(report) if isinstance(subject, ReportedTracker) else siamese.card(report),
        labels=subject.classes if isinstance(subject, ReportedTracker) else (),
        thresholds=_table(recipe, best, truth),
        beside=(folder / page.HTML_FILE, folder / page.JSON_FILE),
    )
    return packs.write(draft, recipe.pack.out)


def _table(recipe: Recipe, best: Verified | Compared, truth: HeldOut) -> list[dict[str, Any]]:
    """A classifier's, of strangers it was tested on; an embedder's is measured on visits, by `edgegate evaluate`."""
    if recipe.backbone.task != "classifier" or isinstance(best, Compared):
        return []
    return class_rows(recipe.pack.name, best.answers, truth)


def _probe(subject: ReportedTracker | siamese.ReportedEmbedder, best: Verified | Compared) -> int:
    """Returns which picture the golden answer is of: one with a face, and of a classifier the one it is surest of, for the
    votes of neighbours change by leaps where runtimes round differently.
    """
    if isinstance(best, Verified) and not best.answers.boxed:
        return int(best.answers.confidence.argmax())
    return int(subject.truth.boxed.argmax())


def _dump(recipe: Recipe, *tables: str) -> dict[str, Any]:
    return {name: getattr(recipe, name).model_dump(mode="json") for name in tables}


def _discard(_: object) -> None:
    """For work that answers with what the folder holds anyway."""
