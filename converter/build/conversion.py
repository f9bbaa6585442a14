"""The road from a trained network to its pack: variants, verification, report.

It is the same for networks that were trained here and elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np

from converter import packs
from converter.architectures.backbone import Task
from converter.build.stages import Stage, Workshop
from converter.data.dataset import Dataset
from converter.evaluation.budgets import Budgets
from converter.evaluation.class_table import class_rows
from converter.evaluation.fidelity import HeldOut, RefusedVariant, Verified, held_out, judge
from converter.evaluation.pairs import Compared, compare
from converter.report import page, siamese
from converter.report.subject import ReportedTracker, card
from converter.tflite import runtime
from converter.tflite.answers import Answers, Floats, outputs_of_keras, shapes
from converter.tflite.calibration import from_training
from converter.tflite.quantize import quantize
from converter.tflite.variants import Variant
from converter.training.history import Epoch
from edgegate.errors import ModelError
from edgegate.vision.packs import InputSpec

TFLITE_FILE, REFUSAL_FILE, ANSWERS_FILE = "model.tflite", "refusal.txt", "answers.npz"

Subject: TypeAlias = ReportedTracker | siamese.ReportedEmbedder
Variants: TypeAlias = Mapping[Variant, tuple[Path, str]]
"""The folder with each variant's .tflite, or with the reason why there is none; and its stage's key."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainedNetwork:
    """A trained network, and what its pack will say of it."""

    name: str
    task: Task
    design: str
    input: InputSpec
    load: Callable[[], Any]
    """Returns what `quantize` and `outputs_of_keras` take."""
    key: str
    """A hash of everything that it depends on."""
    licence: str
    origin: Mapping[str, Any]
    provenance: str | None = None
    """A sentence for the report, of a network that was trained elsewhere."""
    history: Sequence[Epoch] = ()
    """Of the training, where it is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """`pack` is the folder that was written, or None; `report` is the report as JSON, `page` its HTML file."""

    report: dict[str, Any]
    page: Path
    pack: Path | None

    @property
    def passed(self) -> bool:
        return bool(self.report["grade"] == "passed")

    def lines(self) -> Iterator[str]:
        """The result for people: the report's place, the verdict with what was missed, the pack's place."""
        yield f"report: {self.page}"
        yield f"{self.report['grade']}: {self.report['reason'].split(';')[0]}"
        for variant, misses in self.report["misses"].items():
            yield from (f"  {variant} misses: {miss.removeprefix(f'{variant}: ')}" for miss in misses)
        yield f"pack: {self.pack}" if self.pack else "no pack was written"


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """The stages after training. Each stage's key is in the inputs of the next, so that a change is felt to the end."""

    workshop: Workshop
    trained: TrainedNetwork
    dataset: Dataset
    variants: Sequence[Variant]
    calibration_images: int
    budgets: Budgets
    out: Path
    """The folder that the pack is written into."""
    even_failed: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)
    """More that the report's stage depends on."""

    def go(self) -> Built:
        """Raises EdgegateError; a pack is written only if a variant keeps every budget, or if `even_failed`."""
        variants = {name: self._variant(name) for name in self.variants}
        answers = Stage("verify", {"after": [key for _, key in variants.values()]}, self._verify(variants))
        subject = self._subject(self.workshop.done(answers), variants)
        inputs = {"after": answers.key, "budgets": self.budgets.model_dump(mode="json"), **self.about}
        folder = self.workshop.done(Stage("report", inputs, lambda out: _discard(_write_page(subject, out))))
        report = page.read(folder)
        best = subject.chosen or (subject.best if self.even_failed else None)
        pack = None if best is None else self._write_pack(subject, best, report, folder)
        return Built(report, folder / page.HTML_FILE, pack)

    def _variant(self, variant: Variant) -> tuple[Path, str]:
        spec, count = self.trained.input, self.calibration_images if variant == "int8" else 0

        def make(out: Path) -> None:
            out.mkdir()
            pictures = from_training(self.dataset, spec.width, count, height=spec.height) if count else []
            try:
                (out / TFLITE_FILE).write_bytes(quantize(self.trained.load(), variant, pictures))
            except ModelError as error:  # another variant may do, and the report says why this one does not
                (out / REFUSAL_FILE).write_text(str(error), "utf-8")

        stage = Stage(f"quantize-{variant}", {"after": self.trained.key, "pictures": count}, make)
        return self.workshop.done(stage), stage.key

    def _truth(self) -> HeldOut:
        truth = held_out(self.dataset, self.trained.input.width, self.trained.input.height)
        return replace(truth, named_only=self.trained.provenance is not None)

    def _verify(self, variants: Variants) -> Callable[[Path], None]:
        """Fills a folder with what each variant and the Keras model answer."""

        def make(out: Path) -> None:
            out.mkdir()
            task, truth = self.trained.task, self._truth()
            answers = outputs_of_keras(self.trained.load(), truth.pictures)
            np.savez(out / ANSWERS_FILE, allow_pickle=False, **answers)
            count = answers["embedding"].shape[1] if task == "embedder" else len(self.dataset.classes)
            for variant, (folder, _) in variants.items():
                (out / variant).mkdir()
                if (folder / TFLITE_FILE).exists():
                    _run(folder / TFLITE_FILE, truth, task, count, out / variant)

        return make

    def _subject(self, runs: Path, variants: Variants) -> Subject:
        truth, budgets = self._truth(), self.budgets
        with np.load(runs / ANSWERS_FILE) as stored:
            outputs: dict[str, Floats] = dict(stored)
        about = self.trained.name, self.trained.design
        images = len(self.dataset.splits["train"])
        if self.trained.task == "embedder":
            reference = outputs["embedding"]
            compared = partial(compare, reference=reference, truth=truth, budgets=budgets)
            found = [_judged(compared, name, folder, runs / name) for name, (folder, _) in variants.items()]
            return siamese.ReportedEmbedder(*about, truth, reference, found, budgets, images, self.trained.history)
        keras = Answers.of(outputs)
        judged = partial(judge, reference=keras, truth=truth, budgets=budgets)
        candidates = [_judged(judged, name, folder, runs / name) for name, (folder, _) in variants.items()]
        return ReportedTracker(
            *about,
            self.dataset.classes,
            truth,
            keras,
            candidates,
            budgets,
            images,
            provenance=self.trained.provenance,
            history=self.trained.history,
        )

    def _write_pack(self, subject: Subject, best: Verified | Compared, report: dict[str, Any], folder: Path) -> Path:
        task, truth = self.trained.task, subject.truth
        count = best.embeddings.shape[1] if isinstance(best, Compared) else best.answers.classes.shape[1]
        draft = packs.Draft(
            name=self.trained.name,
            task=task,
            blob=best.blob,
            input=self.trained.input,
            outputs=shapes(task, count),
            licence=self.trained.licence,
            origin=self.trained.origin,
            probe=truth.pictures[_probe(subject, best)],
            report=card(report) if isinstance(subject, ReportedTracker) else siamese.card(report),
            labels=subject.classes if isinstance(subject, ReportedTracker) else (),
            thresholds=self._table(best, truth),
            beside=(folder / page.HTML_FILE, folder / page.JSON_FILE),
        )
        return packs.write(draft, self.out)

    def _table(self, best: Verified | Compared, truth: HeldOut) -> list[dict[str, Any]]:
        """A classifier's, of strangers it was tested on; an embedder's is measured by `edgegate evaluate`."""
        if self.trained.task != "classifier" or isinstance(best, Compared):
            return []
        return class_rows(self.trained.name, best.answers, truth)


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


def _write_page(subject: Subject, folder: Path) -> dict[str, Any]:
    return page.write(subject, folder) if isinstance(subject, ReportedTracker) else siamese.write(subject, folder)


def _probe(subject: Subject, best: Verified | Compared) -> int:
    """The picture of the golden answer: one with a face, and of a classifier the one it is surest of, for the votes of
    neighbours change by leaps where runtimes round differently.
    """
    if isinstance(best, Verified) and not best.answers.boxed:
        return int(best.answers.confidence.argmax())
    return int(subject.truth.boxed.argmax())


def _discard(_: object) -> None:
    """For work that answers with what the folder holds anyway."""
