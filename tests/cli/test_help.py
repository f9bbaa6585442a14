"""Answers before anything is loaded: help with examples, the nearest word, and shell completion."""

from __future__ import annotations

import contextlib
import io
import resource
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import edgegate.service.replay
from converter import cli as converter
from edgegate.cli import check, main
from edgegate.cli.parser import Parser, resolved
from edgegate.cli.parsers import COMMANDS, build_parser, enroll, evaluate, replay
from edgegate.cli.parsers.check import PARTS
from edgegate.cli.parsers.completion import SHELLS
from edgegate.evaluation import dataset
from edgegate.events.vocabulary import EventType
from edgegate.gallery import MAX_PHOTOS
from tests.support.program import Program, Result

HEAVY = {"numpy", "cv2", "paho", "pydantic", "ai_edge_litert", "tflite_runtime", "cryptography", "tqdm", "shtab"}
SECONDS = 0.15

WORDS = [parser.prog.split()[1:] for parser in build_parser().every()]
CALLS = [["--version"], [], *([*words, "--help"] for words in WORDS)]

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is missing: apt install bash")


def test_every_command_and_action_is_looked_at() -> None:
    assert [words for words in WORDS if len(words) == 1] == [[name] for name in COMMANDS]
    assert ["people", "forget"] in WORDS


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_help_and_version_load_nothing_heavy(call: list[str]) -> None:
    program = (
        "import sys\nfrom edgegate.cli import main\n"
        f"try: status = main({call!r})\nexcept SystemExit as ended: status = ended.code\n"
        "print(status, *{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    status, *loaded = done.stderr.split()
    assert (status, "argparse" in loaded) == ("0", True)
    assert not set(loaded) & HEAVY
    assert done.stdout.startswith(("usage: edgegate", "edgegate "))


def test_help_imports_the_declarations_of_no_other_command() -> None:
    program = "import sys, edgegate.cli.parsers as p\np.build_parser().parse_args(['bench'])\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    declared = [name for name in COMMANDS if f"edgegate.cli.parsers.{name}" in loaded]
    assert declared == ["bench"]


def processor_seconds(call: list[str]) -> float:
    """Returns the processor seconds of a process; waiting for a busy machine does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "edgegate", *call], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_help_and_version_answer_at_once(call: list[str]) -> None:
    tries = (processor_seconds(call) for _ in range(5))
    assert any(seconds <= SECONDS for seconds in tries)


def test_every_command_names_what_carries_it_out() -> None:
    for parser in build_parser().every():
        if parser.prog != "edgegate" and not any(parser.inner()):
            assert callable(resolved(parser.get_default("run"))), parser.prog


def test_constants_declared_for_the_help_equal_those_of_the_rooms() -> None:
    assert tuple(part for part, _ in check.LOOKS) == PARTS
    assert enroll.PHOTOS[-1] == MAX_PHOTOS
    assert evaluate.LABELS == dataset.LABELS
    assert replay.START == edgegate.service.replay.DEFAULT_START


# Examples.


def examples() -> Iterator[tuple[Parser, str, list[str]]]:
    """Yields every example of every help, with the parser of its program, and the command of that help."""
    for program in (build_parser(), converter.build_parser()):
        for parser in program.every():
            _, _, shown = parser.format_help().partition("\nexamples:\n")
            yield program, parser.prog, [line.strip() for line in shown.splitlines()]


def test_every_help_shows_two_examples() -> None:
    assert {prog: len(lines) for _, prog, lines in examples() if len(lines) != 2} == {}


@pytest.mark.parametrize(("program", "prog", "lines"), [pytest.param(*one, id=one[1]) for one in examples()])
def test_every_example_parses_and_is_of_its_command(program: Parser, prog: str, lines: list[str]) -> None:
    for line in lines:
        call = line.partition(" > ")[0].partition(" | ")[0]
        assert call.startswith(program.prog)
        assert call.startswith(f"{prog} ") or call == prog
        args = program.parse_args(shlex.split(call.removeprefix(program.prog)))
        assert "run" in args


@pytest.mark.parametrize("call", [["people", "list"], ["journal", "list", "--since", "-2h"]])
def test_a_time_before_now_is_a_value_and_no_option(call: list[str]) -> None:
    assert build_parser().parse_args(call).run.startswith("edgegate.cli.")


# Misspelt words.


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (["jurnal"], "no command jurnal; did you mean journal?; see edgegate --help"),
        (["journal", "lits"], "no action lits; did you mean list?; see edgegate journal --help"),
        (["people", "rotate"], "no action rotate; did you mean rotate-key?; see edgegate people --help"),
        (
            ["evaluate", "--part", "hold-out"],
            "argument --part: no hold-out; did you mean held-out? There are all, tabl",
        ),
        (["check", "--only", "camara"], "argument --only: no camara; did you mean camera? There are config, camera, "),
        (["completion", "bsh"], "argument SHELL: no bsh; did you mean bash? There are bash, zsh, tcsh; see"),
        (
            ["journal", "list", "--sicne", "now"],
            "unrecognized arguments: --sicne now; did you mean --since?; see edgeg",
        ),
        (["people", "frogs", "--data", "x"], "no action frogs; there are list, show, may, change, forget, export, imp"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_nearest(
    call: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(call)
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"edgegate: {problem}")


def test_a_misspelt_event_type_is_refused_and_one_without_events_is_not(door: Program) -> None:
    refused = door("journal", "list", "--type", "access.garnted")
    assert refused.status == 2
    assert "no access.garnted; did you mean access.granted? There are access.granted, " in refused.problem
    assert all(kind in refused.problem for kind in EventType)
    for kind in ("fire.started", "io.edgegate.fire.started"):
        assert door("journal", "list", "--type", kind) == Result(0, "", "")
    assert door("journal", "list", "--type", "io.edgegate.person.enrolled").out.count("person.enrolled") == 1


# Completion.


def script(shell: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["completion", shell]) == 0
    return out.getvalue()


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_completion_for_every_shell(shell: str) -> None:
    assert all(name in script(shell) for name in COMMANDS)


@needs_bash
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["jo"], {"journal"}),
        (["people", "f"], {"forget"}),
        (["journal", "list", "--s"], {"--set", "--since"}),
        (["journal", "list", "--type", "access.g"], {"access.granted"}),
        (["check", "--only", "ca"], {"camera"}),
        (["enroll", "Ada", "phot"], {"photos.txt"}),
        (["convert", "bu"], {"build"}),
    ],
)
def test_bash_completes_what_is_typed(typed: list[str], offered: set[str], tmp_path: Path) -> None:
    path = tmp_path / "edgegate.bash"
    path.write_text(script("bash"), encoding="utf-8")
    (tmp_path / "photos.txt").touch()
    subprocess.run(["bash", "-n", path], check=True)
    asking = (
        f'source "{path}"; COMP_WORDS=(edgegate {shlex.join(typed)}); COMP_CWORD={len(typed)}; '
        'COMP_TYPE=9; COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}; '
        f"{_function(path)} edgegate {shlex.quote(typed[-1])} {shlex.quote([*['edgegate'], *typed][-2])}; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", asking], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert {line.strip() for line in done.stdout.splitlines()} == offered


def _function(path: Path) -> str:
    """The function that bash calls for `edgegate`."""
    (line,) = [line for line in path.read_text("utf-8").splitlines() if line.startswith("complete ")]
    words = shlex.split(line)
    assert words[-1] == "edgegate"
    return words[words.index("-F") + 1]
