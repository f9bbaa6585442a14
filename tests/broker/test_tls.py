"""TLS to the broker: certificates of both sides, trusted, refused, expired and replaced."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from edgegate.broker import probe
from edgegate.errors import BrokerError, ConfigError
from tests.support.brokers import Mosquitto, needs_mosquitto, wait_until
from tests.support.uplinks import Door, settings


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


def test_an_encrypted_key_is_refused_without_asking_the_terminal(certificates: Certificates, tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    subprocess.run(
        ["openssl", "rsa", "-aes256", "-passout", "pass:x", "-in", certificates.client_key, "-out", locked],
        check=True,
        capture_output=True,
    )
    with pytest.raises(ConfigError, match="not a usable certificate and key"):
        probe(settings(1883, tls=True, cert_file=certificates.client, key_file=str(locked)))
