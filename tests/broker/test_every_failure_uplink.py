"""Failure of each piece of an MQTT conversation and each statement of the outbox in turn: every event still arrives."""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
from pathlib import Path

import pytest

from edgegate.broker import Delays, Topics, Uplink
from edgegate.clock import VirtualClock
from edgegate.config import MqttSettings
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Journal
from tests.support.brokers import Mosquitto, Subscriber, needs_mosquitto, wait_until
from tests.support.failing import Calls, Proxy, database

EVENTS = 6
SOON = Delays(first=0.02, longest=0.05, refused=0.05)


def publish(folder: Path, calls: Calls, port: int) -> None:
    """Writes some events while the door talks to a broker through a proxy that breaks."""
    origin, clock = Origin("home", folder.name, "b1"), VirtualClock()

    def journal(factory: bool = False) -> Journal:
        made = database(calls) if factory else sqlite3.Connection
        return Journal(folder / "journal.db", origin=origin, clock=clock, outbox=True, factory=made)

    kept = journal()
    with Proxy(calls, port) as proxy:
        settings = MqttSettings.model_validate({"host": "127.0.0.1", "port": proxy.port})
        uplink = Uplink(
            settings,
            Topics("home", folder.name),
            lambda: journal(factory=True),
            lambda _: None,
            delays=SOON,
            rng=random.Random(1),
        )
        calls.armed = True
        uplink.start()
        uplink.set_state({"lock": "locked"})
        for _ in range(EVENTS // 2):
            kept.append([Event(EventType.DENIED, 0.0, data={"reason": "unknown"})] * 2)
            uplink.notify()
        try:
            wait_until(lambda: not kept.pending(0, 1))
            assert uplink.flush(10)
        finally:
            calls.armed = False
            uplink.close(10)
            kept.close()
        assert uplink.failed is None


@needs_mosquitto
@pytest.mark.parametrize("late", [False, True], ids=["undone", "done"])
def test_whatever_breaks_each_event_arrives_and_only_then_leaves_the_outbox(tmp_path: Path, *, late: bool) -> None:
    with Mosquitto() as broker, Subscriber(broker.port) as staff:
        for number in itertools.count(1):
            folder = tmp_path / str(number)
            folder.mkdir()
            calls = Calls((number,), late=late)
            publish(folder, calls, broker.port)
            expected = [f"{number}/b1/{seq + 1}" for seq in range(EVENTS)]

            def arrived(leaf: str = f"/{number}/event") -> list[str]:
                return [json.loads(message.payload)["id"] for message in staff.messages(leaf)]

            staff.wait_until(lambda: set(arrived()) == set(expected))  # noqa: B023  it is called at once
            assert list(dict.fromkeys(arrived())) == expected, f"in order, after the failure of {calls.failed}"
            if not calls.failed:
                break
        assert number > 10
