"""`converter predict`: the person in a photo, by every kind of network, and no traceback for what is no photo."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from converter.cli import main
from edgegate.types import Box, Image
from edgegate.vision.packs import shipped
from tests.support.door_scenes import ENROLLED, STRANGER, stills, write_scene
from tests.support.linear_packs import write_classifier_pack, write_tracker_pack
from tests.support.program import Program

ANN = Box(250, 160, 370, 300)
KEYS = ["photo", "problem", "name", "best", "measure", "score", "threshold", "box", "box_pixels"]


@dataclass(frozen=True)
class Said:
    """The exit status of a call, and its lines."""

    status: int
    out: list[str]
    err: list[str]


Predict = Callable[..., Said]


@pytest.fixture
def predict(capfd: pytest.CaptureFixture[str]) -> Predict:
    def call(*words: object) -> Said:
        capfd.readouterr()
        status = main(["predict", *map(str, words)])
        out, err = capfd.readouterr()
        return Said(status, out.splitlines(), err.splitlines())

    return call


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    seen = stills()
    examples = [(seen["enrolled"], 1, ANN), (seen["nobody"], 0, None), (seen["stranger"], 0, None)] * 4
    return write_tracker_pack(tmp_path_factory.mktemp("packs") / "linear", ("unknown", "Ann"), examples)


def save(path: Path, image: Image) -> Path:
    assert cv2.imwrite(str(path), image)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> dict[str, Path]:
    return {name: save(tmp_path / f"{name}.png", image) for name, image in stills().items()}


def test_a_tracker_says_who_and_where_a_line_a_photo(pack: Path, photos: dict[str, Path], predict: Predict) -> None:
    said = predict(pack, photos["enrolled"], photos["nobody"])
    assert (said.status, said.err) == (0, [])
    assert said.out == [
        f"{photos['enrolled']}: Ann, 99 %, box 0.39 0.33 0.58 0.62",
        f"{photos['nobody']}: nobody it knows (best: Ann, 0 %)",
    ]


def test_json_is_a_list_of_objects_with_the_same_keys(pack: Path, photos: dict[str, Path], predict: Predict) -> None:
    said = predict(pack, photos["enrolled"], photos["nobody"], "none.jpg", "--json")
    named, nobody, missing = json.loads("\n".join(said.out))
    assert (said.status, list(named), list(nobody), list(missing)) == (1, KEYS, KEYS, KEYS)
    assert (named["name"], named["best"], named["measure"], named["threshold"]) == ("Ann", "Ann", "probability", 0.9)
    assert np.allclose(np.array(named["box"]) * (640, 480, 640, 480), named["box_pixels"], atol=0.51)
    assert (nobody["name"], nobody["best"], nobody["box"], nobody["problem"]) == (None, "Ann", None, None)
    assert set(missing.values()) == {"none.jpg", "there is no such photo", None}


def test_below_the_threshold_it_is_nobody_it_knows(pack: Path, photos: dict[str, Path], predict: Predict) -> None:
    (sure,) = json.loads("\n".join(predict(pack, photos["enrolled"], "--json").out))
    more = f"recognition.class_confidence={(1 + sure['score']) / 2}"
    (line,) = predict(pack, photos["enrolled"], "--set", more).out
    assert line.startswith(f"{photos['enrolled']}: nobody it knows (best: Ann, 99 %), box 0.39")


def test_what_is_no_photo_is_said_and_keeps_no_other_back(
    pack: Path, photos: dict[str, Path], tmp_path: Path, predict: Predict
) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    video = write_scene(tmp_path / "ann.avi", [("enrolled", 0.2)])
    names = ["empty.jpg", "text.jpg", "folder", "pipe.jpg", "no.jpg"]
    said = predict(pack, *(tmp_path / name for name in names), video, photos["enrolled"])
    assert (said.status, said.err) == (1, [])
    assert [line.removeprefix(f"{tmp_path}/") for line in said.out] == [
        "empty.jpg: no answer: it is empty; copy it again",
        "text.jpg: no answer: it cannot be read as a picture",
        f"folder: no answer: it is a folder; name the photos in it: {tmp_path}/folder/*",
        "pipe.jpg: no answer: it is no file; name a photo",
        "no.jpg: no answer: there is no such photo",
        "ann.avi: no answer: it is a video; name photos, or see it with: edgegate replay VIDEO --annotate OUT.webm",
        "enrolled.png: Ann, 99 %, box 0.39 0.33 0.58 0.62",
    ]


def test_a_photo_that_says_it_lies_on_its_side_is_turned_upright(
    pack: Path, photos: dict[str, Path], tmp_path: Path, predict: Predict
) -> None:
    turned = cv2.rotate(stills()["enrolled"], cv2.ROTATE_90_COUNTERCLOCKWISE)
    jpeg = cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x112, 3, 1, 6, 0) + bytes(4)
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    (tmp_path / "side.jpg").write_bytes(jpeg[:2] + segment + jpeg[2:])
    (row,) = json.loads("\n".join(predict(pack, tmp_path / "side.jpg", "--json").out))
    assert row["name"] == "Ann"
    assert row["box_pixels"][2] <= 640
    assert np.allclose(row["box"], (0.39, 0.33, 0.58, 0.63), atol=0.02)


def test_annotate_draws_each_answer_and_replaces_none(
    pack: Path, photos: dict[str, Path], tmp_path: Path, predict: Predict
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    save(other / "enrolled.png", stills()["nobody"])
    seen = tmp_path / "new" / "seen"
    said = predict(pack, photos["enrolled"], other / "enrolled.png", "none.jpg", "--annotate", seen)
    assert said.status == 1
    drawn = {file.name: np.asarray(cv2.imread(str(file))) for file in seen.iterdir()}
    assert set(drawn) == {"enrolled.annotated.jpg", "enrolled.annotated-2.jpg"}
    green = drawn["enrolled.annotated.jpg"][200, 640 * 39 // 100 : 640 * 40 // 100].astype(int)
    assert (green[:, 1] - green[:, 2]).max() > 60  # the left side of the box
    strip = 0.25 * stills()["nobody"][470, 600] + 0.75 * 128
    assert np.allclose(drawn["enrolled.annotated-2.jpg"][470, 600], strip, atol=20)  # where the words are
    assert all(file.stat().st_mode & 0o77 == 0 for file in seen.iterdir())


def test_a_classifier_sees_the_face_cut_out_as_at_the_door(tmp_path: Path, predict: Predict) -> None:
    rng = np.random.default_rng(1)
    faces = [(rng.integers(0, 255, (64, 64, 3)).astype(np.uint8), label) for label in (0, 1, 1)]
    pack = write_classifier_pack(tmp_path / "faces", ("unknown", "Ann"), faces)
    both = save(tmp_path / "both.png", np.hstack([stills()["enrolled"], stills()["stranger"]]))
    nobody = save(tmp_path / "nobody.png", stills()["nobody"])
    said = predict(pack, ENROLLED.file, both, nobody)
    assert said.status == 1
    assert [line.partition(": ")[2].partition(",")[0] for line in said.out[:1]] != ["no answer"]
    assert ", box 0." in said.out[0]
    assert said.out[1:] == [
        f"{both}: no answer: there is more than one face; crop the photo to the person",
        f"{nobody}: no answer: no face was found; use a photo where the face is large and looks at the camera",
    ]


def test_an_embedder_knows_the_people_enrolled(door: Program, predict: Predict) -> None:
    embedder = shipped("face-embedder")
    said = predict(embedder, ENROLLED.file, STRANGER.file, "--data", door.data)
    assert (said.status, said.err) == (0, [])
    assert said.out[0].startswith(f"{ENROLLED.file}: {ENROLLED.person}, cosine 1.0000 where 0.9")
    assert f": nobody it knows (best: {ENROLLED.person}, cosine 0." in said.out[1]


def test_an_embedder_without_anybody_enrolled_says_how_to_enrol(tmp_path: Path, predict: Predict) -> None:
    said = predict(shipped("face-embedder"), ENROLLED.file, "--data", tmp_path)
    assert (said.status, said.out) == (2, [])
    assert said.err == [
        f"converter: {tmp_path}: no gallery here; enrol people: edgegate enroll NAME PHOTO… --data {tmp_path}"
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_bare_tflite_with_labels_answers_as_its_pack(pack: Path, photos: dict[str, Path], predict: Predict) -> None:
    bare = predict(pack / "model.tflite", photos["enrolled"], "--labels", "unknown, Ann")
    assert bare == predict(pack, photos["enrolled"])


@pytest.mark.parametrize(
    ("network", "labels", "problem"),
    [
        ("nothing", (), "nothing: no such pack or model"),
        ("folder", (), "model pack folder ({}/folder): model.toml, model.tflite, golden.npz missing; copy the whole"),
        ("notes.txt", (), "{}/notes.txt: neither a pack's folder nor a .keras, .h5 or .tflite file; name one of th"),
        ("cut.tflite", (), "{}/cut.tflite: a file does not name its classes; add them in order: --labels unknown,"),
        ("cut.tflite", ("a", "b"), "{}/cut.tflite: a file does not name its classes; add them in order: --labels unk"),
        ("cut.tflite", ("unknown", "b"), "{}/cut.tflite: "),
        ("empty.tflite", ("unknown", "b"), "{}/empty.tflite: not a .tflite file; give the network itself"),
        ("good.tflite", ("unknown", "b", "c"), "{}/good.tflite: it has classes of shape (1, 2), and --labels names 3"),
        ("good", ("unknown", "b"), "--labels: {}/good is a pack, whose card names its classes; leave it out"),
    ],
)
def test_what_is_no_network_is_one_line(
    network: str, labels: tuple[str, ...], problem: str, pack: Path, tmp_path: Path, predict: Predict
) -> None:
    blob = (pack / "model.tflite").read_bytes()
    (tmp_path / "folder").mkdir()
    (tmp_path / "good").symlink_to(pack)
    for name, content in (
        ("notes.txt", b"x"),
        ("cut.tflite", blob[:600]),
        ("empty.tflite", b""),
        ("good.tflite", blob),
    ):
        (tmp_path / name).write_bytes(content)
    path = network if network == "nothing" else tmp_path / network
    said = predict(path, ENROLLED.file, *(("--labels", ",".join(labels)) if labels else ()))
    assert (said.status in {1, 2}, said.out, len(said.err)) == (True, [], 1)
    assert said.err[0].startswith(f"converter: {problem.format(tmp_path)}")


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_tflite_is_one_line_whatever_it_does(
    seed: int, pack: Path, photos: dict[str, Path], tmp_path: Path, predict: Predict
) -> None:
    rng = np.random.default_rng(seed)
    blob = np.frombuffer((pack / "model.tflite").read_bytes(), np.uint8).copy()
    where = rng.integers(8, len(blob), 40)
    blob[where] = rng.integers(0, 256, len(where))
    (tmp_path / "damaged.tflite").write_bytes(blob.tobytes())
    said = predict(tmp_path / "damaged.tflite", photos["enrolled"], "--labels", "unknown,Ann")
    assert (len(said.out), len(said.err)) in {(1, 0), (0, 1)}


def test_a_pack_needs_no_tensorflow(pack: Path, photos: dict[str, Path]) -> None:
    call = ["predict", str(pack), str(photos["enrolled"])]
    program = f"import sys\nfrom converter.cli import main\nstatus = main({call!r})\nprint(status, *sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    status, *loaded = done.stdout.splitlines()[1].split()
    assert status == "0"
    assert not {"tensorflow", "keras"} & set(loaded)


def test_a_trained_model_without_keras_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, predict: Predict
) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)  # as where it is not installed
    (tmp_path / "model.keras").touch()
    said = predict(tmp_path / "model.keras", ENROLLED.file, "--labels", "unknown,anna")
    assert said == Said(
        1, [], ["converter: Keras is not installed, and this needs it; from a clone, pip install '.[train]'"]
    )


@pytest.mark.train
def test_a_trained_model_answers_before_it_is_a_pack(tiny_model: Any, tmp_path: Path, predict: Predict) -> None:
    tiny_model.save(tmp_path / "model.keras")
    photo = save(tmp_path / "scene.png", stills()["enrolled"])
    (row,) = json.loads("\n".join(predict(tmp_path / "model.keras", photo, "--labels", "unknown,anna", "--json").out))
    assert (row["best"], row["measure"], row["problem"]) == ("anna", "probability", None)
    said = predict(tmp_path / "model.keras", photo, "--labels", "unknown,anna,bert")
    assert said.err == [
        f"converter: {tmp_path}/model.keras: it has 2 classes, and --labels names 3; name them all, unknown first"
    ]
    (tmp_path / "empty.keras").touch()
    said = predict(tmp_path / "empty.keras", photo, "--labels", "unknown,anna")
    assert (said.status, len(said.err)) == (1, 1)
