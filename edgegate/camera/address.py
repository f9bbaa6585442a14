"""Addresses of network cameras: how they may be shown, and how they are dialled with their password."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from edgegate import config
from edgegate.errors import CameraError, UsageError
from edgegate.events.vocabulary import CameraFault
from edgegate.system.systemd import credential

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.*")
_PORTS = {"rtsp": 554, "rtsps": 322}
# Some cameras want the password in the path (…/user=admin_password=secret_channel=1), others in the query.
_SECRETS = re.compile(
    r"((?:pass\w*?|pwd?|user\w*?|token|key|auth\w*?|secret)=)[^&/;]*?(?=&|/|;|_\w+=|$)", re.IGNORECASE
)


@dataclass(frozen=True)
class Address:
    """The address of a stream. Only `dialled` and `password` are secret, and neither appears in `repr`."""

    scheme: str
    host: str
    port: int
    path: str
    """Path and query as the camera wants them: it may hold a password, `shown` tells it without."""
    user: str
    password: str
    ca_file: str = ""
    """PEM file of who vouches for the camera, of an rtsps camera; empty: nobody does."""

    @property
    def shown(self) -> str:
        """The address for people: without user, password and query."""
        path = _SECRETS.sub(r"\1***", self.path.partition("?")[0])
        return f"{self.scheme}://{self._place}{path}"

    @property
    def bare(self) -> str:
        """The address as a request line has it: without user and password."""
        return f"{self.scheme}://{self._place}{self.path}"

    @property
    def dialled(self) -> str:
        """The address with everything in it, for FFmpeg alone."""
        password = f":{quote(self.password, safe='')}" if self.password else ""
        who = f"{quote(self.user, safe='')}{password}@" if self.user else ""
        return f"{self.scheme}://{who}{self._place}{self.path}"

    @property
    def _place(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __repr__(self) -> str:
        return f"Address({self.shown!r})"


def address_of(source: str, password_file: str = "", ca_file: str = "") -> Address:
    """Take `source` apart; a password may be in it or in the first line of `password_file`, not in both.

    Raises UsageError for what cannot be right and CameraError for a file that cannot be read now, or holds no
    certificate; neither ever repeats a password.
    """
    scheme = source.partition("://")[0].lower()
    if scheme not in _PORTS:
        raise UsageError(
            f"camera.source = '{scheme}://…': network cameras are read by RTSP: rtsp:// or rtsps://; otherwise use"
            " `picamera`, a device such as /dev/video0, or a video file"
        )
    try:
        parts = urlsplit(source)
        host, port = parts.hostname, parts.port or _PORTS[scheme]
    except ValueError:
        host, port = None, 0
    if not host:
        raise UsageError(
            f"camera.source = '{scheme}://…': no address of a camera: write {scheme}://user@host/path, and the"
            " password into camera.password_file (in the address, percent-encode @ : / ? # in it)"
        )
    password = _password(unquote(parts.password or ""), parts.username, password_file)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    _check_certificates(ca_file)
    return Address(scheme, host, port, path, unquote(parts.username or ""), password, ca_file)


def address_in(settings: config.CameraSettings) -> Address:
    """The camera's address as `[camera]` has it, its password from the systemd credential where there is one.

    Raises what `address_of` raises.
    """
    password_file = credential("edgegate.camera-password") or settings.password_file
    return address_of(settings.source, password_file, settings.ca_file)


def _check_certificates(file: str) -> None:
    if not file:
        return
    try:
        ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        reason = "no certificate in it (PEM)"
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    else:
        return
    raise CameraError(f"camera.ca_file = {file!r}: {reason}", CameraFault.REFUSED)


def is_unverified(settings: config.CameraSettings) -> bool:
    """True if it is an encrypted network camera of which nobody checks that it is the right one."""
    return settings.source.lower().startswith("rtsps:") and not settings.ca_file


def shown(source: str) -> str:
    """Returns what `[camera] source` may look like in a message, a file name, a log: nothing secret in it."""
    if not SCHEME.fullmatch(source):
        return source
    try:
        return address_of(source).shown
    except UsageError:
        return f"{source.partition('://')[0]}://…"


def _password(written: str, user: str | None, file: str) -> str:
    if not file:
        return written
    if written or not user:
        why = "camera.source has a password too: take it out" if written else "camera.source names no user"
        raise UsageError(f"camera.password_file = {file!r}: {why}: rtsp://user@host/path")
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise CameraError(f"camera.password_file = {file!r}: cannot be read: {reason}", CameraFault.REFUSED) from None
    if not lines or not lines[0]:
        raise CameraError(f"camera.password_file = {file!r}: its first line is empty", CameraFault.REFUSED)
    return lines[0]
