"""The parser of every command: declared when it is named, with examples, and with the nearest word for a mistake."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any, NoReturn, TypeAlias

from edgegate.errors import did_you_mean
from edgegate.system.terminal import printable

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # noqa: SLF001 (has no public name)
"""The type that `Parser.commands` returns: `add_parser` adds a command to it."""

_MINUS = re.compile(r"-(\d|\.\d)")
"""The beginning of a value that is no option: -3, or two hours ago, -2h."""

_ALL_THE_REST = (argparse.PARSER, argparse.REMAINDER)
"""Arguments that take every word after them, options too: nothing may stand between."""


class _Formatter(argparse.HelpFormatter):
    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            self._action_max_length += self._indent_increment  # argparse indents commands, and forgets that it does

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Wraps every paragraph but the examples."""
        fill = super()._fill_text
        paragraphs = text.strip().split("\n\n")
        return "\n\n".join(p if p.startswith("examples:") else fill(p, width, indent) for p in paragraphs)


class Parser(argparse.ArgumentParser):
    """The program's parser, and every command's.

    Options may stand between positional arguments: NAME --look L PHOTO. A time such as -2h is a value, no option.
    `declare` names the module whose function `declare` adds the options, once this command is called for.
    """

    program = "edgegate"
    """The program's name in messages."""

    def __init__(self, *, declare: str = "", **options: Any) -> None:
        super().__init__(formatter_class=_Formatter, **options)
        self._negative_number_matcher = _MINUS
        self._declaring = declare
        self._interleaving = False

    def carry_out(self, run: str, description: str | None, epilog: str | None = None) -> None:
        """Describes a command that the function `run` carries out: module:function, imported when it is needed."""
        self.set_defaults(run=run)
        self.description, self.epilog = description, epilog

    def show(self, *examples: str) -> None:
        """Adds these calls as examples at the end of the help."""
        lines = "\n".join(["examples:", *(f"  {example}" for example in examples)])
        self.epilog = f"{self.epilog}\n\n{lines}" if self.epilog else lines

    def commands(self, metavar: str = "COMMAND", *, required: bool = True) -> Commands:
        """Adds commands within this one."""
        return self.add_subparsers(title=f"{metavar.lower()}s", metavar=metavar, required=required)

    def declared(self) -> Parser:
        """Returns itself with all its options, but those of the commands within it."""
        if self._declaring:
            module, self._declaring = self._declaring, ""
            import_module(module).declare(self)
        return self

    def inner(self) -> Iterator[Parser]:
        """Yields the commands within this one, declared."""
        for action in self.declared()._actions:  # noqa: SLF001 (ArgumentParser's own, and it has no other way)
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
                yield from (parser.declared() for parser in action.choices.values())

    def every(self) -> Iterator[Parser]:
        """Yields itself and all commands within it, declared."""
        yield self.declared()
        for parser in self.inner():
            yield from parser.every()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self.declared()
        if self._interleaving or any(action.nargs in _ALL_THE_REST for action in self._get_positional_actions()):
            return super().parse_known_args(args, namespace)
        self._interleaving = True  # argparse calls this method again, twice
        try:
            found, unknown = self.parse_known_intermixed_args(args, namespace)
        finally:
            self._interleaving = False
        if unknown:
            self._refuse(unknown)
        return found, unknown

    def _refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Ends with an error here, where the options are known, rather than in the program's own parser."""
        word = unknown[0].partition("=")[0]
        hint = did_you_mean(word, self._option_string_actions) if word.startswith("-") else ""
        self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        known: Iterable[Any] | None = action.choices
        if known is None or value in known:
            return
        names = [str(one) for one in known]
        hint = did_you_mean(str(value), names)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            kind = str(action.metavar).lower()
            raise argparse.ArgumentError(None, f"no {kind} {value}{hint or '; there are ' + ', '.join(names)}")
        there = f"{hint} There are" if hint else "; there are"
        raise argparse.ArgumentError(action, f"no {value}{there} {', '.join(names)}")

    def error(self, message: str) -> NoReturn:
        """Ends with one line, as for every other mistake."""
        self.exit(2, printable(f"{self.program}: {message}; see {self.prog} --help") + "\n")


def resolved(run: str) -> Callable[[argparse.Namespace], int]:
    """Returns the function that `module:function` names."""
    module, _, function = run.partition(":")
    carry_out: Callable[[argparse.Namespace], int] = getattr(import_module(module), function)
    return carry_out
