"""`edgegate replay --publish`: the printed events reach the broker, in order, also when it is killed in between."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from edgegate.broker.session import WINDOW
from tests.support.brokers import Mosquitto, Subscriber, free_port, needs_mosquitto, wait_until
from tests.support.door_scenes import write_scene
from tests.support.program import Program, essence

Scene = Callable[[str], Path]

GRANTED = ["access.granted recognised", "lock.unlocked", "lock.locked"]


def test_publishing_needs_an_enabled_broker(door: Program, scene: Scene) -> None:
    result = door("replay", scene("enrolled"), "--publish", "--set", "mqtt.enabled=false")
    assert (result.status, result.problem.split(":")[0]) == (2, "replay --publish")


@needs_mosquitto
def test_published_events_are_the_printed_ones(door: Program, scene: Scene) -> None:
    with Mosquitto() as broker, Subscriber(broker.port) as staff:
        result = door("replay", scene("enrolled"), "--publish", "--set", f"mqtt.port={broker.port}")
        received = [json.loads(message.payload) for message in staff.wait_for(3, leaf="/event")]
        leaves = {message.topic.rpartition("/")[2] for message in staff.messages()}
    assert (result.status, result.err) == (0, "")
    assert received == result.events
    assert leaves == {"event"}, "a replay is no door: it does not publish whether one is there"


@needs_mosquitto
def test_a_broker_killed_in_the_middle_gets_every_event_in_order(door: Program, tmp_path: Path) -> None:
    visits = 8
    video = write_scene(tmp_path / "visits.avi", [("enrolled", 0.7), ("nobody", 1.6)] * visits)
    settings = ["access.rearm_seconds=1", "door.unlock_seconds=0.5", f"mqtt.port={free_port()}"]
    call = door.command("replay", video, "--publish", *(word for setting in settings for word in ("--set", setting)))
    port = int(settings[-1].partition("=")[2])
    with Mosquitto(port=port) as broker, Subscriber(port) as staff:
        with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            staff.wait_for(1, leaf="/event")
            broker.kill()
            assert process.stdout is not None
            printed = [json.loads(process.stdout.readline()) for _ in range(len(GRANTED) * visits)]
            process.send_signal(signal.SIGSTOP)  # so that the subscriber is there first
            broker.start()
            staff.wait_subscribed(2)
            process.send_signal(signal.SIGCONT)
            out, err = process.communicate(timeout=60)
        wait_until(lambda: printed[-1]["id"] in _received(staff))
        received = _received(staff)
    assert (process.returncode, out) == (0, "")
    assert all(line.startswith("edgegate: ") for line in err.splitlines())
    assert [essence(event) for event in printed] == GRANTED * visits
    assert list(dict.fromkeys(received)) == [event["id"] for event in printed]
    assert len(received) - len(printed) <= WINDOW


def _received(staff: Subscriber) -> list[str]:
    return [json.loads(message.payload)["id"] for message in staff.messages("/event")]
