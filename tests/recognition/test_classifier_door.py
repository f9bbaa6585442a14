"""A door with a classifier pack, from its config to its events: a real network, small, and the real embedder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from converter.imports.table import put_table
from edgegate.types import Frame, Image
from edgegate.vision.analyzer import build_analyzer
from edgegate.vision.packs import load_pack, shipped
from edgegate.vision.preprocess import cut_out
from tests.support.door_scenes import ENROLLED, REARM_SECONDS, STILLS, stills
from tests.support.linear_packs import write_classifier_pack
from tests.support.paths import REPLAYS
from tests.support.program import Program

Scene = Callable[[str], Path]
Make: TypeAlias = Callable[..., Path]

EMBEDDER = load_pack(shipped("face-embedder"), "embedder").name
LABELS = ("unknown", ENROLLED.person)
ROWS = """
[[thresholds]]
data = "drawn strangers"
photos = 1
frames = 1
rate = 0.001
threshold = 0.875
trials = 3000
"""


def options(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


def finding(door: Program, part: str, *settings: str) -> tuple[str, str]:
    found = {f["part"]: f for f in door("check", *options("mqtt.enabled=false", *settings), "--json").json}
    return found[part]["state"], found[part]["detail"]


@pytest.fixture(scope="session")
def faces() -> Sequence[tuple[Image, bool]]:
    """The nearest face of each still with one face, as it is cut out, and whether it is the enrolled person's."""
    analyzer, found = build_analyzer(), []
    for name, standing in STILLS.items():
        if len(standing) == 1:
            box = analyzer.detect(Frame(0.0, 0, stills()[name]))[0].box
            found.append((cut_out(stills()[name], box, 32, 0.2), standing[0][0] is ENROLLED))
    return found


