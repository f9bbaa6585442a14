"""Keeps up with the gallery's file while the door is in service, on a thread that no frame waits for.

A change by any process counts at the door within two seconds of its commit: the file is looked at four times a second,
read when it changed, and the people read then replace those known before at once. Until then frames are matched with
the people known before. No other thread of the daemon opens the file for a name.
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
"""Seconds that a name not known yet is waited for, also where the file cannot be read."""

AWAIT_LOOKS = 3
"""Looks at the file after which it holds no such person: an event is written just before its gallery is."""


class Refreshable(Protocol):
    """The people kept up to date: `identification.Identifier`."""

    def refresh(self) -> bool: ...

    def name_of(self, person: str) -> str | None: ...


class GalleryWatch(Periodic):
    """Owns the thread; its faults are in attributes, which the main loop reads each turn."""

    def __init__(self, identifier: Refreshable, stopping: threading.Event) -> None:
        super().__init__("gallery", self._refresh, LOOK_SECONDS, stopping)
        self._identifier = identifier
        self._looked = threading.Condition()
        self._looks = 0
        self._missed: set[str] = set()
        """Ids that were waited for in vain: those people were forgotten."""
        self.fault: str | None = None
        """The reason that the gallery cannot be read now, so that the people known before are kept; or None."""

    def name_of(self, person: str) -> str | None:
        """Returns the name behind an opaque id; for one thread, which may wait. The loop asks the identifier instead.

        Another process may have enrolled somebody a moment ago: an unknown id is waited for, once, until the file was
        looked at, AWAIT_SECONDS at most. None for an id that is not known then.
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
