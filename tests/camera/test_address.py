"""Addresses of network cameras: nothing secret is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edgegate import config
from edgegate.camera import shown
from edgegate.camera.address import address_of
from edgegate.errors import CameraError, UsageError


def test_an_address_is_taken_apart() -> None:
    address = address_of("rtsp://door:p%40ss@10.0.0.7:8554/h264?channel=1")
    assert (address.host, address.port, address.user, address.password) == ("10.0.0.7", 8554, "door", "p@ss")
    assert address.path == "/h264?channel=1"
    assert address.shown == "rtsp://10.0.0.7:8554/h264"
    assert address.bare == "rtsp://10.0.0.7:8554/h264?channel=1"
    assert address.dialled == "rtsp://door:p%40ss@10.0.0.7:8554/h264?channel=1"
    assert address_of("rtsps://[fe80::1]").dialled == "rtsps://[fe80::1]/"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("rtsp://10.0.0.7/user=door&password=secret&channel=1.sdp", "rtsp://10.0.0.7/user=***&password=***&channel=1.sdp"),
        ("rtsp://10.0.0.7/user=d_password=secret_channel=1.sdp", "rtsp://10.0.0.7/user=***_password=***_channel=1.sdp"),
        ("rtsp://10.0.0.7/cam/token=secret/live", "rtsp://10.0.0.7/cam/token=***/live"),
        ("rtsp://10.0.0.7/live?pwd=secret", "rtsp://10.0.0.7/live"),
        ("http://door:secret@10.0.0.7/", "http://…"),
        ("/dev/video0", "/dev/video0"),
    ],
)  # fmt: skip
def test_what_is_shown_has_no_secret_in_it(source: str, told: str) -> None:
    assert shown(source) == told


@given(st.text(st.characters(exclude_categories=["C"]), min_size=1), st.text(st.characters(exclude_categories=["C"])))
def test_any_password_survives_the_way_to_ffmpeg(password: str, user: str) -> None:
    given = address_of("rtsp://door@host/x")
    address = type(given)(given.scheme, given.host, given.port, given.path, user or "door", password)
    again = address_of(address.dialled)
    assert (again.user, again.password) == (address.user, password)


def test_no_secret_is_in_its_repr() -> None:
    assert "secret" not in repr(address_of("rtsp://door:secret@host/x?key=secret"))


def test_a_password_is_given_once(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret\nsecond line\n")
    assert address_of("rtsp://door@host/x", str(file)).dialled == "rtsp://door:secret@host/x"
    with pytest.raises(UsageError, match="take it out"):
        address_of("rtsp://door:other@host/x", str(file))
    with pytest.raises(UsageError, match="names no user"):
        address_of("rtsp://host/x", str(file))


def test_a_password_file_may_come_later(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="cannot be read: No such file"):
        address_of("rtsp://door@host/x", str(tmp_path / "none"))
    (tmp_path / "empty").touch()
    with pytest.raises(CameraError, match="first line is empty"):
        address_of("rtsp://door@host/x", str(tmp_path / "empty"))


def test_a_password_file_without_a_network_camera_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="no effect unless"):
        config.CameraSettings.model_validate({"source": "/dev/video0", "password_file": "x"})
    config.CameraSettings.model_validate({"source": "rtsp://door@host/", "password_file": "x"})