@pytest.fixture(scope="session")
def make(faces: Sequence[tuple[Image, bool]], tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes a pack that knows the enrolled person from the other; `takes` says what it takes whom for."""
    folder = tmp_path_factory.mktemp("classifiers")

    def made(name: str, takes: Callable[[bool], int] = int, **more: Any) -> Path:
        return write_classifier_pack(folder / name, LABELS, [(face, takes(hers)) for face, hers in faces], **more)

    return made


@pytest.fixture(scope="session")
def honest(make: Make) -> Path:
    return make("honest")


@pytest.fixture(scope="session")
def fooled(make: Make) -> Path:
    """Takes everybody for the enrolled person."""
    return make("fooled", lambda _: 1)


# Replays.


@pytest.mark.parametrize("name", ["empty", "enrolled-then-stranger", "stepped-in-before-the-decision"])
def test_with_a_good_network_a_replay_decides_as_without(name: str, door: Program, scene: Scene, honest: Path) -> None:
    settings = options(f"access.rearm_seconds={REARM_SECONDS}", f"recognition.model={honest}")
    result = door("replay", scene(name), *settings, "--expect", REPLAYS / f"{name}.jsonl")
    assert (result.status, result.err) == (0, "")


def test_a_grant_rests_on_both_networks_and_says_so(door: Program, scene: Scene, honest: Path) -> None:
    granted = door("replay", scene("enrolled"), *options(f"recognition.model={honest}")).events[0]["data"]
    assert granted["model"] == f"{load_pack(honest, 'classifier').name}+{EMBEDDER}"
    assert granted["confidence"] >= 0.5
    assert granted["score"] >= granted["threshold"]


def test_whom_only_the_network_knows_is_refused_as_unconfirmed(door: Program, scene: Scene, fooled: Path) -> None:
    result = door("replay", scene("stranger"), *options(f"recognition.model={fooled}"))
    assert result.told == ["access.denied unconfirmed"]
    assert "subject" not in result.events[0]


def test_whom_the_network_takes_for_nobody_is_not_let_in(door: Program, scene: Scene, make: Make) -> None:
    blind = make("blind", lambda _: 0)
    result = door("replay", scene("enrolled-then-stranger"), *options(f"recognition.model={blind}"))
    assert result.told == ["access.denied unknown"]


def test_below_the_threshold_nobody_is_named(door: Program, scene: Scene, honest: Path) -> None:
    stricter = options(f"recognition.model={honest}", "recognition.class_confidence=1", "recognition.threads=2")
    result = door("replay", scene("stranger-then-enrolled"), *stricter)
    assert result.told == ["access.denied unknown"]
    assert result.events[0]["data"]["score"] is None


# Alone.


def test_alone_it_lets_in_whomever_it_takes_for_somebody(door: Program, scene: Scene, fooled: Path) -> None:
    alone = options(f"recognition.model={fooled}", "recognition.model_alone=true")
    for name in ("enrolled", "stranger"):  # this is what it means, and why `check` says so
        result = door("replay", scene(name), *alone)
        assert result.told == ["access.granted recognised", "lock.unlocked", "lock.locked"]
        data = result.events[0]["data"]
        assert (data["person"], data["model"]) == (ENROLLED.person, load_pack(fooled, "classifier").name)
        assert (data["threshold"], data["score"] >= 0.5) == (0.5, True)


def test_alone_it_refuses_whom_it_takes_for_nobody(door: Program, scene: Scene, honest: Path) -> None:
    alone = options(f"recognition.model={honest}", "recognition.model_alone=true")
    result = door("replay", scene("stranger"), *alone)
    assert result.told == ["access.denied unknown"]
    assert door("replay", scene("enrolled"), *alone).told[0] == "access.granted recognised"


# Check.


def test_check_says_whom_it_names_from_when_on_and_who_confirms(door: Program, honest: Path) -> None:
    name = load_pack(honest, "classifier").name
    assert finding(door, "network", f"recognition.model={honest}") == (
        "ok",
        f"the classifier {name} names {ENROLLED.person} from 0.5 on (as is taught), and the embedder confirms it",
    )
    state, detail = finding(door, "network", f"recognition.model={honest}", "recognition.model_alone=true")
    assert state == "warning"
    assert "may take a stranger for one of them and let them in" in detail


def test_a_table_in_the_pack_says_from_when_on(door: Program, scene: Scene, make: Make, tmp_path: Path) -> None:
    pack, rows = make("calibrated"), tmp_path / "rows.toml"
    rows.write_text(ROWS, "utf-8")
    put_table(pack, [rows])
    settings = f"recognition.model={pack}"
    assert "from 0.875 on (calibrated: at most 0.001 of the strangers" in finding(door, "network", settings)[1]
    alone = door("replay", scene("enrolled"), *options(settings, "recognition.model_alone=true"))
    assert alone.events[0]["data"]["threshold"] == 0.875
    card = pack / "model.toml"
    card.write_text(card.read_text("utf-8").replace("photos = 1\n", ""), "utf-8")
    result = door("replay", scene("empty"), *options(settings))
    assert "its threshold table is unusable (a row has no photos)" in result.problem


def test_with_a_table_of_strangers_it_was_certain_of_it_names_nobody(
    door: Program, scene: Scene, make: Make, tmp_path: Path
) -> None:
    pack, rows = make("certain-of-strangers"), tmp_path / "rows.toml"
    rows.write_text(ROWS.replace("0.875", "1.0001"), "utf-8")
    put_table(pack, [rows])
    settings = f"recognition.model={pack}"
    assert "never (calibrated: it is certain of strangers" in finding(door, "network", settings)[1]
    assert door("replay", scene("stranger-then-enrolled"), *options(settings)).told == ["access.denied unknown"]


@pytest.mark.parametrize("value", [0.3, 1.5])
def test_a_confidence_that_leaves_room_for_another_is_refused(edgegate: Program, value: float) -> None:
    assert "class_confidence" in edgegate("check", *options(f"recognition.class_confidence={value}")).err
