"""Telling staff: every event arrives, in order, whatever happens to the broker, and every refusal is told."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from edgegate.broker import Delays, Topics, Uplink, probe
from edgegate.broker.backoff import Backoff
from edgegate.broker.refusals import RefusedError, refusal, unreachable
from edgegate.clock import SystemClock
from edgegate.config import MqttSettings
from edgegate.errors import BrokerError, ConfigError
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Journal
from tests.support.brokers import EmbeddedBroker, Mosquitto, Subscriber, free_port, needs_mosquitto, wait_until

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


@pytest.fixture(params=[pytest.param("mosquitto", marks=needs_mosquitto), "embedded"])
def broker(request: pytest.FixtureRequest) -> Iterator[Mosquitto | EmbeddedBroker]:
    with Mosquitto() if request.param == "mosquitto" else EmbeddedBroker() as running:
        yield running


@pytest.fixture
def mosquitto() -> Iterator[Mosquitto]:
    with Mosquitto() as running:
        yield running


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
def test_a_door_that_is_closed_says_so(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Not tried on amqtt, which may forget what it acknowledged to somebody who leaves at once."""
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


def test_the_last_will_tells_that_the_door_was_killed(broker: Mosquitto | EmbeddedBroker, tmp_path: Path) -> None:
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


def test_an_older_broker_is_spoken_to_in_its_version_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedBroker() as broker, Door(tmp_path, settings(broker.port)) as door:
        door.say()
        assert door.uplink.flush(10)
        assert door.uplink.status.protocol == "MQTT 3.1.1 (no reason codes, no message expiry)"
        warnings = [r.message for r in caplog.records if r.levelno >= logging.WARNING and r.name.startswith("edge")]
        assert warnings == ["the broker does not speak MQTT 5: an event that it refuses counts as delivered"]


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


