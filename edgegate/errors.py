"""Errors, one class a part. A message is one line: the thing, the reason, the way out."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from edgegate.events.vocabulary import CameraFault


class EdgegateError(Exception):
    """Something failed at run time; the command line prints it as one line and exits with `status`."""

    status = 1


class UsageError(EdgegateError):
    """The call is wrong: a path that does not exist, an option that makes no sense."""

    status = 2


class ConfigError(UsageError):
    """The configuration is wrong. `problems` holds every mistake, one readable line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CameraError(EdgegateError):
    """A camera cannot be opened, went away, or gives frames that are not what was asked for.

    `fault` is the reason in one word, for programs: it becomes `reason` of the event.
    """

    def __init__(self, message: str, fault: CameraFault = CameraFault.UNUSABLE) -> None:
        super().__init__(message)
        self.fault = fault


class ModelError(EdgegateError):
    """A model pack is not what its card says, or no TFLite runtime can run it."""


class GalleryError(EdgegateError):
    """The gallery file is damaged, locked, or made for another model pack."""


class KeyFileError(GalleryError):
    """The key that templates are encrypted with cannot be used: lost, damaged, or readable by others."""


class JournalError(EdgegateError):
    """The journal cannot be written, or does not verify."""


class BrokerError(EdgegateError):
    """The broker cannot be reached, or refuses."""


class LockError(EdgegateError):
    """The lock's pin cannot be claimed or driven, or its keeper not asked. A request that ends so opened nothing."""


class InDoubtError(LockError):
    """A request failed, or had no answer, and it is not known that the line is at its locked level."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns `; did you mean …?`, or nothing where nothing is like it."""
    by_lower = {other.lower(): other for other in known}
    close = get_close_matches(word.lower(), sorted(by_lower), n=1, cutoff=0.6)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""
