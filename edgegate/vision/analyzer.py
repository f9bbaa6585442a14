"""Everything that is done to a picture: find the faces, and describe the one that matters."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from edgegate.types import Box, Frame, Image
from edgegate.vision.align import DLIB, align
from edgegate.vision.detect import BlazeFace, Detector
from edgegate.vision.embed import Embedder
from edgegate.vision.faces import Face
from edgegate.vision.haar import HaarDetector
from edgegate.vision.landmarks import Landmarker
from edgegate.vision.packs import Pack, Task, load_pack, shipped
from edgegate.vision.quality import QualityLimits, assess
from edgegate.vision.tflite import Model, Runtime, Timer

DetectorName = Literal["blazeface", "haar"]


class Analyzer:
    """Detection is for every face of every frame, description only for the one that decides: it costs thrice."""

    def __init__(
        self,
        detector: Detector,
        landmarker: Landmarker,
        embedder: Embedder,
        limits: QualityLimits | None = None,
        slow: tuple[str, ...] = (),
    ) -> None:
        self._detector = detector
        self._landmarker = landmarker
        self._embedder = embedder
        self._limits = limits or QualityLimits()
        self.slow = slow
        """The packs that TFLite runs without its fast kernels."""

    @property
    def pack(self) -> Pack:
        """The embedder's: its name is recorded with every template, its table turns rates into thresholds."""
        return self._embedder.pack

    def detect(self, frame: Frame) -> tuple[Face, ...]:
        """The faces of a frame, largest first, in pixels of `frame.image`; looks at the preview if there is one."""
        if frame.preview is None:
            return self._detector.detect(frame.image)
        scale = frame.image.shape[1] / frame.preview.shape[1]
        return tuple(_scaled(face, scale) for face in self._detector.detect(frame.preview))

    def judge(self, frame: Frame, face: Face) -> Face:
        """The face with its mesh and its quality, and without an embedding: what that costs is saved."""
        return self._judge(frame, face)[0]

    def describe(self, frame: Frame, face: Face) -> Face:
        """The same, and its embedding if the quality has no fault."""
        judged, chip = self._judge(frame, face)
        if judged.mesh is None or judged.quality is None or not judged.quality.usable:
            return judged
        template = self._embedder.template
        if template is not DLIB:
            chip = align(frame.image, template.of_mesh(judged.mesh), template)
        return replace(judged, embedding=self._embedder.embed(chip))

    def _judge(self, frame: Frame, face: Face) -> tuple[Face, Image]:
        """Beside the face its chip, RGB: the limits of quality were measured on such ones."""
        mesh = self._landmarker.locate(frame.image, face.box, face.keypoints)
        chip = align(frame.image, DLIB.of_mesh(mesh.points))
        quality = assess(frame.image, face.box, mesh, chip, self._limits)
        return replace(face, quality=quality, embedding=None, mesh=mesh.points), chip


def build_analyzer(
    detector: DetectorName = "blazeface",
    *,
    detector_pack: Path | None = None,
    landmarks_pack: Path | None = None,
    embedder_pack: Path | None = None,
    runtime: Runtime = "auto",
    threads: int = 1,
    limits: QualityLimits | None = None,
    timer: Timer = nullcontext,
) -> Analyzer:
    """Load the packs, those shipped unless others are named, and put them together; raises ModelError."""
    models: list[Model] = []

    def load(folder: Path | None, name: str, task: Task) -> Model:
        pack = load_pack(folder or shipped(name), task)
        models.append(Model(pack, runtime=runtime, threads=threads, timer=timer))
        return models[-1]

    landmarker = Landmarker(load(landmarks_pack, "face-landmarks", "landmarks"))
    embedder = Embedder(load(embedder_pack, "face-embedder", "embedder"))
    by = HaarDetector(landmarker) if detector == "haar" else BlazeFace(load(detector_pack, "face-detector", "detector"))
    slow = tuple(model.pack.name for model in models if not model.fast)
    return Analyzer(by, landmarker, embedder, limits, slow)


def _scaled(face: Face, scale: float) -> Face:
    box = Box(face.box.x1 * scale, face.box.y1 * scale, face.box.x2 * scale, face.box.y2 * scale)
    return replace(face, box=box, keypoints=face.keypoints * np.float32(scale))
