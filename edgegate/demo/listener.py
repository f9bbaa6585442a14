"""A member of staff at the other end: subscribes to the door's events and hands on each as it arrives."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from typing import Self

from edgegate.broker import Message, Topics, connect
from edgegate.broker.connection import Acknowledged, Lost
from edgegate.config import MqttSettings
from edgegate.errors import BrokerError
from edgegate.events.cloudevents import CloudEvent

_SECONDS = 10.0


class Listener:
    """Listens while its `with` block runs; `hear` is called with every event, on the listener's thread."""

    def __init__(self, settings: MqttSettings, topics: Topics, hear: Callable[[CloudEvent], object]) -> None:
        self.events: list[CloudEvent] = []
        self._hear = hear
        self._topic = topics.event
        self._connection = connect(settings, f"edgegate-demo-{secrets.token_hex(4)}")
        self._changed = threading.Condition()
        self._subscribed = False
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)

    def __enter__(self) -> Self:
        self._connection.subscribe([self._topic])
        self._thread.start()
        with self._changed:
            if not self._changed.wait_for(lambda: self._subscribed, _SECONDS):
                raise BrokerError(f"{self._connection.where}: does not answer a subscription")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.drop()
        self._thread.join(_SECONDS)

    def wait_for(self, count: int) -> bool:
        """True if `count` events have arrived within a reasonable time."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.events) >= count, _SECONDS)

    def _listen(self) -> None:
        while True:
            match self._connection.notices.get():
                case Message(payload=payload):
                    self._note(json.loads(payload))
                case Acknowledged():
                    with self._changed:
                        self._subscribed = True
                        self._changed.notify_all()
                case Lost():
                    return

    def _note(self, event: CloudEvent) -> None:
        self._hear(event)
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()