@needs_mosquitto
def test_an_event_nobody_listens_to_is_delivered(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Door(tmp_path, settings(mosquitto.port)) as door:
        door.say(3)
        assert door.uplink.flush(10)
        assert door.waiting() == []


class Certificates:
    """An authority of our own, and what it signed."""

    def __init__(self, folder: Path) -> None:
        authority = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
        self.ca, ca_key = self._make(folder, "ca", ["-x509", *authority])
        sign = ["-x509", "-CA", self.ca, "-CAkey", ca_key, "-addext", "basicConstraints=CA:FALSE", "-addext"]
        self.server, self.server_key = self._make(folder, "server", [*sign, "subjectAltName=IP:127.0.0.1"])
        self.client, self.client_key = self._make(folder, "client", [*sign, "extendedKeyUsage=clientAuth"])
        self.expired, self.expired_key = self._lapse(folder, ca_key), self.server_key
        self.stranger, self.stranger_key = self._make(folder, "stranger", ["-x509"])

    @staticmethod
    def _make(folder: Path, name: str, options: list[str]) -> tuple[str, str]:
        cert, key = str(folder / f"{name}.pem"), str(folder / f"{name}.key")
        files = ["-out", cert, "-keyout", key]
        subprocess.run(
            [
                "openssl",
                "req",
                "-newkey",
                "rsa:2048",
                "-nodes",
                *files,
                "-days",
                "30",
                "-subj",
                f"/CN={name}",
                *options,
            ],
            check=True,
            capture_output=True,
        )
        return cert, key

    def _lapse(self, folder: Path, ca_key: str) -> str:
        """The server's certificate as it was issued for 2020; the openssl command cannot backdate one."""
        issued = x509.load_pem_x509_certificate(Path(self.server).read_bytes())
        builder = x509.CertificateBuilder().subject_name(issued.subject).issuer_name(issued.issuer)
        builder = builder.public_key(issued.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        builder = builder.not_valid_after(datetime(2021, 1, 1, tzinfo=UTC))
        for extension in issued.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        key = load_pem_private_key(Path(ca_key).read_bytes(), None)
        assert isinstance(key, RSAPrivateKey)
        path = folder / "expired.pem"
        path.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
        return str(path)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def tls_broker(certificates: Certificates) -> Iterator[Mosquitto]:
    options = [f"cafile {certificates.ca}", f"certfile {certificates.server}", f"keyfile {certificates.server_key}"]
    with Mosquitto([*options, "require_certificate true"]) as running:
        yield running


@needs_mosquitto
class TestTls:
    def test_both_sides_show_certificates(
        self, tls_broker: Mosquitto, certificates: Certificates, tmp_path: Path
    ) -> None:
        keys = {
            "tls": True,
            "ca_file": certificates.ca,
            "cert_file": certificates.client,
            "key_file": certificates.client_key,
        }
        assert probe(settings(tls_broker.port, **keys)) == "MQTT 5, TLS"
        with Door(tmp_path, settings(tls_broker.port, **keys)) as door:
            door.say(30)
            assert door.uplink.flush(10)
            tls_broker.restart()
            door.say(30)
            assert door.uplink.flush(10)

    def test_a_broker_we_do_not_know_is_not_trusted(self, tls_broker: Mosquitto) -> None:
        with pytest.raises(BrokerError, match=r"its authority is not trusted here; see mqtt\.ca_file"):
            probe(settings(tls_broker.port, tls=True))

    def test_a_broker_of_another_name_is_not_trusted(self, tls_broker: Mosquitto, certificates: Certificates) -> None:
        keys = {"tls": True, "ca_file": certificates.ca, "host": "localhost"}
        with pytest.raises(BrokerError, match=r"[Hh]ostname mismatch.*: it is for another host; see mqtt\.host"):
            probe(settings(tls_broker.port, **keys))

    def test_a_broker_s_certificate_that_has_expired(self, certificates: Certificates) -> None:
        files = [f"cafile {certificates.ca}", f"certfile {certificates.expired}", f"keyfile {certificates.expired_key}"]
        with Mosquitto(files) as broker, pytest.raises(BrokerError, match="it has expired; renew the broker's"):
            probe(settings(broker.port, tls=True, ca_file=certificates.ca))

    def test_a_door_s_certificate_that_the_broker_refuses_and_then_accepts(
        self, tls_broker: Mosquitto, certificates: Certificates, tmp_path: Path
    ) -> None:
        cert, key = tmp_path / "door.pem", tmp_path / "door.key"
        cert.write_bytes(Path(certificates.stranger).read_bytes())
        key.write_bytes(Path(certificates.stranger_key).read_bytes())
        keys = {"tls": True, "ca_file": certificates.ca, "cert_file": str(cert), "key_file": str(key)}
        with Door(tmp_path, settings(tls_broker.port, **keys)) as door:
            door.say(3)
            wait_until(lambda: "does it accept this door's certificate" in str(door.uplink.status.problem))
            key.write_bytes(Path(certificates.client_key).read_bytes())
            cert.write_bytes(Path(certificates.client).read_bytes())
            assert door.uplink.flush(20), "read again for every attempt"

    def test_a_door_without_the_certificate_it_needs(self, tls_broker: Mosquitto, certificates: Certificates) -> None:
        with pytest.raises(BrokerError, match=r"does it want a certificate \(mqtt\.cert_file\)\?"):
            probe(settings(tls_broker.port, tls=True, ca_file=certificates.ca))

    def test_encrypting_to_a_plain_port(self, mosquitto: Mosquitto) -> None:
        with pytest.raises(BrokerError, match=r"TLS failed|cannot be reached"):
            probe(settings(mosquitto.port, tls=True), timeout=2)


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
    """One peer says nothing at all, the other answers in another language and hangs up."""
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


def test_an_encrypted_key_is_refused_without_asking_the_terminal(certificates: Certificates, tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    subprocess.run(
        ["openssl", "rsa", "-aes256", "-passout", "pass:x", "-in", certificates.client_key, "-out", locked],
        check=True,
        capture_output=True,
    )
    with pytest.raises(ConfigError, match="not a usable certificate and key"):
        probe(settings(1883, tls=True, cert_file=certificates.client, key_file=str(locked)))


def test_a_mistake_of_ours_is_told_and_the_attempts_go_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
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


def test_delays_double_up_to_the_longest_and_start_anew_after_a_success() -> None:
    backoff = Backoff(Delays(first=1, longest=4, refused=60), random.Random(2))
    for delay in (1, 2, 4, 4):
        assert delay / 2 <= backoff.fail(refused=False) <= delay
    assert 30 <= backoff.fail(refused=True) <= 60
    backoff.succeed()
    assert backoff.fail(refused=False) <= 1
