"""`edgegate watch`: a live view that survives the broker, and says why when it cannot begin."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from edgegate.broker import Message, Topics, connect
from edgegate.broker.connection import Acknowledged
from edgegate.config import MqttSettings
from tests.support.brokers import EmbeddedBroker, Mosquitto, free_port, needs_mosquitto
from tests.support.program import Program

FRONT, BACK = Topics("home", "front"), Topics("home", "back")
ONLINE = Message(FRONT.availability, b"online", retained=True)


def event(door: str, **data: object) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"{door}/b1/7",
            "source": f"/edgegate/home/{door}",
            "type": "io.edgegate.access.granted",
            "time": "2026-01-01T12:00:03.200Z",
            "subject": "p1",
            "data": data,
        }
    ).encode()


GRANTED = Message(FRONT.event, event("front", person="Grace", reason="", score=0.71, threshold=0.5234))


@pytest.fixture(params=[pytest.param("mosquitto", marks=needs_mosquitto), "embedded"])
def broker(request: pytest.FixtureRequest) -> Iterator[Mosquitto | EmbeddedBroker]:
    with Mosquitto() if request.param == "mosquitto" else EmbeddedBroker() as running:
        yield running


@contextmanager
def publishing(port: int) -> Iterator[Callable[[Sequence[Message]], None]]:
    """Yields a function that publishes messages and waits for their acknowledgement; the door is online from the start.

    It stays connected while the block runs: amqtt forgets what it has acknowledged to somebody who leaves at once.
    """
    connection = connect(MqttSettings(host="127.0.0.1", port=port), "publisher")

    def publish(messages: Sequence[Message]) -> None:
        for message in messages:
            connection.publish(message)
        left = len(messages)
        while left:
            # amqtt also sends retained messages to who comes again, though it never asked for any
            left -= isinstance(connection.notices.get(timeout=10), Acknowledged)

    publish([ONLINE])
    yield publish
    connection.close()


def address(port: int) -> list[str]:
    return ["--set", "mqtt.host=127.0.0.1", "--set", f"mqtt.port={port}"]


@contextmanager
def watching(program: Program, port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own; killed in the end if it has not ended."""
    command = program.command("watch", *address(port), *options)
    ignored = signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite run in the background hands this down
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, ignored)
    with process:
        try:
            yield process
        finally:
            process.kill()


def lines_of(
    program: Program, port: int, messages: Sequence[Message], *options: str, expected: int | None = None
) -> list[str]:
    """Returns the lines it prints when it finds the door online, and then these messages come."""
    count = 1 + (len(messages) if expected is None else expected)
    with publishing(port) as publish, watching(program, port, "--count", str(count), *options) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        publish(messages)
        rest, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (0, "")
    return [first.rstrip("\n"), *rest.splitlines()]


def test_a_line_each(edgegate: Program, broker: Mosquitto | EmbeddedBroker) -> None:
    state = Message(FRONT.state, b'{"lock": "locked", "door": "unknown", "degraded": {}}', retained=True)
    online, granted, stated = lines_of(edgegate, broker.port, [GRANTED, state])
    assert online.split()[2:] == ["front", "availability", "online"]
    when = datetime.fromisoformat("2026-01-01T12:00:03Z").astimezone()
    assert granted == f"{when:%Y-%m-%d %H:%M:%S}  front  access.granted    Grace  score 0.710, needs 0.523"
    assert stated.endswith("front  state             lock locked, door unknown")


def test_json_lines(edgegate: Program, broker: Mosquitto | EmbeddedBroker) -> None:
    online, granted = map(json.loads, lines_of(edgegate, broker.port, [GRANTED], "--json"))
    assert online == {"topic": FRONT.availability, "retained": True, "payload": "online"}
    assert granted == {"topic": FRONT.event, "retained": False, "payload": json.loads(GRANTED.payload)}


def test_json_lines_steer_no_terminal(edgegate: Program, broker: Mosquitto | EmbeddedBroker) -> None:
    name = "Grace\u202e\x9b2J"
    steering = Message(FRONT.event, event("front", person=name, half="\ud800"))
    _, line = lines_of(edgegate, broker.port, [steering], "--json")
    assert line.isprintable()
    assert json.loads(line)["payload"]["data"] == {"person": name, "half": "\ud800"}


def test_other_doors_only_when_asked(edgegate: Program, broker: Mosquitto | EmbeddedBroker) -> None:
    both = [Message(BACK.event, event("back")), GRANTED]
    assert len(lines_of(edgegate, broker.port, both, "--all")) == 3
    assert "front" in lines_of(edgegate, broker.port, both, expected=1)[1]


def test_what_is_not_an_event_is_shown_and_cannot_steer_the_terminal(
    edgegate: Program, broker: Mosquitto | EmbeddedBroker
) -> None:
    strange = [
        Message(FRONT.event, b"\x1b[2Jhello"),
        Message(FRONT.state, b"\xff\xfe"),
        Message(FRONT.event, b"[1, 2]"),
        Message(FRONT.event, event("front", person="\x1b[31mGrace\n!")),
    ]
    lines = lines_of(edgegate, broker.port, strange)[1:]
    assert [("not understood" in line, line.isprintable()) for line in lines] == [(True, True)] * 3 + [(False, True)]
    assert "�[31mGrace�!" in lines[3]


def test_it_ends_by_itself_or_by_ctrl_c(edgegate: Program, broker: Mosquitto | EmbeddedBroker) -> None:
    assert edgegate("watch", *address(broker.port), "--seconds", "0.1").status == 0
    with publishing(broker.port), watching(edgegate, broker.port) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        assert (process.returncode, err) == (0, "")


@needs_mosquitto
def test_it_comes_back_when_the_broker_does(edgegate: Program) -> None:
    with Mosquitto() as broker, watching(edgegate, broker.port, "--count", "2") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        with publishing(broker.port):
            assert "online" in process.stdout.readline()
        broker.kill()
        assert "connection lost; trying again" in process.stderr.readline()
        broker.start()
        with publishing(broker.port):
            assert "online" in process.stdout.readline()
        assert process.wait(10) == 0


def test_no_broker_is_one_line_and_exit_1(edgegate: Program) -> None:
    port = free_port()
    result = edgegate("watch", *address(port))
    assert result.status == 1
    assert result.problem == f"127.0.0.1:{port}: cannot be reached: nothing listens there; is the broker running?"


@needs_mosquitto
def test_a_refused_password_is_one_line_and_exit_1(edgegate: Program, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    (tmp_path / "passwords").touch(0o600)
    options = ["allow_anonymous false", f"password_file {tmp_path / 'passwords'}"]
    keys = ["--set", "mqtt.username=staff", "--set", f"mqtt.password_file={secret}"]
    with Mosquitto(options) as broker:
        result = edgegate("watch", *address(broker.port), *keys)
    assert result.status == 1
    assert "bad user name or password" in result.problem


@pytest.mark.parametrize(
    "words",
    [
        ["--count", "0"],
        ["--count", "1.5"],
        ["--seconds", "x"],
        ["--set", "mqtt.enabled=false"],
        ["--set", "mqtt.username=x", "--set", "mqtt.password_file=absent"],
    ],
)
def test_a_wrong_call(edgegate: Program, words: list[str]) -> None:
    assert edgegate("watch", *address(free_port()), *words).status == 2
