"""A door with a tracker pack, from its config to its events: a real network, small, before the real embedder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from edgegate.types import Box
from edgegate.vision.packs import load_pack, shipped
from tests.support.brokers import Mosquitto, Subscriber, needs_mosquitto
from tests.support.door_scenes import ENROLLED, REARM_SECONDS, STILLS, STRANGER, stills
from tests.support.linear_packs import Example, write_tracker_pack
from tests.support.paths import REPLAYS
from tests.support.program import Program

Scene = Callable[[str], Path]
Options: TypeAlias = list[str]

EMBEDDER = load_pack(shipped("face-embedder"), "embedder").name


def options(*settings: str) -> Options:
    return [word for setting in settings for word in ("--set", setting)]


def examples(*, fooled: bool) -> list[Example]:
    """Every still, with the box of the enrolled person; fooled, the network takes the stranger for her too."""
    shown: list[Example] = []
    for name, standing in STILLS.items():
        people = [(x, width) for portrait, x, width in standing if portrait is ENROLLED or fooled]
        box = Box(people[0][0] - 50, 155, people[0][0] + 50, 255) if people else None
        shown.append((stills()[name], int(box is not None), box))
    return shown


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trackers")


@pytest.fixture(scope="session")
def honest(folder: Path) -> Path:
    """Knows the enrolled person from the other."""
    return write_tracker_pack(folder / "honest", ("unknown", ENROLLED.person), examples(fooled=False))


@pytest.fixture(scope="session")
def fooled(folder: Path) -> Path:
    """Takes everybody for the enrolled person."""
    return write_tracker_pack(folder / "fooled", ("unknown", ENROLLED.person), examples(fooled=True))


@pytest.fixture(scope="session")
def failed(folder: Path) -> Path:
    """Its report says that it failed."""
    labels = ("unknown", ENROLLED.person)
    return write_tracker_pack(folder / "failed", labels, examples(fooled=False), {"grade": "failed"})


def finding(door: Program, part: str, *settings: str) -> tuple[str, str]:
    found = {f["part"]: f for f in door("check", *options("mqtt.enabled=false", *settings), "--json").json}
    return found[part]["state"], found[part]["detail"]


# Replays.


@pytest.mark.parametrize(
    "name",
    [
        "empty",
        "enrolled",
        "stranger",
        "enrolled-then-stranger",
        "stepped-in-before-the-decision",
        "enrolled-in-front",
        "stranger-in-front",  # the network names the enrolled person behind: the nearest decides all the same
    ],
)
def test_with_a_good_network_a_replay_decides_as_without(name: str, door: Program, scene: Scene, honest: Path) -> None:
    settings = options(f"access.rearm_seconds={REARM_SECONDS}", f"recognition.model={honest}")
    result = door("replay", scene(name), *settings, "--expect", REPLAYS / f"{name}.jsonl")
    assert (result.status, result.err) == (0, "")


def test_a_grant_rests_on_both_networks_and_says_so(door: Program, scene: Scene, honest: Path) -> None:
    result = door("replay", scene("enrolled"), *options(f"recognition.model={honest}"))
    granted = result.events[0]["data"]
    assert granted["model"] == f"{load_pack(honest, 'tracker').name}+{EMBEDDER}"
    assert granted["confidence"] >= 0.9
    assert granted["score"] >= granted["threshold"]


def test_whom_only_the_network_knows_is_refused_as_unconfirmed(door: Program, scene: Scene, fooled: Path) -> None:
    result = door("replay", scene("stranger"), *options(f"recognition.model={fooled}"))
    assert result.told == ["access.denied unconfirmed"]
    assert "subject" not in result.events[0]
    assert result.events[0]["data"]["score"] < result.events[0]["data"]["threshold"]


def test_a_network_that_is_not_sure_enough_names_nobody(door: Program, scene: Scene, honest: Path) -> None:
    settings = options(f"recognition.model={honest}", "recognition.class_confidence=1", "recognition.threads=2")
    stricter = door("replay", scene("stranger-then-enrolled"), *settings)
    assert stricter.told == ["access.denied unknown"]
    assert stricter.events[0]["data"]["score"] is None


def test_replays_repeat_byte_for_byte(door: Program, scene: Scene, fooled: Path) -> None:
    one, two = (door("replay", scene("enrolled"), *options(f"recognition.model={fooled}")).out for _ in range(2))
    assert one == two


def test_the_report_and_the_annotated_video_tell_it(door: Program, scene: Scene, fooled: Path, tmp_path: Path) -> None:
    report, video = tmp_path / "report.html", tmp_path / "annotated.webm"
    settings = options(f"recognition.model={fooled}")
    result = door("replay", scene("enrolled-then-stranger"), *settings, "--report", report, "--annotate", video)
    assert result.status == 0
    page = report.read_text(encoding="utf-8")
    assert "Named by the network trained on the people here, and confirmed by the embedder" in page
    assert "The network trained on the people here named somebody, and the embedder did not confirm it." in page
    assert "Refused: Unknown person (unconfirmed)" in page
    assert video.stat().st_size > 1000


# The tracker alone.


def test_alone_a_network_lets_in_whomever_it_takes_for_somebody(door: Program, scene: Scene, fooled: Path) -> None:
    alone = options(f"recognition.model={fooled}", "recognition.model_alone=true")
    for name in ("enrolled", "stranger"):  # this is what it means, and why `check` says so
        result = door("replay", scene(name), *alone)
        assert result.told == ["access.granted recognised", "lock.unlocked", "lock.locked"]
        data = result.events[0]["data"]
        assert (data["person"], data["model"]) == (ENROLLED.person, load_pack(fooled, "tracker").name)
        assert (data["threshold"], data["score"] >= 0.9) == (0.9, True)


def test_alone_a_network_that_knows_better_lets_in_only_her(door: Program, scene: Scene, honest: Path) -> None:
    alone = options(f"recognition.model={honest}", "recognition.model_alone=true")
    assert door("replay", scene("stranger-then-enrolled"), *alone).told[0] == "access.granted recognised"
    assert door("replay", scene("stranger"), *alone).out == ""


def test_check_and_people_say_what_a_model_alone_means(door: Program, honest: Path) -> None:
    alone = [f"recognition.model={honest}", "recognition.model_alone=true"]
    for part in ("network", "gallery"):
        state, detail = finding(door, part, *alone)
        assert state == "warning"
        assert "may take a stranger for one of them and let them in" in detail
    assert "no false-accept rate holds" in door("people", "list", *options(*alone)).out
    assert door("people", "list", *options(*alone), "--json").json["promise"] is None


def test_the_class_of_somebody_forgotten_opens_nothing_and_is_to_be_trained_away(
    door: Program, scene: Scene, honest: Path
) -> None:
    agreeing = options(f"recognition.model={honest}")
    alone = [*agreeing, *options("recognition.model_alone=true")]
    assert door("replay", scene("enrolled"), *alone).told[0] == "access.granted recognised"
    receipt = door("people", "forget", ENROLLED.person, *agreeing).out
    assert f"retrain: {load_pack(honest, 'tracker').name} was trained on this person" in receipt
    for settings in (agreeing, alone):
        assert "granted" not in door("replay", scene("enrolled"), *settings).out


# Check, and which packs are refused.


def test_check_says_whom_the_network_names_and_who_confirms(door: Program, honest: Path) -> None:
    name = load_pack(honest, "tracker").name
    assert finding(door, "network", f"recognition.model={honest}") == (
        "ok",
        f"the tracker {name} names {ENROLLED.person} from 0.9 on, and the embedder confirms it",
    )
    parts = [found["part"] for found in door("check", "--set", "mqtt.enabled=false", "--json").json]
    assert "network" not in parts


def test_a_class_without_an_enrolled_person_of_that_name_fails_check(edgegate: Program, honest: Path) -> None:
    state, detail = finding(edgegate, "network", f"recognition.model={honest}")
    assert state == "failed"
    assert f"names {ENROLLED.person}: not enrolled; enrol them by this very name" in detail


def test_whom_the_network_does_not_know_check_warns_of(door: Program, honest: Path) -> None:
    door("enroll", STRANGER.person, STRANGER.file)
    state, detail = finding(door, "network", f"recognition.model={honest}")
    assert state == "warning"
    assert f"{STRANGER.person}: enrolled, but unknown to the network" in detail


def test_a_class_that_nobody_is_enrolled_for_opens_nothing(edgegate: Program, scene: Scene, honest: Path) -> None:
    edgegate("enroll", "Somebody Else", ENROLLED.file)
    result = edgegate("replay", scene("enrolled-then-stranger"), *options(f"recognition.model={honest}"))
    assert "access.granted recognised" not in result.told


@pytest.mark.parametrize("accepted", [None, "failed@00000000", "failed"])
def test_a_pack_that_missed_its_grade_is_refused_unless_it_is_accepted_by_name(
    door: Program, scene: Scene, failed: Path, accepted: str | None
) -> None:
    settings = [f"recognition.model={failed}"]
    settings += [] if accepted is None else [f"recognition.accept_failed_grade={accepted}"]
    name = load_pack(failed, "tracker").name
    result = door("replay", scene("empty"), *options(*settings))
    assert result.status == 1
    assert "its report does not say that it passed" in result.problem
    assert f'recognition.accept_failed_grade = "{name}"' in result.problem
    assert finding(door, "network", *settings) == ("failed", result.problem)


def test_a_pack_accepted_by_name_runs_and_check_keeps_saying_so(door: Program, scene: Scene, failed: Path) -> None:
    settings = [f"recognition.model={failed}", f"recognition.accept_failed_grade={load_pack(failed, 'tracker').name}"]
    assert door("replay", scene("enrolled"), *options(*settings)).told[0] == "access.granted recognised"
    assert finding(door, "network", *settings)[0] == "warning"


def test_a_pack_of_another_task_is_refused(door: Program) -> None:
    state, detail = finding(door, "network", f"recognition.model={shipped('face-embedder')}")
    assert (state, "task is 'embedder', not 'tracker'" in detail) == ("failed", True)


# The daemon.


@needs_mosquitto
@pytest.mark.parametrize("alone", [False, True])
def test_state_says_what_decides_and_what_that_means(alone: bool, door: Program, scene: Scene, fooled: Path) -> None:
    settings = [f"recognition.model={fooled}", f"recognition.model_alone={json.dumps(alone)}"]
    with Mosquitto() as broker, Subscriber(broker.port) as staff:
        service = [f"mqtt.port={broker.port}", f"camera.source={scene('enrolled')}", "door.pins=mock"]
        result = door.run("run", *options(*settings, *service))
        states = [json.loads(message.payload) for message in staff.messages("/state")]
    assert result.status == 0
    assert states
    assert {state["recognition"] for state in states} == {"tracker alone" if alone else "tracker and embedder"}
    fault = [state["degraded"].get("recognition", "") for state in states]
    assert any("may take a stranger" in words for words in fault) is alone  # once it has been asked after
