"""The converter's command line: `python -m converter COMMAND`, one file a command in `converter.commands`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from edgegate.cli.parser import Parser
from edgegate.errors import EdgegateError
from edgegate.system.terminal import printable

COMMANDS = (
    "practice",
    "capture",
    "prepare",
    "crop",
    "augment",
    "architectures",
    "train",
    "quantize",
    "verify",
    "report",
    "predict",
    "compare",
    "recipes",
    "build",
    "import_packs",
)
"""In the order that `--help` lists them; none may import TensorFlow before it runs."""


class _Parser(Parser):
    program = "converter"


def build_parser() -> Parser:
    """Every command's module gives its own options in `add`, and sets `run` to what carries it out."""
    parser = _Parser(prog="python -m converter", description="From labelled photos to a model pack for the door.")
    parser.show("python -m converter prepare photos --out dataset", "python -m converter build RECIPE.toml")
    commands = parser.commands()
    for name in COMMANDS:
        import_module(f"converter.commands.{name}").add(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 done, 1 failed or refused, 2 wrong call."""
    args = build_parser().parse_args(argv)
    # Keeps TensorFlow's chatter from the user, and its arithmetic the same from run to run.
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    try:
        status: int = args.run(args)
    except EdgegateError as error:
        for line in str(error).splitlines():
            print(printable(f"converter: {line}"), file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # such as a full disk; what a part expects to fail is an EdgegateError
        print(printable(f"converter: {error.filename or 'output'}: {error.strerror or error}"), file=sys.stderr)
        return 1
    return status


def main_apart(argv: Sequence[str]) -> int:
    """`main` in a process of its own: some damaged files end the process that reads them, and it says nothing."""
    child = os.fork()  # nothing has begun a thread yet
    if not child:
        return main(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to both, and the child answers
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: os.kill(child, received))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status >= 0:
        return status
    if -status not in {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}:
        called, name = " ".join(argv[:4]), signal.Signals(-status).name
        why = "memory ran out, or somebody ended it" if -status == signal.SIGKILL else "a file it reads is damaged"
        print(printable(f"converter: {called}: its process was ended ({name}); {why}"), file=sys.stderr)
        return 1
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)  # as the child: who has sent it shall see that it was heeded
    return 128 - status
