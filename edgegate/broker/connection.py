"""One MQTT connection, from CONNECT to its end; it never reconnects.

Paho's thread does nothing but put notices on a queue. The owner of the connection takes them off on its own thread.
"""

from __future__ import annotations

import logging
import queue
import secrets
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgegate.broker import refusals
from edgegate.broker.credentials import build_tls, read_password
from edgegate.broker.topics import Message
from edgegate.config import MqttSettings
from edgegate.errors import BrokerError

log = logging.getLogger(__name__)

ANSWER_SECONDS = 5.0
"""Seconds that a broker may take to accept a connection, and as many again to answer CONNECT."""

_VERSIONS = {"5": paho.MQTTv5, "3.1.1": paho.MQTTv311}


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker accepted the connection; it takes `receive_maximum` messages in flight."""

    receive_maximum: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """PUBACK or SUBACK for packet `mid`. `refusal` is the reason for a no; over MQTT 3.1.1 PUBACK is always a yes."""

    mid: int
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection has ended."""

    error: BrokerError


@dataclass(frozen=True, slots=True)
class Woken:
    """Wakes the thread that waits for notices: there is something else to do."""


Notice: TypeAlias = Accepted | Acknowledged | Lost | Woken | Message


def connect(
    settings: MqttSettings, client_id: str, *, will: Message | None = None, timeout: float = ANSWER_SECONDS
) -> Connection:
    """Connects to the configured broker, with MQTT 5 or what else `mqtt.protocol` allows.

    Raises BrokerError in one line: cannot be reached, refused (RefusedError), certificate problem; and ConfigError
    when a file named in the config cannot be used.
    """
    if settings.protocol != "auto":
        return Connection(settings, settings.protocol, client_id, will, timeout)
    try:
        # Some older brokers (amqtt 0.12) hang on a last will in MQTT 5: without one they answer with their version.
        connection = Connection(settings, "5", client_id, None, timeout)
    except refusals.UnspokenError:
        return Connection(settings, "3.1.1", client_id, will, timeout)
    if will is None:
        return connection
    connection.close()
    return Connection(settings, "5", client_id, will, timeout)


def probe(settings: MqttSettings, timeout: float = ANSWER_SECONDS) -> str:
    """Connects and disconnects. Returns the protocol in words, such as "MQTT 5, TLS". Raises as `connect` does."""
    connection = connect(settings, f"edgegate-check-{secrets.token_hex(4)}", timeout=timeout)
    connection.close()
    return in_words(settings, connection.protocol)


def in_words(settings: MqttSettings, protocol: str) -> str:
    words = f"MQTT {protocol}" + (", TLS" if settings.tls else "")
    return words if protocol == "5" else f"{words} (no reason codes, no message expiry)"


class Connection:
    """An accepted connection. Everything that the broker says arrives in `notices`; one thread takes it off."""

    def __init__(
        self, settings: MqttSettings, protocol: str, client_id: str, will: Message | None, timeout: float
    ) -> None:
        self.notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self.protocol = protocol
        self.where = f"{settings.host}:{settings.port}"
        self.receive_maximum = 0
        """Messages that the broker wants in flight at most."""
        self._answered = False
        self._shows_certificate = bool(settings.cert_file)
        self._client = self._build(settings, client_id, will, timeout)
        try:
            self._client.connect(
                settings.host, settings.port, settings.keepalive_seconds, clean_start=self._clean_start()
            )
            self._client.loop_start()
        except OSError as error:
            raise refusals.unreachable(self.where, error) from None
        try:
            self._await_acceptance(timeout)
        except BaseException:
            self.drop()
            raise

    def publish(self, message: Message) -> int:
        """Sends with QoS 1. Returns the packet's id, which comes back in Acknowledged unless Lost comes first."""
        info = self._client.publish(
            message.topic, message.payload, qos=1, retain=message.retained, properties=self._properties(message)
        )
        return info.mid

    def subscribe(self, topics: Sequence[str]) -> None:
        """Subscribes to topics with QoS 1; Acknowledged says whether they were granted."""
        self._client.subscribe([(topic, 1) for topic in topics])

    def close(self, timeout: float = 2.0) -> None:
        """Disconnects in order: the broker forgets the last will."""
        self._client.disconnect()
        with suppress(queue.Empty):
            while not isinstance(self.notices.get(timeout=timeout), Lost):
                pass
        self.drop()

    def drop(self) -> None:
        """Ends without a DISCONNECT: the broker publishes the last will. Harmless when it has ended already."""
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            with suppress(OSError):
                # Not SSLSocket.shutdown, which would pull the TLS state from under paho's thread.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        self._client.loop_stop()

    def _build(self, settings: MqttSettings, client_id: str, will: Message | None, timeout: float) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=_VERSIONS[self.protocol],
            clean_session=None if self.protocol == "5" else True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = timeout
        if settings.username:
            client.username_pw_set(settings.username, read_password(settings))
        if (context := build_tls(settings)) is not None:
            client.tls_set_context(context)
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=will.retained)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _clean_start(self) -> bool | Literal[3]:
        return True if self.protocol == "5" else paho.MQTT_CLEAN_START_FIRST_ONLY  # which 3.1.1 does not know

    def _properties(self, message: Message) -> Properties | None:
        if self.protocol != "5" or message.content_type is None:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = message.content_type
        properties.PayloadFormatIndicator = 1  # UTF-8
        return properties

    def _await_acceptance(self, timeout: float) -> None:
        try:
            notice = self.notices.get(timeout=timeout)
        except queue.Empty:
            raise BrokerError(f"{self.where}: does not answer in MQTT; is this the broker's port?") from None
        match notice:
            case Accepted(receive_maximum):
                self.receive_maximum = receive_maximum
            case Lost(error):
                raise error

    # What follows runs on paho's thread.

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: ReasonCode, properties: Any) -> None:
        self._answered = True
        if reason.is_failure:
            self.notices.put(Lost(refusals.refusal(self.where, reason.value, reason.getName())))
        else:
            self.notices.put(Accepted(getattr(properties, "ReceiveMaximum", 65535)))

    def _on_disconnect(self, _client: Any, _data: Any, flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if not self._answered:
            error: BrokerError = refusals.silence(self.where, certificate=self._shows_certificate)
        elif flags.is_disconnect_packet_from_server:
            error = refusals.refusal(self.where, reason.value, reason.getName())
        else:
            error = BrokerError(f"{self.where}: connection lost")
        self.notices.put(Lost(error))

    def _on_publish(self, _client: Any, _data: Any, mid: int, reason: ReasonCode, _properties: Any) -> None:
        self.notices.put(Acknowledged(mid, reason.getName().lower() if reason.is_failure else None))

    def _on_subscribe(self, _client: Any, _data: Any, mid: int, reasons: list[ReasonCode], _properties: Any) -> None:
        refused = [reason.getName().lower() for reason in reasons if reason.is_failure]
        self.notices.put(Acknowledged(mid, refused[0] if refused else None))

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        self.notices.put(Message(message.topic, bytes(message.payload), message.retain))
