"""Reasons that a connection failed, in words with a way out."""

from __future__ import annotations

import errno
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
    """The broker does not speak this version of MQTT, or closed the connection without a reason code, as such do."""


def refusal(where: str, code: int, name: str) -> BrokerError:
    """Returns the error for a failure code of CONNACK or DISCONNECT, which the specification calls `name`."""
    if code == UNSUPPORTED_VERSION:
        return UnspokenError(f"{where}: {_REFUSALS[code]}")
    if code in _REFUSALS:
        return RefusedError(f"{where}: refused: {_REFUSALS[code]}")
    return BrokerError(f"{where}: closed the connection: {name.lower()}")


_CERTIFICATES = {
    9: "it is not valid yet; is the clock right here, and there?",
    10: "it has expired; renew the broker's certificate, unless the clock is wrong here",
    18: "nobody vouches for it but itself; name it in mqtt.ca_file",
    19: "its authority is not trusted here; see mqtt.ca_file",
    20: "its authority is not trusted here; see mqtt.ca_file",
    21: "its authority is not trusted here; see mqtt.ca_file",
    62: "it is for another host; see mqtt.host, or have the broker's certificate name it",
    64: "it is for another address; see mqtt.host, or have the broker's certificate name it",
}
"""Faults of a broker's certificate, by OpenSSL's X509_V_ERR_ number, each with the way out."""


def unreachable(where: str, error: OSError) -> BrokerError:
    """Returns the BrokerError for an error while connecting."""
    match error:
        case ssl.SSLCertVerificationError():
            why = _CERTIFICATES.get(error.verify_code, "see mqtt.ca_file")
            return RefusedError(
                f"{where}: the broker's certificate is not accepted: {error.verify_message.rstrip('.')}: {why}"
            )
        case ssl.SSLError():
            return BrokerError(f"{where}: TLS failed: {error.reason or error}; is this the broker's TLS port?")
    return BrokerError(f"{where}: cannot be reached: {_absence(error)}")


def _absence(error: OSError) -> str:
    match error:
        case socket.gaierror(errno=socket.EAI_AGAIN):
            return "no name server answers; is there a network?"
        case socket.gaierror():
            return "no such host; see mqtt.host"
        case TimeoutError():
            return "no answer; see mqtt.host, the network and the firewall"
        case ConnectionRefusedError():
            return "nothing listens there; is the broker running?"
        case OSError(errno=errno.ENETUNREACH | errno.EHOSTUNREACH):
            return "no way there; see to the cable or the Wi-Fi"
    return error.strerror or str(error)


def silence(where: str, *, certificate: bool) -> BrokerError:
    """Returns the error for a connection that the broker ends before it answers; `certificate`: we showed one."""
    why = "does it accept this door's certificate" if certificate else "does it want a certificate"
    return UnspokenError(f"{where}: closed the connection without a reason code; {why} (mqtt.cert_file)?")
