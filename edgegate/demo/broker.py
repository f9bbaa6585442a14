"""An MQTT broker inside this process, so that the demo needs none: amqtt, on loopback only."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from typing import Any, Self

from edgegate.errors import BrokerError, UsageError

HOST = "127.0.0.1"
PROTOCOL = "3.1.1"
"""The protocol that amqtt speaks."""

_SECONDS = 15.0


class EmbeddedBroker:
    """Serves while its `with` block runs, on a thread of its own; `port` 0 takes a free one.

    Raises UsageError where amqtt is not installed, BrokerError when the port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = _prediction(port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="embedded-broker", daemon=True)

    def __enter__(self) -> Self:
        make = _import_broker()
        # It tells every connection and every goodbye as a warning; what goes wrong is raised.
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        self._thread.start()
        try:
            self._broker = self._call(self._started(make))
        except Exception as error:  # noqa: BLE001  whatever amqtt raises, there is no broker then
            self._stop_loop()
            raise BrokerError(f"{HOST}:{self.port}: the embedded broker cannot start: {error}") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._broker.shutdown())
        self._stop_loop()

    async def _started(self, make: Any) -> Any:
        broker = make(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{self.port}"}},
                "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            }
        )
        await broker.start()
        return broker

    def _call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_SECONDS)

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_SECONDS)
        self._loop.close()


def _import_broker() -> Any:
    try:
        from amqtt.broker import Broker  # noqa: PLC0415  (only the demo needs it, and it is slow to import)
    except ImportError:
        raise UsageError("the demo needs an MQTT broker, amqtt: from a clone, pip install '.[demo]'") from None
    return Broker


def _prediction(port: int) -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise BrokerError(f"{HOST}:{port}: cannot be used: {error.strerror}; choose another --port") from None
        return int(probe.getsockname()[1])
