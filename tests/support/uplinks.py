"""A journal and the uplink that publishes from it, without the rest of a door."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgegate.broker import Delays, Topics, Uplink
from edgegate.clock import SystemClock
from edgegate.config import MqttSettings
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Journal
from tests.support.brokers import Subscriber

TOPICS = Topics("home", "front")
SOON = Delays(first=0.05, longest=0.2, refused=0.2)
PATIENT = Delays(first=2.0, longest=2.0)
"""A second or two: time for a subscriber to be back before the door is."""


def settings(port: int, **keys: Any) -> MqttSettings:
    return MqttSettings.model_validate({"host": "127.0.0.1", "port": port} | keys)


class Door:
    """A journal and the uplink that publishes from it, as the daemon has them."""

    def __init__(self, folder: Path, mqtt: MqttSettings, delays: Delays = SOON) -> None:
        self._path = folder / "journal.db"
        self.journal = self._open()
        names = {"p1": "Grace"}.get
        self.uplink = Uplink(mqtt, TOPICS, self._open, names, delays=delays, rng=random.Random(1))

    def __enter__(self) -> Door:
        self.uplink.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.uplink.close(10)
        self.journal.close()
        assert self.uplink.failed is None

    def say(self, count: int = 1, **data: Any) -> None:
        for _ in range(count):
            self.journal.append([Event(EventType.DENIED, 0.0, data={"reason": "unknown", "person": None} | data)])
            self.uplink.notify()

    @contextmanager
    def talking(self, at_least: int) -> Iterator[None]:
        """Another process's events keep coming as long as the block runs."""
        enough = threading.Event()

        def talk() -> None:
            journal = self._open()
            count = 0
            while count < at_least or not enough.is_set():
                journal.append([Event(EventType.DENIED, 0.0, data={"reason": "unknown"})])
                self.uplink.notify()
                count += 1
                enough.wait(0.003)  # a writer that never pauses would hardly let the uplink at the database
            journal.close()

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()

    def waiting(self) -> list[int]:
        return [seq for seq, _ in self.journal.pending(0, 10_000)]

    def _open(self) -> Journal:
        return Journal(self._path, origin=Origin("home", "front", "b1"), clock=SystemClock(), outbox=True)


def numbers(subscriber: Subscriber) -> list[int]:
    events = [json.loads(message.payload) for message in subscriber.messages("/event")]
    return [int(event["id"].rpartition("/")[2]) for event in events]
