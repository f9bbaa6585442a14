"""RECIPE.toml: the whole road from photos to a pack in one file, every mistake in it told at once.

Paths in it are relative to the file's folder. What is said of a key here is said in `recipes/example.toml` too.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from converter.architectures import find
from converter.architectures.backbone import Backbone
from converter.architectures.inputs import input_of
from converter.data.augment import Augmentation
from converter.data.dataset import SPLITS, Split
from converter.data.people import Apart
from converter.data.prepare import MIN_PHOTOS
from converter.evaluation.budgets import Budgets
from converter.recipe.mistakes import described
from converter.tables import RecipeTable
from converter.tflite.variants import Variant
from converter.training.history import Schedule
from converter.training.lessons import EmbedderLoss, EmptyBoxes
from converter.training.settings import TrainSettings
from converter.training.simple import Learner
from converter.training.strategies import Strategy
from edgegate.errors import ConfigError, UsageError
from edgegate.vision.packs import InputSpec

_AS_EVER = Augmentation()

WEIGHTS = ("none", "imagenet")
"""Words for weights that are no file."""


def _beside_the_recipe(path: Path, info: ValidationInfo) -> Path:
    assert isinstance(info.context, Path)  # the recipe's folder, from `parse_recipe`
    return info.context / path


Where = Annotated[Path, Field(strict=False), AfterValidator(_beside_the_recipe)]
Wheres = Annotated[tuple[Where, ...], Field(strict=False)]
Names = Annotated[tuple[str, ...], Field(strict=False)]


class DataTable(RecipeTable):
    """The origin of the images: exactly one of `photos`, `people`, `crops`, `dataset` and `compositions`."""

    photos: Where | None = Field(None, examples=["photos"])
    """folder of labelled photos, for `prepare`"""
    people: Where | None = Field(None, examples=["people"])
    """folder of a folder of photos for each person, without labels: the detector finds their faces"""
    crops: Where | None = Field(None, examples=["crops"])
    """the same of faces that `crop` has cut out, for classifiers"""
    apart: Apart | None = Field(None, examples=["shooting"])
    """what `people` and `crops` keep in one split: a shooting, photo or person; left out, what suits the design"""
    min_photos: int | None = Field(None, ge=1, examples=[MIN_PHOTOS])
    """of each class, with `photos`, `people` and `crops`; left out 20, and 1 where people are kept apart"""
    shares: Annotated[tuple[float, float, float], Field(strict=False)] = (70, 15, 15)
    """of training, validation and test, in proportion; with the same"""
    strangers: Wheres = ()
    """folders of photos of people whom the network shall not know, without labels; they go with the same"""
    empty: Wheres = ()
    """folders of pictures of nobody; they go with `photos`"""
    dataset: Where | None = Field(None, examples=["dataset"])
    """folder that `prepare` or `augment` wrote"""
    compositions: int | None = Field(None, ge=100, le=100_000, examples=[3000])
    """number of scenes to make of the demo's portraits"""
    seed: int = Field(0, ge=0)
    """of the split, and of compositions: the same gives the same"""

    @model_validator(mode="after")
    def _one_source(self) -> DataTable:
        names = ("photos", "people", "crops", "dataset", "compositions")
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"name one of {', '.join(names[:-1])} and {names[-1]}, not {' and '.join(given) or 'none'}"
            )
        if given[0] in {"dataset", "compositions"} and (self.strangers or self.empty):
            raise ValueError(f"strangers and empty go with photos, not with {given[0]}")
        if given[0] not in {"people", "crops"} and self.apart is not None:
            raise ValueError(f"apart goes with people and crops, not with {given[0]}")
        if min(self.shares) <= 0:
            raise ValueError("each of the three shares is more than 0")
        return self

    @property
    def split_shares(self) -> dict[Split, float]:
        return {split: share / sum(self.shares) for split, share in zip(SPLITS, self.shares, strict=True)}


class AugmentTable(RecipeTable):
    """The alterations of training images, and their limits; 0 is not at all."""

    copies: int = Field(0, ge=0, le=1000)
    """altered copies of each image that are written"""
    on_the_fly: bool = False
    """true: each image is altered again every epoch"""
    seed: int = Field(0, ge=0)
    """the same gives the same bytes"""
    crop: float = Field(_AS_EVER.crop, ge=0, le=0.9)
    """share of width and height that is cut away; the face stays whole"""
    flip: bool = _AS_EVER.flip
    """whether images are mirrored"""
    brightness: float = Field(_AS_EVER.brightness, ge=0, le=1)
    """share of full range"""
    contrast: float = Field(_AS_EVER.contrast, ge=0, le=1)
    """share by which it goes up or down"""
    gamma: float = Field(_AS_EVER.gamma, ge=0, le=0.9)
    """distance of the exponent from 1"""
    colour: float = Field(_AS_EVER.colour, ge=0, le=255)
    """levels of 255 that red, green and blue are shifted by"""
    rotation: float = Field(_AS_EVER.rotation, ge=0, le=180)
    """degrees"""
    blur: float = Field(_AS_EVER.blur, ge=0, le=20)
    """standard deviation in pixels"""
    noise: float = Field(_AS_EVER.noise, ge=0, le=1)
    """standard deviation, as a share of full range"""
    jpeg: int = Field(_AS_EVER.jpeg, ge=0, le=99)
    """points that JPEG quality goes down by, from 100"""

    @property
    def settings(self) -> Augmentation:
        return Augmentation(**self.model_dump(exclude={"copies", "on_the_fly", "seed"}))


