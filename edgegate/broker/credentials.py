"""A door's password and certificates for the broker, and whose certificates it trusts; read for every connection."""

from __future__ import annotations

import ssl
from pathlib import Path

from edgegate.config import MqttSettings
from edgegate.errors import ConfigError
from edgegate.system.systemd import credential


def read_password(settings: MqttSettings) -> str | None:
    """Returns the first line of the credential or of `mqtt.password_file`; None without either. Raises ConfigError."""
    if not settings.username:
        return None
    file = credential("edgegate.mqtt-password") or settings.password_file
    if not file:
        return None
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable("password_file", file, "cannot be read", error) from None
    if not lines or not lines[0]:
        raise ConfigError([f"mqtt.password_file = {file!r}: its first line is empty"])
    return lines[0]


def build_tls(settings: MqttSettings) -> ssl.SSLContext | None:
    """Builds the TLS context: certificates to trust and to show; None without `mqtt.tls`. Raises ConfigError."""
    if not settings.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as error:
        raise _unusable("ca_file", settings.ca_file, "not usable certificates", error) from None
    if settings.cert_file:
        try:
            # The empty password keeps OpenSSL from asking for one on the terminal when the key is encrypted.
            key_file = credential("edgegate.mqtt-key") or settings.key_file or None
            context.load_cert_chain(settings.cert_file, key_file, password="")
        except OSError as error:
            raise _unusable("cert_file", settings.cert_file, "not a usable certificate and key", error) from None
    return context


def _unusable(key: str, value: str, what: str, error: Exception) -> ConfigError:
    reason = getattr(error, "strerror", None) or error
    return ConfigError([f"mqtt.{key} = {value!r}: {what}: {reason}"])
