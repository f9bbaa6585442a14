"""Keeps up with the gallery's file while the door is in service, on a thread that no frame waits for.

Whoever is added, changed or removed, by any process, is so at the door within two seconds of the commit: the file is
looked at four times a second, read when it changed, and what was read takes the place of what was known at once.
Frames go on being matched with the people known before until then. No other thread of the daemon's opens the file for a
name.
"""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from edgegate.errors import GalleryError
from edgegate.system.threads import Periodic

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25

AWAIT_SECONDS = 2.0
"""How long a name that is not known yet is waited for, also where the file cannot be read."""

AWAIT_LOOKS = 3
"""After so many looks at the file it holds no such person: an event is written just before its gallery is."""


class Refreshable(Protocol):
    """What is kept up to date: `identification.Identifier`."""

    def refresh(self) -> bool: ...

    def name_of(self, person: str) -> str | None: ...


class GalleryWatch(Periodic):
    """Owns the thread; what went wrong is told in attributes, for the main loop to look at each turn."""

    def __init__(self, identifier: Refreshable, stopping: threading.Event) -> None:
        super().__init__("gallery", self._refresh, LOOK_SECONDS, stopping)
        self._identifier = identifier
        self._looked = threading.Condition()
        self._looks = 0
        self._missed: set[str] = set()
        """Whom it was waited for, and who did not come: they were forgotten."""
        self.fault: str | None = None
        """Why the gallery cannot be read now, so that the people who were known before are kept."""

    def name_of(self, person: str) -> str | None:
        """The name behind an opaque id; for one thread, which may wait. The loop asks the identifier instead.

        Another process may have enrolled somebody a moment ago: who is not known is waited for, once, until the file
        was looked at, AWAIT_SECONDS at most. None for who is not known then.
        """
        name = self._identifier.name_of(person)
        if name is None and person not in self._missed:
            with self._looked:
                enough = self._looks + AWAIT_LOOKS
                self._looked.wait_for(
                    lambda: self._identifier.name_of(person) is not None or self._looks >= enough, AWAIT_SECONDS
                )
            name = self._identifier.name_of(person)
            if name is None:
                self._missed.add(person)
        return name

    def _refresh(self) -> None:
        fault = None
        try:
            self._identifier.refresh()
            with self._looked:
                self._looks += 1
                self._looked.notify_all()
        except GalleryError as error:
            fault = str(error)
            if fault != self.fault:  # not at every try
                log.error("the people known so far are kept: %s", fault)  # noqa: TRY400 (words for an installer)
        self.fault = fault
