"""The command line. Exit status: 0 done or yes, 1 no or failed, 2 the call or config is wrong.

`parsers` declares every command's options, a module a command; a module here carries it out, imported when it runs.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

from edgegate.cli.parser import resolved
from edgegate.cli.parsers import build_parser
from edgegate.errors import EdgegateError
from edgegate.system.terminal import printable


class _Printable(logging.Formatter):
    """Formats records so that nothing in them steers the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(printable, super().format(record).split("\n")))


def main(argv: Sequence[str] | None = None) -> int:
    parser = build_parser()
    args = parser.parse_args(argv)
    if "run" not in args:
        parser.print_help()
        return 0
    handler = logging.StreamHandler()
    handler.setFormatter(_Printable("edgegate: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    try:
        status = resolved(args.run)(args)
        sys.stdout.flush()
    except EdgegateError as error:
        for line in str(error).splitlines():
            print(printable(f"edgegate: {line}"), file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _abandon_stdout()  # its reader has gone
        return 1
    except OSError as error:  # such as stdout on a full disk; what a part expects to fail is an EdgegateError
        _abandon_stdout()
        print(printable(f"edgegate: {error.filename or 'output'}: {error.strerror or error}"), file=sys.stderr)
        return 1
    return status


def _abandon_stdout() -> None:
    """Points stdout at nothing, so that the interpreter's last flush has nothing to complain about."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