class ModelTable(RecipeTable):
    """A design of `converter architectures` and its size."""

    design: str = "tracker/mobilenet_v2"
    """as `python -m converter architectures` lists them"""
    input_size: int | None = Field(None, ge=32, le=512, examples=[120])
    """pixels of the square that the frame is stretched to, or the face cut out; left out, the design's own"""
    width: float = Field(1.0, gt=0, le=2)
    """multiplier of the number of filters, where the design varies"""
    head: int | None = Field(None, ge=8, le=8192, examples=[256])
    """units in the hidden layer of a tracker's heads, or numbers in an embedding; left out, the design's own"""
    weights: str = "none"
    """to begin with: `none`, `imagenet`, or a file; for classifier/embedder the folder of an embedder pack"""

    @field_validator("weights")
    @classmethod
    def _a_file_beside_the_recipe(cls, value: str, info: ValidationInfo) -> str:
        return value if value in WEIGHTS else str(_beside_the_recipe(Path(value), info))


class TrainTable(RecipeTable):
    """The length and speed of training, and what stays as it was."""

    epochs: int = Field(30, ge=1, le=10_000)
    """at most"""
    batch_size: int = Field(32, ge=1, le=4096)
    """images"""
    learning_rate: float = Field(1e-3, gt=0, le=1)
    """Adam's, at the start"""
    schedule: Schedule = "cosine"
    """of the learning rate"""
    patience: int = Field(8, ge=1)
    """epochs without a better one after which it stops"""
    frozen: Annotated[tuple[str, ...] | None, Field(strict=False, examples=[["conv1_", "conv2_"]])] = None
    """beginnings of the names of layers that stay as they are; left out, the design's where it begins with weights"""
    learner: Learner = "adam"
    """what fits a classifier: Adam, or a simple model on the last inner layer of a network that stays as it is"""
    loss: EmbedderLoss = "triplet"
    """of embedders: semi-hard triplets of a batch, or a softmax over the people with an additive margin"""
    together: int = Field(4, ge=2, le=64)
    """photos of one person that an embedder sees side by side in a batch"""
    empty_boxes: EmptyBoxes = "ignore"
    """of trackers: pictures of nobody weigh nothing in the box's loss, or pull it to 0, 0, 0, 0 as courses have it"""
    seed: int = Field(0, ge=0)
    """the same, with the same images, gives the same curves"""
    strategy: Strategy = "none"
    """of tf.distribute; `mirrored` uses every GPU of this machine"""


class QuantizeTable(RecipeTable):
    """The variants to make, the preferred one first, and how many training images int8 is calibrated on."""

    variants: Annotated[tuple[Variant, ...], Field(strict=False, min_length=1)] = ("dynamic", "int8", "float16")
    """of float32, float16, dynamic and int8"""
    calibration_images: int = Field(200, ge=50, le=10_000)
    """at most; int8 needs 50 that differ"""

    @field_validator("variants")
    @classmethod
    def _each_once(cls, value: tuple[Variant, ...]) -> tuple[Variant, ...]:
        if len(set(value)) != len(value):
            raise ValueError("names a variant twice")
        return value


class PackTable(RecipeTable):
    """The pack's name and whose it is."""

    name: str = Field("tracker", pattern=r"^[a-z0-9][a-z0-9._-]*$")
    """of the pack's folder: small letters, digits, dots and dashes"""
    licence: str = Field("LicenseRef-Proprietary", min_length=1)
    """an SPDX expression"""
    out: Where = Field(Path("packs"), validate_default=True)
    """folder that the pack's folder is written in"""


class Recipe(RecipeTable):
    """The whole file."""

    data: DataTable
    augment: AugmentTable = AugmentTable()
    model: ModelTable = ModelTable()
    train: TrainTable = TrainTable()
    quantize: QuantizeTable = QuantizeTable()
    budgets: Budgets = Budgets()
    pack: PackTable = Field({}, validate_default=True)

    @property
    def backbone(self) -> Backbone:
        return find(self.model.design)

    @property
    def input(self) -> InputSpec:
        """Returns what the model takes, as its card will say; raises as `input_of`."""
        return input_of(self.model.design, self.model.input_size, self.model.weights)

    def train_settings(self) -> TrainSettings:
        return TrainSettings(**self.model.model_dump(), **self.train.model_dump())


def load_recipe(path: Path) -> Recipe:
    """Read and check; raises UsageError if there is no such file, ConfigError with every mistake in it."""
    try:
        return parse_recipe(tomllib.loads(path.read_text("utf-8-sig")), path)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such recipe") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: not valid TOML: {error}"]) from None


def parse_recipe(tables: Mapping[str, Any], origin: Path) -> Recipe:
    """Check tables as they were read from `origin`; raises ConfigError with every mistake."""
    try:
        return Recipe.model_validate(tables, context=origin.parent)
    except ValidationError as error:
        raise ConfigError([described(Recipe, origin, dict(detail)) for detail in error.errors()]) from None
