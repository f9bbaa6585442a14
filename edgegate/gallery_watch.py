"""Keeps up with the gallery's file while the door is in service, on a thread that no frame waits for.

Whoever is added, changed or removed, by any process, is so at the door within two seconds of the commit: the file is
looked at four times a second, read when it changed, and what was read takes the place of what was known at once.
Frames go on being matched with the people known before until then.
"""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from edgegate.errors import GalleryError
from edgegate.periodic import Periodic

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25


class Refreshable(Protocol):
    """What is kept up to date: `identification.Identifier`."""

    def refresh(self) -> bool: ...


class GalleryWatch(Periodic):
    """Owns the thread; what went wrong is told in attributes, for the main loop to look at each turn."""

    def __init__(self, identifier: Refreshable, stopping: threading.Event) -> None:
        super().__init__("gallery", self._refresh, LOOK_SECONDS, stopping)
        self._identifier = identifier
        self.trouble: str | None = None
        """Why the gallery cannot be read now, so that the people who were known before are kept."""

    def _refresh(self) -> None:
        trouble = None
        try:
            self._identifier.refresh()
        except GalleryError as error:
            trouble = str(error)
            if trouble != self.trouble:  # not at every try
                log.error("the people known so far are kept: %s", trouble)  # noqa: TRY400 (words for an installer)
        self.trouble = trouble
