"""Connections and messages that are refused or fail, each reported in words with a way out."""

from __future__ import annotations

import contextlib
import errno
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from edgegate.broker import probe
from edgegate.broker.refusals import RefusedError, refusal, unreachable
from edgegate.errors import BrokerError, ConfigError
from tests.support.brokers import EmbeddedBroker, Mosquitto, Subscriber, free_port, needs_mosquitto, wait_until
from tests.support.uplinks import TOPICS, Door, numbers, settings


def test_an_older_broker_is_refused_where_only_version_5_will_do() -> None:
    with EmbeddedBroker() as broker, pytest.raises(BrokerError, match=r"version of MQTT; see mqtt\.protocol"):
        probe(settings(broker.port, protocol="5"))


@needs_mosquitto
@pytest.mark.parametrize("protocol", ["auto", "3.1.1"])
def test_a_wrong_password_is_an_alarm_and_nothing_is_lost(
    protocol: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "door", "right"], check=True)
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    keys = {"username": "door", "password_file": str(secret), "protocol": protocol}
    with Mosquitto(["allow_anonymous false", f"password_file {passwords}"]) as broker:
        with Door(tmp_path, settings(broker.port, **keys)) as door:
            door.say()
            wait_until(lambda: door.uplink.status.refused)
            assert "bad user name or password" in str(door.uplink.status.problem)
            assert "ERROR" in {record.levelname for record in caplog.records}
            assert door.waiting() == [1]
            secret.write_text("right\nonly the first line counts\n")
            assert door.uplink.flush(10), "the file is read again for every attempt"
        with pytest.raises(BrokerError, match=r"refused: .*bad user name or password"):
            probe(settings(broker.port))


@needs_mosquitto
def test_an_event_that_the_broker_refuses_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rules = tmp_path / "acl"
    rules.write_text(f"topic read #\ntopic write {TOPICS.availability}\n")
    rules.chmod(0o600)
    with Mosquitto([f"acl_file {rules}"]) as broker, Subscriber(broker.port) as staff:
        with Door(tmp_path, settings(broker.port)) as door:
            door.say(3)
            wait_until(lambda: door.uplink.status.refused)
            assert f"refuses {TOPICS.event}: not authorized" in str(door.uplink.status.problem)
            assert "ERROR" in {record.levelname for record in caplog.records}
            assert door.waiting() == [1, 2, 3]
            assert numbers(staff) == []
            rules.write_text("topic readwrite #\n")
            broker.restart()
            staff.wait_subscribed(2)
            assert door.uplink.flush(10)
        staff.wait_for(3, leaf="/event")
        assert door.uplink.status.problem == "closed"


def test_words_for_what_brokers_say() -> None:
    taken = refusal("host:1", 142, "Session taken over")
    assert isinstance(taken, RefusedError)
    assert "do two daemons run for one door?" in str(taken)
    assert str(refusal("host:1", 136, "Server unavailable")) == "host:1: closed the connection: server unavailable"


def test_nothing_listens() -> None:
    with pytest.raises(BrokerError, match="cannot be reached: nothing listens there; is the broker running"):
        probe(settings(free_port()))


def test_no_such_host() -> None:
    with pytest.raises(BrokerError, match=r"cannot be reached: no (such host|name server answers)"):
        probe(settings(1883, host="nowhere.invalid"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "no such host; see mqtt.host"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "no name server answers; is there a network?"),
        (TimeoutError(), "no answer; see mqtt.host, the network and the firewall"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "no way there; see to the cable or the Wi-Fi"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
    ],
)
def test_words_for_what_networks_say(error: OSError, words: str) -> None:
    assert str(unreachable("host:1", error)) == f"host:1: cannot be reached: {words}"


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_something_else_listens(greeting: bytes) -> None:
    """One peer hangs, the other answers in HTTP and closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def serve() -> None:
            with contextlib.suppress(OSError):  # the server is closed under it when the test is over
                while True:
                    sock, _ = server.accept()
                    held.append(sock)
                    if greeting:
                        sock.recv(1000)
                        sock.sendall(greeting)
                        sock.close()

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(BrokerError, match=r"does not answer in MQTT|without a reason code|connection lost"):
            probe(settings(server.getsockname()[1]), timeout=1)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            {"username": "door", "password_file": "absent"},
            "mqtt.password_file = 'absent': cannot be read: No such file",
        ),
        ({"username": "door", "password_file": "/dev/null"}, "its first line is empty"),
        ({"tls": True, "ca_file": "absent"}, "mqtt.ca_file = 'absent': not usable certificates: No such file"),
        ({"tls": True, "ca_file": __file__}, f"mqtt.ca_file = {__file__!r}: not usable certificates"),
        ({"tls": True, "cert_file": __file__}, f"mqtt.cert_file = {__file__!r}: not a usable certificate and key"),
    ],
)
def test_files_that_cannot_be_used_stop_the_start(keys: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Door(tmp_path, settings(1883, **keys))
    assert problem in str(caught.value)
    assert len(caught.value.problems) == 1
