"""Secrets for broker and camera that systemd hands over."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from edgegate.broker.credentials import build_tls, read_password
from edgegate.camera.address import address_in
from edgegate.config import CameraSettings, MqttSettings
from edgegate.errors import CameraError, ConfigError
from tests.support.paths import ROOT

ROOTS_ALONE = "/etc/credstore/of-root-alone"
_NAME = re.compile(r'(?:credential\(|Path\(folder\) / )"(edgegate\.[a-z-]+)"')


def settings(**keys: Any) -> MqttSettings:
    return MqttSettings.model_validate(keys)


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which systemd hands them over."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    return tmp_path


def test_a_credential_comes_before_the_password_file(credentials: Path) -> None:
    account = settings(username="door", password_file=ROOTS_ALONE)
    with pytest.raises(ConfigError, match="of-root-alone"):
        read_password(account)
    (credentials / "edgegate.mqtt-password").write_text("by systemd\n", encoding="utf-8")
    assert read_password(account) == read_password(settings(username="door")) == "by systemd"
    assert read_password(settings()) is None  # who has no name shows no password


def test_a_credential_comes_before_the_key_file(credentials: Path) -> None:
    key, certificate = credentials / "edgegate.mqtt-key", credentials / "door.pem"
    call = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=door"]
    subprocess.run([*call, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    mutual = settings(tls=True, cert_file=str(certificate), key_file=ROOTS_ALONE)
    assert build_tls(mutual) is not None
    key.unlink()
    with pytest.raises(ConfigError, match="not a usable certificate and key"):
        build_tls(mutual)


def test_a_credential_comes_before_the_cameras_password_file(credentials: Path) -> None:
    camera = CameraSettings(source="rtsp://door@10.0.0.7/live", password_file=ROOTS_ALONE)
    with pytest.raises(CameraError, match="of-root-alone"):
        address_in(camera)
    (credentials / "edgegate.camera-password").write_text("by systemd\n", encoding="utf-8")
    assert "door:by%20systemd@" in address_in(camera).dialled
    assert "door:by%20systemd@" in address_in(CameraSettings(source="rtsp://door@10.0.0.7/live")).dialled


def test_the_unit_loads_every_credential_in_use_and_the_docs_name_it() -> None:
    asked = {name for file in (ROOT / "edgegate").rglob("*.py") for name in _NAME.findall(file.read_text("utf-8"))}
    unit = (ROOT / "systemd" / "edgegate.service").read_text(encoding="utf-8")
    docs = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert {"edgegate.key", "edgegate.camera-password"} < asked
    assert set(re.findall("^LoadCredential=(.+)$", unit, re.MULTILINE)) == asked
    assert set(re.findall("^\\| `(edgegate[^`]+)` \\|", docs, re.MULTILINE)) == asked
