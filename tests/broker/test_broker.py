"""Publishing to staff: every event arrives, in order, whatever happens to the broker."""

from __future__ import annotations

import json
import logging
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgegate.broker import Delays, Uplink
from edgegate.broker.backoff import Backoff
from edgegate.clock import SystemClock
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Journal
from tests.support.brokers import EmbeddedBroker, Mosquitto, Subscriber, needs_mosquitto, wait_until
from tests.support.uplinks import PATIENT, SOON, TOPICS, Door, numbers, settings


def test_events_arrive_in_order_with_names_and_leave_the_outbox(
    broker: Mosquitto | EmbeddedBroker, tmp_path: Path
) -> None:
    with Subscriber(broker.port) as staff, Door(tmp_path, settings(broker.port)) as door:
        door.say(50)
        door.journal.append([Event(EventType.GRANTED, 0.0, "p1", {"person": None})])
        assert door.uplink.flush(10)
        staff.wait_for(51, leaf="/event")
        assert numbers(staff) == list(range(1, 52))
        assert json.loads(staff.messages("/event")[-1].payload)["data"]["person"] == "Grace"
        assert not any(message.retained for message in staff.messages("/event"))
        assert door.waiting() == []


def test_availability_and_state_are_retained(broker: Mosquitto | EmbeddedBroker, tmp_path: Path) -> None:
    with Door(tmp_path, settings(broker.port)) as door:
        door.uplink.set_state({"lock": "unlocked"})
        door.uplink.set_state({"lock": "locked"})
        assert door.uplink.flush(10)
        with Subscriber(broker.port) as late:
            late.wait_for(2)
            assert {(m.topic, m.payload, m.retained) for m in late.messages()} == {
                (TOPICS.availability, b"online", True),
                (TOPICS.state, b'{"lock": "locked"}', True),
            }


