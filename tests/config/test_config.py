"""The configuration: its keys, and every mistake reported at once with the way out."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from edgegate import config
from edgegate.config import Config, load, render
from edgegate.door.pulse import MAX_PULSE_SECONDS
from edgegate.errors import ConfigError, UsageError
from tests.support.paths import ROOT

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def problems(path: Path | None = None, *overrides: str) -> list[str]:
    """Returns the mistakes, without the name of the file in front."""
    with pytest.raises(ConfigError) as caught:
        load(path, overrides)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return [problem.removeprefix(f"{path}: ").removeprefix("config: ") for problem in caught.value.problems]


# The file that ships.


def test_the_config_file_in_the_repository_is_the_rendered_one() -> None:
    assert (ROOT / "config.toml").read_text(encoding="utf-8") == render(), "run `make config`"


def test_the_config_file_has_the_built_in_defaults() -> None:
    assert load(ROOT / "config.toml") == load()


def test_every_key_is_in_the_file_with_its_meaning_in_a_comment_above() -> None:
    lines = render().splitlines()
    tables = tomllib.loads(render())
    assert list(tables) == list(Config.model_fields)
    for name, model in Config.model_fields.items():
        assert sorted(tables[name]) == sorted(type(model.default).model_fields)
    for above, line in itertools.pairwise(lines):
        if line and not line.startswith("#"):
            assert above.startswith("# ")


def test_ranges_are_shown_as_they_are_checked() -> None:
    assert "milliseconds; a frame older than this never opens the door (50 to 5,000)" in render()
    assert "(1e-06 to 0.1)\nfalse_accept_rate = 0.001\n" in render()


# Mistakes.


def test_every_mistake_is_reported_at_once_with_key_value_and_reason(write: Write) -> None:
    path = write("""
        sight = 1
        [site]
        nam = "x"
        door = "a/b"
        [camera]
        width = "wide"
        height = 99999
        [recognition]
        detector = "blazefaze"
        threads = 0
        refuse_after_frames = 2
        [mqtt]
        port = 0
        ca_file = "ca.pem"
    """)
    assert sorted(problems(path, "door.unlock_seconds=31", "nonsense")) == [
        "--set nonsense: write it as table.key=value",
        "camera.height = 99999: must be less than or equal to 4096",
        "camera.width = 'wide': must be a valid integer",
        "door.unlock_seconds = 31: must be less than or equal to 30",
        "mqtt.ca_file = 'ca.pem': has no effect without tls",
        "mqtt.port = 0: must be greater than or equal to 1",
        "recognition.detector = 'blazefaze': must be 'blazeface' or 'haar'",
        "recognition.refuse_after_frames = 2: must not be less than decide_after_frames (5)",
        "recognition.threads = 0: must be greater than or equal to 1",
        "sight: unknown key; did you mean site?",
        "site.door = 'a/b': must match pattern '^[A-Za-z0-9._-]+$'",
        "site.nam: unknown key; did you mean name?",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("door.lock_pin = true", "door.lock_pin = True: must be a valid integer"),
        ("door.unlock_seconds = true", "door.unlock_seconds = True: must be a valid number"),
        ("door.unlock_seconds = nan", "door.unlock_seconds = nan: must be less than or equal to 30"),
        ("door.unlock_seconds = inf", "door.unlock_seconds = inf: must be less than or equal to 30"),
        ("door.unlock_seconds = -inf", "door.unlock_seconds = -inf: must be greater than or equal to 0.1"),
        ("camera.width = 640.0", "camera.width = 640.0: must be a valid integer"),
        ("camera.frames_per_second = 1", "camera.frames_per_second = 1: must be greater than or equal to 2"),
        ("mqtt.tls = 1", "mqtt.tls = 1: must be a valid boolean"),
        ("site.name = 7", "site.name = 7: must be a valid string"),
        ('liveness.mode = "on"', "liveness.mode = 'on': must be 'off'"),
        ("site = 3", "site = 3: must be a table: [site], and its keys below"),
        ("[[door]]", "door = [{}]: must be a table: [door], and its keys below"),
        ("[zzz]", "zzz: unknown key"),
        ("door.zzz = 1", "door.zzz: unknown key"),
    ],
)
def test_what_is_refused(write: Write, text: str, problem: str) -> None:
    assert problems(write(text)) == [problem]


@pytest.mark.parametrize(
    ("needs", "text"),
    [
        ("username", 'password_file = "pw"'),
        ("tls", 'ca_file = "ca.pem"'),
        ("tls", 'cert_file = "door.pem"'),
        ("cert_file", 'tls = true\nkey_file = "door.key"'),
    ],
)
def test_a_file_that_would_have_no_effect_is_a_mistake(write: Write, needs: str, text: str) -> None:
    (problem,) = problems(write(f"[mqtt]\n{text}"))
    assert problem.endswith(f"has no effect without {needs}")


@pytest.mark.parametrize("text", ["model_alone=true", "accept_failed_grade=face-tracker@1a2b3c4d"])
def test_what_is_about_a_tracker_needs_one(text: str) -> None:
    key, value = text.split("=")
    shown = "True" if value == "true" else repr(value)
    assert problems(None, f"recognition.{text}") == [f"recognition.{key} = {shown}: has no effect without model"]
    load(None, [f"recognition.{text}", "recognition.model=somewhere"])


def test_a_default_that_does_not_go_with_what_is_written_is_a_mistake() -> None:
    assert problems(None, "recognition.decide_after_frames=30") == [
        "recognition.refuse_after_frames = 15: must not be less than decide_after_frames (30)"
    ]


def test_a_refusal_may_come_as_soon_as_a_decision() -> None:
    assert load(None, ["recognition.refuse_after_frames=5"]).recognition.refuse_after_frames == 5


def test_whole_numbers_are_seconds_too(write: Write) -> None:
    assert load(write("[door]\nunlock_seconds = 5")).door.unlock_seconds == 5


def test_a_file_that_is_not_there_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.toml: no such config file"):
        load(tmp_path / "nowhere.toml")


def test_what_cannot_be_read_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "latin1.toml").write_bytes('name = "Zoë"'.encode("latin-1"))
    for path in (tmp_path, tmp_path / "latin1.toml"):
        with pytest.raises(UsageError, match="cannot be read"):
            load(path)


def test_what_is_not_toml_is_an_error_with_its_place(write: Write) -> None:
    (problem,) = problems(write("[site]\nname = home"))
    assert problem.startswith("not valid TOML: ")
    assert "line 2" in problem


# --set


@pytest.mark.parametrize(
    ("override", "get", "value"),
    [
        ("site.name=lab", lambda c: c.site.name, "lab"),
        ('site.name="7"', lambda c: c.site.name, "7"),
        (" door.unlock_seconds = 1.5 ", lambda c: c.door.unlock_seconds, 1.5),
        ("mqtt.enabled=false", lambda c: c.mqtt.enabled, False),
        ("camera.source=/dev/video0", lambda c: c.camera.source, "/dev/video0"),
        ("camera.source=a=b", lambda c: c.camera.source, "a=b"),
    ],
)
def test_a_key_can_be_set_from_the_command_line(override: str, get: Callable[[Config], object], value: object) -> None:
    assert get(load(None, [override])) == value


def test_the_command_line_comes_after_the_file_and_the_last_word_counts(write: Write) -> None:
    path = write('[site]\nname = "file"\ndoor = "back"')
    site = load(path, ["site.name=one", "site.name=two"]).site
    assert (site.name, site.door) == ("two", "back")


@pytest.mark.parametrize("text", ["door", "door=1", ".pins=mock", "door.=mock", "=", ""])
def test_what_is_not_table_key_value_is_refused(text: str) -> None:
    assert problems(None, text) == [f"--set {text}: write it as table.key=value"]


def test_a_key_cannot_be_set_below_what_is_no_table(write: Write) -> None:
    assert problems(write("site = 3"), "site.name=x")[0] == (
        "--set site.name=x: [site] is not a table in the config file"
    )


def test_mistakes_on_the_command_line_are_checked_like_those_in_the_file() -> None:
    assert problems(None, "door.pinz=mock", "mqtt.port=http") == [
        "door.pinz: unknown key; did you mean pins?",
        "mqtt.port = 'http': must be a valid integer",
    ]


# What comes of it.


def test_a_configuration_cannot_be_changed_once_it_is_loaded() -> None:
    with pytest.raises(ValidationError):
        load().door.unlock_seconds = 30  # type: ignore[misc]


def test_the_data_folder_is_the_configured_one_or_systemds_or_in_this_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert load().data_dir == Path("edgegate-data")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/edgegate")
    assert load().data_dir == Path("/var/lib/edgegate")
    assert load(None, ["service.data_dir=elsewhere"]).data_dir == Path("elsewhere")


def test_no_pulse_can_be_configured_that_the_lock_would_not_give() -> None:
    longest = config.DoorSettings(unlock_seconds=MAX_PULSE_SECONDS)
    assert longest.unlock_seconds == MAX_PULSE_SECONDS
    with pytest.raises(ValidationError):
        config.DoorSettings(unlock_seconds=MAX_PULSE_SECONDS + 0.1)
