"""A whole door on a network camera: what it writes down and says, and that the password is in none of it."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from tests.support.brokers import Mosquitto, Subscriber, needs_mosquitto, wait_until
from tests.support.daemons import events, start
from tests.support.program import Program
from tests.support.rtsp import RtspServer, certified, needs_rtsp_server

PASSWORD = "Tr0ub4dor-and-3"  # noqa: S105  nobody's

pytestmark = needs_rtsp_server


@needs_mosquitto
def test_a_door_lives_through_its_cameras_restart_and_keeps_the_password(door: Program, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    server = RtspServer("--auth", "digest", "--password", PASSWORD)
    with Mosquitto() as broker, Subscriber(broker.port) as staff, server:
        options = ["--set", f"camera.password_file={password}", "--set", f"mqtt.port={broker.port}"]
        with start(door, server.address("door"), *options) as daemon:
            daemon.wait_for("the first frame is processed")
            server.kill()
            daemon.wait_for("camera.stalled")
            shown = server.address()
            wait_until(lambda: (_degraded(staff) or {}).get("camera", "").startswith(f"{shown}: cannot be reached"))
            server.start()
            daemon.wait_for("camera.recovered")
            wait_until(lambda: "camera" not in (_degraded(staff) or {"camera": ""}))
            password.write_text("wrong\n")
            server.kill()
            server.start()
            daemon.wait_for("does not accept this user and password")
            assert daemon.end(by=signal.SIGTERM) == 0
        everything = "".join(daemon.log) + json.dumps(events(door)) + str([m.payload for m in staff.messages("")])
    assert PASSWORD not in everything
    assert "door@" not in everything
    stalled = next(event for event in events(door) if event["type"].endswith("camera.stalled"))
    assert stalled["data"]["reason"] == "unreachable"


def test_check_tells_what_is_wrong_with_a_network_camera(edgegate: Program) -> None:
    def camera(source: str) -> tuple[str, str]:
        result = edgegate("check", "--set", f"camera.source={source}", "--set", "mqtt.enabled=false", "--json")
        found = next(finding for finding in result.json if finding["part"] == "camera")
        assert PASSWORD not in result.out + result.err
        return found["state"], found["detail"]

    with RtspServer("--auth", "basic", "--password", PASSWORD) as server:
        shown = server.address()
        assert camera(server.address(f"door:{PASSWORD}")) == ("ok", f"{shown}, a network camera giving 640×128")
        state, detail = camera(server.address("door:other"))
        assert state == "failed"
        assert detail.startswith(f"{shown}: the camera does not accept this user and password")


def test_check_warns_of_an_encrypted_camera_whose_certificate_nobody_checks(edgegate: Program, tmp_path: Path) -> None:
    own = certified(tmp_path, "camera")

    def camera(*more: str) -> tuple[str, bool]:
        source = f"camera.source={server.address(f'door:{PASSWORD}')}"
        (found,) = edgegate("check", "--only", "camera", "--set", source, *more, "--json").json
        return found["state"], "nobody checks its certificate" in found["detail"]

    with RtspServer(
        "--certificate", str(tmp_path / "camera-both.pem"), "--auth", "basic", "--password", PASSWORD
    ) as server:
        assert camera() == ("warning", True)
        assert camera("--set", f"camera.ca_file={own}") == ("ok", False)


def _degraded(staff: Subscriber) -> dict[str, str] | None:
    states = staff.messages("/state")
    degraded: dict[str, str] | None = json.loads(states[-1].payload)["degraded"] if states else None
    return degraded
