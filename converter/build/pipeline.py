"""The whole road of a recipe: images, training, variants, verification, report, pack.

What is made on the way stays in a work folder, and is made again only when what it was made from has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from converter.build.conversion import Built, Conversion, TrainedNetwork
from converter.build.stages import Stage, Workshop, contents_of, digest, origin_of
from converter.compositions import write_compositions
from converter.data.augment import Augmenter, augment_dataset
from converter.data.cutting import cut_dataset, cutter
from converter.data.dataset import Dataset, load_dataset
from converter.data.prepare import MIN_PHOTOS, Sources, prepare
from converter.data.summary import remarks, table
from converter.evaluation.pairs import require_strangers
from converter.networks.trained import load_model
from converter.recipe.recipe import Recipe
from converter.training.history import known
from converter.training.train import train

KERAS_FILE = "model.keras"


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
        training = Stage("train", inputs, self._train(dataset), True, ("train.epochs", "train.patience"))
        model = self._workshop.done(training) / KERAS_FILE
        return self._conversion(dataset, model, training.key).go()

    def _conversion(self, dataset: Dataset, model: Path, key: str) -> Conversion:
        recipe = self._recipe
        return Conversion(
            self._workshop,
            TrainedNetwork(
                name=recipe.pack.name,
                task=recipe.backbone.task,
                design=recipe.model.design,
                input=recipe.input,
                load=partial(load_model, model),
                key=key,
                licence=recipe.pack.licence,
                origin={"design": recipe.model.design, "weights": origin_of(recipe.model.weights)},
                history=known(model.parent),
            ),
            dataset,
            recipe.quantize.variants,
            recipe.quantize.calibration_images,
            recipe.budgets,
            recipe.pack.out,
            even_failed=self._even_failed,
            about=_dump(recipe, "pack"),
        )

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


def _dump(recipe: Recipe, *tables: str) -> dict[str, Any]:
    return {name: getattr(recipe, name).model_dump(mode="json") for name in tables}


def _discard(_: object) -> None:
    """For work that answers with what the folder holds anyway."""
