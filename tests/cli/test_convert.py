"""`edgegate convert`: the converter as a process in this one's place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from converter import cli as converter
from edgegate.cli import main
from edgegate.cli.parsers.convert import CONVERTER_COMMANDS
from edgegate.vision.packs import shipped


def call(program: str, *words: str) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, "-m", *program.split(), *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_it_knows_the_converters_commands() -> None:
    names = [parser.prog.split()[-1] for parser in converter.build_parser().inner()]
    assert list(CONVERTER_COMMANDS) == names


@pytest.mark.parametrize(
    "words",
    [
        ("prepare", "nothing", "--out", "dataset"),
        ("import", "packs", "--sideways"),
        ("import", "table", "--help"),
        ("predict", "--json", "no-pack", "photo.jpg"),
    ],
)
def test_words_output_and_exit_status_are_the_converters(words: tuple[str, ...]) -> None:
    assert call("edgegate convert", *words) == call("converter", *words)


def test_a_signal_ends_the_converter(tmp_path: Path) -> None:
    rows = tmp_path / "rows.toml"
    os.mkfifo(rows)
    words = ["convert", "import", "table", str(shipped("face-embedder")), str(rows)]
    process = subprocess.Popen([sys.executable, "-m", "edgegate", *words], stderr=subprocess.DEVNULL)
    with rows.open("wb"):  # once the converter waits for them at the other end
        process.send_signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM


def test_without_the_converter_one_line_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "converter", None)  # as where it is not installed
    assert main(["convert", "build", "mine.toml"]) == 1
    assert capsys.readouterr() == (
        "",
        "edgegate: the converter is not installed here; from a clone, pip install '.[train]'\n",
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "the following arguments are required: COMMAND; see edgegate convert --help"),
        (["biuld"], "argument COMMAND: no biuld; did you mean build? There are practice, "),
        (["--json", "build"], "unrecognized arguments: --json"),
    ],
)
def test_a_wrong_call_is_one_line(words: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["convert", *words])
    err = capsys.readouterr().err
    assert (ended.value.code, err.count("\n")) == (2, 1)
    assert err.startswith(f"edgegate: {problem}")
