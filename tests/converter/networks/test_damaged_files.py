"""Damaged networks: none ends in a traceback, and one that ends its process leaves one line."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from converter.cli import main
from tests.support.paths import ROOT

pytestmark = pytest.mark.train
CASES = Path(os.environ.get("EDGEGATE_DATA") or ROOT.parent / "shared" / "data") / "cases" / "keras"
KERAS_2 = ROOT / "tests" / "data" / "keras2"


def spoilt(content: bytes, rng: random.Random) -> bytes:
    """Bits turned, an end cut off, a hole of zeros, a part copied over another, or something put in between."""
    data, place = bytearray(content), rng.randrange(len(content))
    match rng.choice(["bits", "end", "hole", "copy", "more"]):
        case "bits":
            for _ in range(rng.choice([1, 3, 20])):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        case "end":
            del data[place:]
        case "hole":
            data[place : place + 64] = bytes(64)
        case "copy":
            other = rng.randrange(len(data))
            data[place : place + 32] = data[other : other + 32]
        case _:
            data[place:place] = rng.randbytes(16)
    return bytes(data)


def spoil(source: Path, target: Path, rng: random.Random) -> None:
    """One part of it: a file of a folder, a member of a ZIP file, which stays a sound one, or the file itself."""
    if source.is_dir():
        shutil.copytree(source, target)
        parts = [file for file in sorted(target.rglob("*")) if file.is_file() and file.stat().st_size]
        chosen = rng.choice([*parts, target / "saved_model.pb", target / "saved_model.pb"])
        chosen.write_bytes(spoilt(chosen.read_bytes(), rng))
    elif source.suffix == ".keras" and rng.random() < 0.8:
        with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w") as written:
            chosen_name = rng.choice(archive.namelist())
            for name in archive.namelist():
                content = archive.read(name)
                written.writestr(name, spoilt(content, rng) if name == chosen_name and content else content)
    else:
        target.write_bytes(spoilt(source.read_bytes(), rng))


def run(*words: object) -> subprocess.CompletedProcess[str]:
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", *map(str, words)], cwd=ROOT, env=quiet, capture_output=True, text=True, check=False
    )


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("count", [40, pytest.param(300, marks=pytest.mark.full)])
def test_no_damaged_network_ends_in_a_traceback(count: int, tmp_path: Path) -> None:
    sources = [KERAS_2 / name for name in ("tracker.keras", "tracker.h5", "sequential.h5", "tracker_saved")]
    rng, folder = random.Random(11), tmp_path / "damaged"
    folder.mkdir()
    for number in range(count):
        source = sources[number % len(sources)]
        spoil(source, folder / f"{number:03d}{source.suffix}", rng)
    names = sorted(file.name for file in folder.iterdir())
    told: list[str] = []
    crashed: list[str] = []
    while len(told) < len(names):
        done = run("tests.support.converter.read_many", folder, len(told))
        rows = [
            line for line in done.stdout.splitlines() if line.split(" ")[0] in {"FILE", "read", "refused", "failed"}
        ]
        told += [line for line in rows if not line.startswith("FILE")]
        if len(told) < len(names):
            crashed.append(names[len(told)])
            told.append("crashed")
    assert [line for line in told if line.startswith("failed")] == []
    assert len([line for line in told if line.startswith("refused")]) > count / 3
    for name in crashed:
        one_line(run("converter", "import", "keras", folder / name, "--out", tmp_path / "packs"))


def one_line(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 1, done
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("converter: ")]
    assert "Traceback" not in done.stderr
    assert "its process was ended" in line


def test_a_command_whose_process_ends_leaves_one_line(tmp_path: Path) -> None:
    """A crash on purpose: a module that `--custom` names ends the process as a damaged file does."""
    (tmp_path / "crash.py").write_text(f"import os\n\nos.kill(os.getpid(), {int(signal.SIGSEGV)})\n", "utf-8")
    quiet = os.environ | {"PYTHONPATH": f"{ROOT}:{tmp_path}", "TF_CPP_MIN_LOG_LEVEL": "3"}
    call = [sys.executable, "-m", "converter", "import", "keras", str(KERAS_2 / "tracker.h5"), "--custom", "crash"]
    done = subprocess.run(call, cwd=tmp_path, env=quiet, capture_output=True, text=True, check=False)
    one_line(done)
    assert "(SIGSEGV); a file it reads is damaged" in done.stderr


@pytest.mark.data
@pytest.mark.skipif(not CASES.is_dir(), reason=f"no evaluation data at {CASES}: name its folder in $EDGEGATE_DATA")
def test_the_small_networks_that_failed_are_read_or_refused_in_a_line(tmp_path: Path) -> None:
    for file in sorted(CASES.iterdir()):
        done = run("converter", "import", "keras", file, "--out", tmp_path, "--work", tmp_path / "work")
        assert "Traceback" not in done.stderr
        wanted = 0 if file.stem in {"nonsquare", "seq_classifier"} else 1
        assert (file.name, done.returncode) == (file.name, wanted), done.stderr
        assert wanted == 0 or len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--name", ".."), "a folder's name, of a-z"),
        (("--labels", "unknown,anna,grace"), "knows 2 classes, so name 2 different ones"),
        (("--variants", "int8"), "its ranges are measured on photos"),
        (("--outputs", "class=who"), "has the outputs"),
        (("--design", "tracker/cnn"), "it holds the whole network"),
        (("--size", "64"), "it takes 32x32 pixels, not 64x64"),
        (("--photos", "nowhere"), "nowhere: no such folder"),
    ],
)
def test_a_wrong_call_is_one_line(
    words: tuple[str, ...], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ("--out", str(tmp_path / "packs"), "--work", str(tmp_path / "work"))
    assert main(["import", "keras", str(KERAS_2 / "tracker.h5"), *out, *words]) in {1, 2}
    assert complaint in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "packs").exists()
