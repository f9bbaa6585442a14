"""Photos from a camera: the good frames only, some way apart, with labels that LabelMe and `prepare` read."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from converter.cli import main
from converter.data.annotations import read_annotations
from converter.data.capture import CapturedFrame, Shooting, capture
from edgegate.camera import Recording
from edgegate.enrol import read_picture
from edgegate.vision.analyzer import Analyzer, build_analyzer
from edgegate.vision.faces import FaceFault

Scenes = Callable[[str], Path]


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return build_analyzer()


def taken(video: Path, analyzer: Analyzer, folder: Path, photos: int = 3, seconds: float = 9) -> list[CapturedFrame]:
    folder.mkdir()
    recording = Recording(video)
    try:
        shooting = Shooting("anna", "monday", "front", folder)
        return list(capture(recording, analyzer, shooting, photos=photos, every=0.2, seconds=seconds))
    finally:
        recording.close()


def test_good_frames_are_kept_some_way_apart(scene: Scenes, analyzer: Analyzer, tmp_path: Path) -> None:
    looks = taken(scene("enrolled"), analyzer, tmp_path / "anna")
    kept = [look for look in looks if look.photo]
    assert [look.photo.name for look in kept if look.photo] == [f"monday_00{number}.jpg" for number in range(3)]
    assert all(later.at - look.at >= 0.2 - 1e-6 for look, later in pairwise(looks))
    assert looks[0].fault is FaceFault.NO_FACE
    assert looks[0].advice


def test_the_label_is_the_detectors_box(scene: Scenes, analyzer: Analyzer, tmp_path: Path) -> None:
    taken(scene("enrolled"), analyzer, tmp_path / "anna", photos=1)
    label = json.loads((tmp_path / "anna" / "monday_000.json").read_text())
    assert label["imagePath"] == "monday_000.jpg"
    assert (label["imageWidth"], label["imageHeight"], label["imageData"]) == (640, 480, None)
    (annotation,), problems = read_annotations(tmp_path, ("unknown", "anna"))
    assert not problems
    assert (annotation.name, annotation.group, annotation.camera) == ("anna", "monday", "front")
    image = read_picture(annotation.image)
    assert image is not None
    x1, y1, x2, y2 = annotation.unit_box(image.shape[1], image.shape[0]) or (0, 0, 0, 0)
    # The scene puts a face 120 or 70 pixels wide around x = 300 to 310.
    assert (x1 + x2) / 2 * 640 == pytest.approx(305, abs=20)
    assert 60 < (x2 - x1) * 640 < 150
    assert y1 < y2


def test_it_ends_after_the_time_or_the_recording(scene: Scenes, analyzer: Analyzer, tmp_path: Path) -> None:
    looks = taken(scene("enrolled"), analyzer, tmp_path / "short", photos=50, seconds=0.4)
    assert max(look.at for look in looks) <= 0.4
    assert {look.fault for look in taken(scene("empty"), analyzer, tmp_path / "empty")} == {FaceFault.NO_FACE}
    assert not list((tmp_path / "empty").iterdir())


def test_the_command(scene: Scenes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = f"camera.source={json.dumps(str(scene('enrolled')))}"
    call = ["capture", "anna", "--out", str(tmp_path), "--set", source, "--photos", "2", "--every", "0.3"]
    assert main([*call, "--shooting", "tuesday"]) == 0
    assert "anna: 2 of 2 photos" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "anna").glob("*.jpg")} == {"tuesday_000.jpg", "tuesday_001.jpg"}
    before = (tmp_path / "anna" / "tuesday_001.jpg").read_bytes()
    assert main([*call, "--shooting", "tuesday"]) == 0  # the same occasion goes on, and nothing is written over
    assert len(list((tmp_path / "anna").glob("tuesday_*.jpg"))) == 4
    assert (tmp_path / "anna" / "tuesday_001.jpg").read_bytes() == before
    capsys.readouterr()
    assert main([*call, "--json", "--seconds", "0.1"]) == 1
    assert json.loads(capsys.readouterr().out)["photos"] == 0
    assert main(["capture", "../anna", *call[2:]]) == 2
    nowhere = ["--set", f"camera.source={json.dumps(str(tmp_path / 'nowhere.avi'))}"]
    assert main(["capture", "grace", "--out", str(tmp_path), *nowhere]) == 1
    assert "nowhere.avi" in capsys.readouterr().err
    assert not (tmp_path / "grace").exists()
