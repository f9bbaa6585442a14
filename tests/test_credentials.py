"""What a door shows its broker, when systemd hands it over."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from edgegate.broker.credentials import build_tls, read_password
from edgegate.config import Mqtt
from edgegate.errors import ConfigError

ROOTS_ALONE = "/etc/credstore/of-root-alone"


def settings(**keys: Any) -> Mqtt:
    return Mqtt.model_validate(keys)


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
