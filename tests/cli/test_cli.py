"""The command line's manners: exit statuses, one readable line for every mistake, help, and what is not imported."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgegate import __version__
from edgegate.cli.parsers import COMMANDS
from edgegate.vision.packs import sha256_of, shipped
from tests.support.brokers import Mosquitto, free_port, needs_mosquitto
from tests.support.door_scenes import ENROLLED
from tests.support.program import Program


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, edgegate: Program) -> None:
    result = edgegate(command, "--help")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(f"usage: edgegate {command}")


def test_the_program_lists_its_commands(edgegate: Program) -> None:
    result = edgegate("--help")
    assert result.status == 0
    assert all(f"    {command}" in result.out for command in COMMANDS)


def test_python_m_edgegate_is_the_program(edgegate: Program) -> None:
    result = edgegate.run("--version")
    assert (result.status, result.out, result.err) == (0, f"edgegate {__version__}\n", "")


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (["replay"], "the following arguments are required: VIDEO; see edgegate replay --help"),
        (["replay", "x.avi", "--start-time", "noon"], "--start-time 'noon': not a time; write one such as 2026"),
        (["open-sesame"], "no command open-sesame; there are run, replay, demo"),
        (["replay", "no.avi"], "no.avi: no such video"),
        (["enroll", "Ann"], "enroll: give photos, or --camera to take them"),
        (["enroll", " ", "x.jpg"], "enroll: the name is empty"),
        (["enroll", "Ann", "no.jpg", "nor.png"], "no.jpg, nor.png: no such photo"),
        (["evaluate", "nowhere"], "nowhere: no such data set"),
        (["journal", "list"], "no journal here yet; `edgegate run` starts one"),
        (["check", "-c", "no.toml"], "no.toml: no such config file"),
        (["bench", "--frames", "0"], "--frames 0: must be at least 1"),
        (["watch", "--set", "mqtt.enabled=false"], "watch: mqtt.enabled is false"),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(call: list[str], problem: str, edgegate: Program) -> None:
    result = edgegate(*call)
    assert problem in result.problem
    assert (result.status, result.out) == (2, "")
    assert not edgegate.data.exists()


def test_a_call_of_nothing_prints_the_help() -> None:
    done, asked = (
        subprocess.run([sys.executable, "-m", "edgegate", *words], capture_output=True, text=True, check=False)
        for words in ([], ["--help"])
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, asked.stdout, "")


def test_every_mistake_in_the_config_is_reported_at_once(edgegate: Program, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        "[acces]\n[door]\nunlock_second = 3\nlock_pin = 99\n[mqtt]\nport = 'high'\n[site]\ndoor = 'a/b'\n"
    )
    result = edgegate("run", "-c", config, "--set", "camera.width=0", "--set", "nonsense")
    lines = result.err.splitlines()
    assert result.status == 2
    assert all(line.startswith("edgegate: ") for line in lines)
    mistakes = [
        "acces",
        "door.unlock_second",
        "lock_pin = 99",
        "mqtt.port = 'high'",
        "site.door",
        "width = 0",
        "nonsense",
    ]
    assert [sum(mistake in line for line in lines) for mistake in mistakes] == [1] * 7
    assert len(lines) == 7
    assert "did you mean unlock_seconds?" in result.err
    assert not edgegate.data.exists()


def test_set_overrides_the_config_file(edgegate: Program, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[site]\nname = "north"\ndoor = "back"\n')
    result = edgegate("check", "-c", config, "--set", "site.door=side", "--set", f"mqtt.port={free_port()}", "--json")
    (finding,) = [finding for finding in result.json if finding["part"] == "config"]
    assert finding["detail"] == f"site north, door side, data in {edgegate.data}"


def test_a_damaged_gallery_is_an_error_and_left_alone(door: Program, scene: Callable[[str], Path]) -> None:
    gallery = door.data / "gallery.db"
    damaged = gallery.read_bytes()[:5000].replace(b"SQLite", b"sqlite")
    gallery.write_bytes(damaged)
    for call in (
        ["people", "list"],
        ["people", "forget", ENROLLED.person],
        ["enroll", "Ann", ENROLLED.file],
        ["replay", scene("empty")],
        ["run", "--set", "door.pins=mock", "--set", "mqtt.enabled=false"],
    ):
        result = door.run(*call) if call[0] == "run" else door(*call)
        assert "gallery.db: the gallery is damaged or unreadable" in result.err.splitlines()[-1]
        assert (result.status, result.out) == (1, "")
        assert gallery.read_bytes() == damaged


def test_a_pack_that_is_not_what_its_card_says_is_refused(
    edgegate: Program, tmp_path: Path, scene: Callable[[str], Path]
) -> None:
    def refusal(damage: Callable[[Path], object]) -> str:
        pack = tmp_path / "pack"
        shutil.rmtree(pack, ignore_errors=True)
        shutil.copytree(shipped("face-embedder"), pack)
        damage(pack)
        result = edgegate("replay", scene("empty"), "--set", f"recognition.embedder={pack}")
        assert (result.status, result.out) == (1, "")
        return result.problem

    assert "model.tflite is not the file its card was written for" in refusal(_flip_a_bit)
    assert "its task is 'tracker', not 'embedder'" in refusal(lambda pack: _edit(pack, '"embedder"', '"tracker"'))
    assert "embedding has shape (1, 128), its card says (1, 64)" in refusal(lambda pack: _edit(pack, "128]", "64]"))
    assert "model.toml missing" in refusal(lambda pack: (pack / "model.toml").unlink())
    assert "the runtime cannot load it (The model is not a valid Flatbuffer buffer)" in refusal(_replace_the_model)


def _flip_a_bit(pack: Path) -> None:
    content = bytearray((pack / "model.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (pack / "model.tflite").write_bytes(content)


def _edit(pack: Path, old: str, new: str) -> None:
    card = pack / "model.toml"
    text = card.read_text(encoding="utf-8")
    assert old in text
    card.write_text(text.replace(old, new, 1), encoding="utf-8")


def _replace_the_model(pack: Path) -> None:
    right = sha256_of(pack / "model.tflite")
    (pack / "model.tflite").write_bytes(b"no model at all" * 100)
    _edit(pack, right, sha256_of(pack / "model.tflite"))


def test_an_absent_broker_fails_check_and_watch(edgegate: Program) -> None:
    port = f"mqtt.port={free_port()}"
    watch = edgegate("watch", "--set", port)
    assert watch.status == 1
    assert "cannot be reached: nothing listens there" in watch.problem
    check = edgegate("check", "--set", port, "--json")
    assert check.status == 1
    assert _finding(check.json, "broker") == ("failed", watch.problem)


@needs_mosquitto
def test_a_refused_password_fails_check_and_watch(edgegate: Program, tmp_path: Path) -> None:
    passwords, wrong = tmp_path / "passwords", tmp_path / "wrong"
    passwords.write_text("")  # nobody has one
    passwords.chmod(0o600)
    wrong.write_text("wrong\n")
    with Mosquitto(["allow_anonymous false", f"password_file {passwords}"]) as broker:
        account = ["--set", f"mqtt.port={broker.port}", "--set", "mqtt.username=door"]
        account += ["--set", f"mqtt.password_file={wrong}"]
        watch = edgegate("watch", *account)
        check = edgegate("check", *account, "--json")
    assert (watch.status, check.status) == (1, 1)
    assert "bad user name or password" in watch.problem
    assert _finding(check.json, "broker") == ("failed", watch.problem)


def _finding(findings: list[dict[str, str]], part: str) -> tuple[str, str]:
    (found,) = [finding for finding in findings if finding["part"] == part]
    return found["state"], found["detail"]


def test_check_says_what_is_wrong_part_by_part(edgegate: Program) -> None:
    result = edgegate("check", "--set", "camera.source=no.mp4", "--set", "mqtt.enabled=false", "--json")
    assert result.status == 1
    assert _finding(result.json, "camera") == ("failed", "no.mp4: no such video")
    assert _finding(result.json, "models")[0] == "ok"
    assert _finding(result.json, "lock")[0] == "failed"  # no GPIO here
    assert _finding(result.json, "liveness")[0] == "warning"
    assert _finding(result.json, "broker")[0] == "warning"
    assert not edgegate.data.exists()


def test_check_passes_where_everything_is_there(door: Program, scene: Callable[[str], Path]) -> None:
    settings = [
        f"camera.source={scene('empty')}",
        "door.pins=mock",
        "mqtt.enabled=false",
        "journal.min_free_megabytes=1",
    ]
    result = door("check", *(word for setting in settings for word in ("--set", setting)))
    assert (result.status, result.err) == (0, "")
    assert "1 events, hash chain intact" in result.out


def test_output_that_nobody_can_take_is_no_traceback(door: Program, scene: Callable[[str], Path]) -> None:
    with Path("/dev/full").open("w") as full:
        result = door.run("replay", scene("enrolled"), stdout=full)
    assert (result.status, result.problem) == (1, "output: No space left on device")
    reading, writing = os.pipe()
    os.close(reading)
    result = door.run("replay", scene("enrolled"), stdout=writing)
    os.close(writing)
    assert (result.status, result.err) == (1, "")


def test_bench_measures_every_stage(edgegate: Program) -> None:
    result = edgegate("bench", "--frames", "3", "--json")
    assert result.status == 0
    assert 0 < result.json["invocations_ms"] < result.json["face_frame_ms"]
    assert "face frame" in edgegate("bench", "--frames", "1").out


def test_the_daemon_imports_no_tool_of_another_trade() -> None:
    foreign = ["tensorflow", "keras", "matplotlib", "skimage", "amqtt", "pytest", "hypothesis", "converter"]
    script = (
        "import json, sys; from edgegate.service import daemon; from edgegate.cli.parser import resolved; "
        "from edgegate.cli.parsers import build_parser; "
        "[resolved(run) for command in build_parser().every() if (run := command.get_default('run'))]; "
        f"print(json.dumps([name for name in {foreign} if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_check_looks_at_one_part_alone(edgegate: Program, tmp_path: Path) -> None:
    found = edgegate("check", "--only", "config", "--json")
    assert (found.status, [one["part"] for one in found.json]) == (0, ["config"])
    config = tmp_path / "wrong.toml"
    config.write_text("[recognition]\nembeder = 4\n")
    refused = edgegate("check", "--only", "config", "-c", config)
    assert refused.status == 2
    assert "did you mean embedder?" in refused.err
    assert edgegate("check", "--only", "everything").status == 2


@pytest.mark.parametrize(("name", "state"), [("edgegate", "warning"), ("another", "failed")])
def test_a_camera_that_the_service_has_is_no_fault(edgegate: Program, name: str, state: str, tmp_path: Path) -> None:
    program = Path(shutil.copy(shutil.which("sleep") or "", tmp_path / name))
    with Path("/dev/full").open("rb") as device, subprocess.Popen([program, "60"], stdin=device) as holder:
        (found,) = edgegate("check", "--only", "camera", "--set", "camera.source=/dev/full", "--json").json
        holder.kill()
    assert found["state"] == state
    assert f"/dev/full: in use by {name} (process {holder.pid})" in found["detail"]
    assert ("systemctl stop edgegate" in found["detail"]) == (name == "edgegate")
