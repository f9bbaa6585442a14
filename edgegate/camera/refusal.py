"""The reason why a network camera gives no pictures. FFmpeg keeps it to itself, so the camera is asked once more.

Three requests of RTSP 1.0 at most (RFC 2326; Basic and Digest as in RFC 2617), and only after opening has failed.
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import ssl
from contextlib import closing

from edgegate.camera.address import Address
from edgegate.errors import CameraError
from edgegate.events.vocabulary import CameraFault

_ANSWER = re.compile(rb"RTSP/1\.\d (\d{3}) ?([^\r\n]*)")
_MOST_BYTES = 65_536
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404
_UNREACHABLE = CameraFault.UNREACHABLE


def why_not(address: Address, timeout: float) -> CameraError:
    """Ask a camera that could not be opened for its description, within about `timeout` seconds a step."""
    try:
        with closing(_connect(address, timeout)) as connection:
            status, words = _describe(connection, address)
    except ssl.SSLCertVerificationError as error:
        why = f"its certificate is not vouched for by camera.ca_file = {address.ca_file!r}: {error.verify_message}"
        return _error(address, why, CameraFault.REFUSED)
    except ssl.SSLError as error:
        return _error(address, f"no encrypted connection: {error.reason or error}", CameraFault.REFUSED)
    except TimeoutError:
        return _error(
            address, f"no answer within {timeout:g} seconds: is it switched on, is its address right?", _UNREACHABLE
        )
    except OSError as error:
        reason = error.strerror or str(error)
        return _error(address, f"cannot be reached: {reason}; is it switched on, is its address right?", _UNREACHABLE)
    return _judged(address, status, words)


def _judged(address: Address, status: int, words: str) -> CameraError:
    if status == _UNAUTHORIZED:
        way_out = (
            "the camera does not accept this user and password; see camera.source and camera.password_file"
            if address.user
            else f"the camera wants a user and a password: camera.source = '{address.scheme}://user@…', "
            "and camera.password_file"
        )
        return _error(address, way_out, CameraFault.REFUSED)
    if status == _FORBIDDEN:
        return _error(address, "the camera does not let this user see it (403)", CameraFault.REFUSED)
    if status == _NOT_FOUND:
        return _error(
            address,
            "the camera has no stream of this path (404): its manual, or `ffprobe`, tells which it has",
            CameraFault.REFUSED,
        )
    if status == _OK:
        return _error(
            address,
            "the camera answers, but its video cannot be opened, or not in time: trying again; if this stays, set it "
            "to H.264 with a key frame every second",
            CameraFault.UNUSABLE,
        )
    return _error(address, f"the camera answers {status} {words}".rstrip(), CameraFault.REFUSED)


def _error(address: Address, why: str, fault: CameraFault) -> CameraError:
    return CameraError(f"{address.shown}: {why}", fault)


def _connect(address: Address, timeout: float) -> socket.socket:
    connection = socket.create_connection((address.host, address.port), timeout)
    connection.settimeout(timeout)
    if address.scheme != "rtsps":
        return connection
    context = ssl.create_default_context(cafile=address.ca_file or None)
    context.check_hostname = False  # as FFmpeg does: cameras sign for themselves, and for any name
    context.verify_mode = ssl.CERT_REQUIRED if address.ca_file else ssl.CERT_NONE
    try:
        return context.wrap_socket(connection, server_hostname=address.host)
    except BaseException:
        connection.close()
        raise


def _describe(connection: socket.socket, address: Address) -> tuple[int, str]:
    """Status and words of the answer to DESCRIBE, with the password if it is asked for."""
    status, words, head = _ask(connection, address, 1)
    if status == _UNAUTHORIZED and address.user:
        status, words, _ = _ask(connection, address, 2, _authorization(address, head))
    return status, words


def _ask(connection: socket.socket, address: Address, count: int, authorization: str = "") -> tuple[int, str, str]:
    lines = [f"DESCRIBE {address.bare} RTSP/1.0", f"CSeq: {count}", "Accept: application/sdp"]
    lines += [f"Authorization: {authorization}"] if authorization else []
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _MOST_BYTES:
        more = connection.recv(4096)
        if not more:
            break
        head += more
    answer = _ANSWER.match(head)
    if answer is None:
        raise OSError("what answers there is no RTSP camera")
    return int(answer[1]), answer[2].decode("latin-1").strip(), head.decode("latin-1")


def _authorization(address: Address, head: str) -> str:
    challenge = re.search(r"^WWW-Authenticate: *Digest (.*)$", head, re.IGNORECASE | re.MULTILINE)
    if challenge is None:
        return "Basic " + base64.b64encode(f"{address.user}:{address.password}".encode()).decode()
    given = dict(re.findall(r'(\w+)="([^"]*)"', challenge[1]))
    realm, nonce = given.get("realm", ""), given.get("nonce", "")
    secret = _md5(f"{address.user}:{realm}:{address.password}")
    request = _md5(f"DESCRIBE:{address.bare}")
    response = _md5(f"{secret}:{nonce}:{request}")
    return (
        f'Digest username="{address.user}", realm="{realm}", nonce="{nonce}", uri="{address.bare}",'
        f' response="{response}"'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()  # what RFC 2617 has cameras speak
