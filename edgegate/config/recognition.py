"""Every key of `[recognition]` and `[liveness]`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from edgegate.config.section import Section

MODEL_ALONE = (
    "the network of recognition.model decides alone: it knows only the people it was trained on, so that it may take "
    "a stranger for one of them and let them in, and no false-accept rate holds"
)
NO_LIVENESS = "no liveness check yet: a photo or a screen that shows an enrolled face can open the door"


class RecognitionSettings(Section):
    """Recognition of faces, and the certainty that it takes."""

    detector: Literal["blazeface", "haar"] = Field(
        "blazeface", description="`blazeface` (full range, a TFLite network) or `haar` (OpenCV's cascade)"
    )
    embedder: str = Field("", description="folder of an embedder pack; empty: the one that comes with edgegate")
    model: str = Field(
        "",
        description="folder of a tracker or classifier pack, which names people for the embedder to confirm; "
        "empty: none",
    )
    class_confidence: float = Field(
        0.0,
        ge=0,
        le=1,
        description="probability, 0.5 or more, that a class of model must reach to name somebody; 0: 0.9 for a "
        "tracker; for a classifier the value in its own table at false_accept_rate, or else 0.5",
    )
    model_alone: bool = Field(
        False, description="true: nothing confirms what model says, so that it may let strangers in"
    )
    accept_failed_grade: str = Field(
        "", description="the pack of model, as `check` names it, that is used although its report missed its grade"
    )
    runtime: Literal["auto", "litert", "tflite-runtime"] = Field(
        "auto", description="TFLite runtime; `auto` takes ai-edge-litert, or else tflite-runtime"
    )
    threads: int = Field(1, ge=1, le=8, description="CPU threads a model may use")
    false_accept_rate: float = Field(
        1e-3,
        ge=1e-6,
        le=0.1,
        description="chance that one stranger's visit opens this door, with everybody enrolled now",
    )
    decide_after_frames: int = Field(
        5, ge=1, le=30, description="usable frames pooled before anybody is let in; more is surer and slower"
    )
    refuse_after_frames: int = Field(
        15, ge=1, le=300, description="usable frames after which somebody not recognised is refused as unknown"
    )
    max_frame_age_ms: int = Field(
        500, ge=50, le=5000, description="milliseconds; a frame older than this never opens the door"
    )
    min_face_pixels: int = Field(
        40, ge=24, le=1000, description="pixels; a face whose box is smaller says nothing about who it is"
    )

    @field_validator("class_confidence")
    @classmethod
    def _leaves_no_room_for_another(cls, value: float) -> float:
        if 0 < value < 0.5:
            raise ValueError("must be 0.5 or more, or 0")
        return value

    @field_validator("model_alone", "accept_failed_grade")
    @classmethod
    def _is_about_a_model(cls, value: bool | str, info: ValidationInfo) -> bool | str:
        if value and not info.data.get("model", True):
            raise ValueError("has no effect without model")
        return value

    @field_validator("refuse_after_frames")
    @classmethod
    def _refusal_comes_after_decision(cls, value: int, info: ValidationInfo) -> int:
        decide = info.data.get("decide_after_frames", value)
        if value < decide:
            raise ValueError(f"must not be less than decide_after_frames ({decide})")
        return value


class LivenessSettings(Section):
    """Telling a face from a picture of one. Not built yet: a print or a phone screen can open the door."""

    mode: Literal["off"] = Field("off", description="only `off`, until liveness exists")
