"""systemd's side of a service: sd_notify(3), its watchdog, and the secrets that it hands over (LoadCredential=)."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from pathlib import Path

log = logging.getLogger(__name__)


def notify(message: str) -> bool:
    """Sends `message`, such as READY=1, to the service manager; False where there is none, or it does not take it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):  # an abstract socket
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sender:
            sender.sendto(message.encode(), address)
    except OSError as error:
        log.warning("the service manager does not take %s: %s", message, error)
        return False
    return True


def watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    """Returns the seconds after which the service manager takes this process for hung; None where it does not look."""
    microseconds, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or int(microseconds) == 0 or pid not in {"", str(os.getpid())}:
        return None
    return int(microseconds) / 1e6


def credential(name: str) -> str | None:
    """Returns the path of a credential, which only the service's own user may read; None without one."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return str(path) if folder and (path := Path(folder) / name).exists() else None