@needs_mosquitto
def test_a_door_that_is_closed_publishes_offline(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Skips amqtt, which may forget what it acknowledged to a client that disconnects at once."""
    with Subscriber(mosquitto.port, TOPICS.availability) as staff:
        with Door(tmp_path, settings(mosquitto.port)) as door:
            door.say(30)
        assert [m.payload for m in staff.wait_for(2)] == [b"online", b"offline"]
        assert door.uplink.status.problem == "closed"


def test_an_unchanged_state_is_not_repeated(broker: Mosquitto | EmbeddedBroker, tmp_path: Path) -> None:
    with Subscriber(broker.port) as staff, Door(tmp_path, settings(broker.port)) as door:
        for state in ("locked", "locked", "unlocked"):
            door.uplink.set_state({"lock": state})
            door.say()
            assert door.uplink.flush(10)
        staff.wait_for(3, leaf="/event")
        assert [json.loads(m.payload)["lock"] for m in staff.messages("/state")] == ["locked", "unlocked"]


def test_what_another_process_wrote_is_published_unasked(tmp_path: Path) -> None:
    with EmbeddedBroker() as broker, Subscriber(broker.port) as staff, Door(tmp_path, settings(broker.port)) as door:
        assert door.uplink.flush(10)
        door.journal.append([Event(EventType.PERSON_ENROLLED, 0.0, "p1", {"person": None})])
        staff.wait_for(1, leaf="/event")


@needs_mosquitto
def test_a_restarted_door_sends_what_was_left(mosquitto: Mosquitto, tmp_path: Path) -> None:
    mosquitto.kill()
    with Door(tmp_path, settings(mosquitto.port)) as door:
        door.say(30)
        assert not door.uplink.flush(0.2)
    mosquitto.start()
    with Subscriber(mosquitto.port) as staff, Door(tmp_path, settings(mosquitto.port)) as door:
        assert door.uplink.flush(10)
        staff.wait_for(30, leaf="/event")
        assert numbers(staff) == list(range(1, 31))


@needs_mosquitto
def test_a_broker_killed_and_restarted_while_events_come(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Subscriber(mosquitto.port) as staff, Door(tmp_path, settings(mosquitto.port), PATIENT) as door:
        for restarts in (1, 2):
            with door.talking(at_least=150):
                staff.wait_for(len(numbers(staff)) + 100, leaf="/event")
                mosquitto.restart()
                staff.wait_subscribed(restarts + 1)
            assert door.uplink.flush(30)
        assert door.waiting() == [], "the broker has acknowledged every event"
        last = door.journal.append([Event(EventType.SERVICE_STOPPED, 0.0)])[0]["id"].rpartition("/")[2]
        assert door.uplink.flush(10)
        staff.wait_until(lambda: numbers(staff)[-1:] == [int(last)])
    arrived = numbers(staff)
    assert list(dict.fromkeys(arrived)) == list(range(1, int(last) + 1)), "all of them, in order"
    assert int(last) > 300
    assert len(arrived) - int(last) <= 2 * 20, "twice only what was in flight"
    assert [m.payload for m in staff.messages("/availability")].count(b"online") == 3


DOOR = """
import sys, threading
from pathlib import Path
from edgegate.broker import Topics, Uplink
from edgegate.clock import SystemClock
from edgegate.config import MqttSettings
from edgegate.events.cloudevents import Origin
from edgegate.journal import Journal
open_journal = lambda: Journal(
    Path(sys.argv[2]), origin=Origin("home", "front", "b1"), clock=SystemClock(), outbox=True
)
uplink = Uplink(
    MqttSettings(host="127.0.0.1", port=int(sys.argv[1])), Topics("home", "front"), open_journal, lambda _: None
)
uplink.start()
print(uplink.flush(10), flush=True)
threading.Event().wait()
"""


@contextmanager
def door_process(port: int, journal: Path) -> Iterator[subprocess.Popen[str]]:
    """A door in a process of its own, connected; killed in the end."""
    command = [sys.executable, "-c", DOOR, str(port), str(journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "True\n"
            yield process
        finally:
            process.kill()


def test_the_last_will_reports_that_the_door_was_killed(broker: Mosquitto | EmbeddedBroker, tmp_path: Path) -> None:
    with Subscriber(broker.port, TOPICS.availability) as staff:
        with door_process(broker.port, tmp_path / "journal.db"):
            assert [m.payload for m in staff.wait_for(1)] == [b"online"]
        assert [m.payload for m in staff.wait_for(2)] == [b"online", b"offline"]


@needs_mosquitto
def test_a_frozen_door_that_comes_back_is_online_not_offline(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """The broker ends the connection it still holds for this door, last will and all, before it takes another."""
    with (
        Subscriber(mosquitto.port, TOPICS.availability) as staff,
        door_process(mosquitto.port, tmp_path / "frozen.db") as frozen,
    ):
        frozen.send_signal(signal.SIGSTOP)
        with Door(tmp_path, settings(mosquitto.port)) as door:
            assert door.uplink.flush(10)
            assert [m.payload for m in staff.wait_for(3)] == [b"online", b"offline", b"online"]


def test_an_older_broker_is_used_in_its_version_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedBroker() as broker, Door(tmp_path, settings(broker.port)) as door:
        door.say()
        assert door.uplink.flush(10)
        assert door.uplink.status.protocol == "MQTT 3.1.1 (no reason codes, no message expiry)"
        warnings = [r.message for r in caplog.records if r.levelno >= logging.WARNING and r.name.startswith("edge")]
        assert warnings == ["the broker does not speak MQTT 5: an event that it refuses counts as delivered"]


@needs_mosquitto
def test_an_event_nobody_listens_to_is_delivered(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Door(tmp_path, settings(mosquitto.port)) as door:
        door.say(3)
        assert door.uplink.flush(10)
        assert door.waiting() == []


def test_a_mistake_of_ours_is_reported_and_the_attempts_go_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The door can do without its broker, and so nothing that goes wrong here may end it."""
    mistakes = [RuntimeError("no outbox")]
    path = tmp_path / "journal.db"

    def broken_at_first() -> Journal:
        if mistakes:
            raise mistakes.pop()
        return Journal(path, origin=Origin("home", "front", "b1"), clock=SystemClock(), outbox=True)

    with EmbeddedBroker() as broker:
        uplink = Uplink(settings(broker.port), TOPICS, broken_at_first, lambda _: None, delays=SOON)
        uplink.start()
        wait_until(lambda: not mistakes and uplink.flush(1))
        assert uplink.failed is None
        uplink.close(10)
    assert "please report it: RuntimeError('no outbox')" in caplog.text


def test_delays_double_up_to_the_longest_and_start_again_after_a_success() -> None:
    backoff = Backoff(Delays(first=1, longest=4, refused=60), random.Random(2))
    for delay in (1, 2, 4, 4):
        assert delay / 2 <= backoff.fail(refused=False) <= delay
    assert 30 <= backoff.fail(refused=True) <= 60
    backoff.succeed()
    assert backoff.fail(refused=False) <= 1
