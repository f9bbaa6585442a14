"""Every key of `[camera]`."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from edgegate.config.section import Section


class CameraSettings(Section):
    """The source of frames."""

    source: str = Field(
        "picamera",
        min_length=1,
        description="`picamera` (a Raspberry Pi camera), a V4L2 device such as `/dev/video0`, a network camera such "
        "as `rtsp://user@host/path`, or a video file",
    )
    password_file: str = Field(
        "",
        description="file whose first line is a network camera's password; a systemd credential "
        "`edgegate.camera-password` comes before it; empty: none",
    )
    ca_file: str = Field(
        "",
        pattern="^[^|;]*$",
        description="PEM file with the certificate of an rtsps camera, or of its authority; empty: nobody checks it",
    )
    width: int = Field(640, ge=160, le=4096, description="pixels asked of a camera; a file keeps its own")
    height: int = Field(480, ge=120, le=4096, description="pixels asked of a camera; a file keeps its own")
    frames_per_second: int = Field(
        15, ge=2, le=120, description="asked of a camera; a file keeps its own; fewer than 2 cannot follow a face"
    )
    stall_seconds: float = Field(
        1.5, ge=0.5, le=60, description="seconds without a new picture until the camera counts as stalled"
    )
    reopen_max_seconds: float = Field(
        2.0, ge=1, le=600, description="seconds between tries to reopen a lost camera, at most; it starts at 0.5"
    )
    frozen_seconds: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="seconds of the very same picture until the camera counts as frozen; "
        "0: stall_seconds, or 30 for a network camera, whose encoder may repeat a still picture",
    )

    @field_validator("password_file")
    @classmethod
    def _has_a_camera(cls, value: str, info: ValidationInfo) -> str:
        if value and not str(info.data.get("source", "rtsp")).lower().startswith("rtsp"):
            raise ValueError("has no effect unless source is a network camera (rtsp://user@host/path)")
        return value

    @field_validator("ca_file")
    @classmethod
    def _is_encrypted(cls, value: str, info: ValidationInfo) -> str:
        if value and not str(info.data.get("source", "rtsps")).lower().startswith("rtsps"):
            raise ValueError("has no effect unless source is an encrypted network camera (rtsps://user@host/path)")
        return value
