"""Why a connection failed, in words with a way out."""

from __future__ import annotations

import socket
import ssl

from edgegate.errors import BrokerError

BAD_CREDENTIALS = 134
NOT_AUTHORIZED = 135
UNSUPPORTED_VERSION = 132
TAKEN_OVER = 142

_REFUSALS = {
    UNSUPPORTED_VERSION: "does not speak this version of MQTT; see mqtt.protocol",
    133: "the client id is not allowed",
    BAD_CREDENTIALS: "bad user name or password; see mqtt.username and mqtt.password_file",
    NOT_AUTHORIZED: "not authorized: bad user name or password, or no right to connect; "
    "see mqtt.username and mqtt.password_file",
    138: "banned",
    140: "bad authentication method",
    TAKEN_OVER: "another client took over this door's place; do two daemons run for one door?",
}
"""MQTT 5 reason codes that trying again soon does not mend. Paho translates those of MQTT 3.1.1 into these."""


class RefusedError(BrokerError):
    """The broker answered, and the answer was no: somebody has to change something before it can work."""


class UnspokenError(BrokerError):
    """The broker does not speak this version of MQTT, or closed the connection without a word, as such do."""


def refusal(where: str, code: int, name: str) -> BrokerError:
    """What a failure code of CONNACK or DISCONNECT, known to the specification as `name`, comes to."""
    if code == UNSUPPORTED_VERSION:
        return UnspokenError(f"{where}: {_REFUSALS[code]}")
    if code in _REFUSALS:
        return RefusedError(f"{where}: refused: {_REFUSALS[code]}")
    return BrokerError(f"{where}: closed the connection: {name.lower()}")


def unreachable(where: str, error: OSError) -> BrokerError:
    """What an error while connecting comes to."""
    match error:
        case ssl.SSLCertVerificationError():
            return RefusedError(
                f"{where}: the broker's certificate is not accepted: {error.verify_message}; see mqtt.ca_file"
            )
        case ssl.SSLError():
            return BrokerError(f"{where}: TLS failed: {error.reason or error}; is this the broker's TLS port?")
        case socket.gaierror():
            return BrokerError(f"{where}: cannot be reached: no such host; see mqtt.host")
        case TimeoutError():
            return BrokerError(f"{where}: cannot be reached: no answer; see mqtt.host, the network and the firewall")
        case ConnectionRefusedError():
            return BrokerError(f"{where}: cannot be reached: nothing listens there; is the broker running?")
    return BrokerError(f"{where}: cannot be reached: {error.strerror or error}")
