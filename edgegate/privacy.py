"""Forgetting people: on request with a receipt, and by itself after the time that the configuration names."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

from edgegate import clock as clocks
from edgegate import journal as journals
from edgegate.clock import Clock
from edgegate.errors import GalleryError, JournalError
from edgegate.events import CloudEvent
from edgegate.gallery import Erased, Gallery, Person
from edgegate.journal import Journal
from edgegate.types import Event, EventType

log = logging.getLogger(__name__)

_DAY = 86_400.0
_EVERY_SECONDS = 3600.0


def forget(
    gallery: Gallery, journal: Journal, clock: Clock, name: str, *, reason: str = "asked"
) -> tuple[Erased, CloudEvent]:
    """Erase somebody, with a record in the journal of their opaque id alone. Raises GalleryError, JournalError."""
    written: list[CloudEvent] = []
    data: dict[str, Any] = {"person": None, "reason": reason}

    def record(person: str) -> None:
        written.extend(journal.append([Event(EventType.PERSON_FORGOTTEN, clock.monotonic(), person, data)]))

    return gallery.forget(name, record), written[0]


def purge(gallery: Gallery, journal: Journal, clock: Clock, days: int) -> list[Erased]:
    """Forget whoever was not let in for so many days, or may no longer enter for so many; 0 days: nobody."""
    if days == 0:
        return []
    granted = journals.last_times(journal.path, EventType.GRANTED)
    due = [person.name for person in gallery.people() if _ends(person, granted) + days * _DAY <= clock.wall()]
    return [forget(gallery, journal, clock, name, reason="retention")[0] for name in due]


def _ends(person: Person, granted: Mapping[str, float]) -> float:
    """The last moment that somebody was of any concern here, in seconds since the epoch."""
    begun = max(_seconds(text) for text in (person.enrolled, person.valid_from) if text)
    seen = max(begun, granted.get(person.id, begun))
    return seen if person.valid_until is None else min(seen, _seconds(person.valid_until))


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class Retention:
    """Purges every hour on a thread of its own, for as long as the wall clock is known to be right."""

    def __init__(
        self,
        gallery: Gallery,
        open_journal: Callable[[], Journal],
        clock: Clock,
        days: int,
        stopping: threading.Event,
        *,
        synchronized: Callable[[], bool] = clocks.synchronized,
    ) -> None:
        """`open_journal` is called on that thread. After 0 days nobody is forgotten, and there is no thread."""
        self._gallery = gallery
        self._open_journal = open_journal
        self._clock = clock
        self._days = days
        self._stopping = stopping
        self._synchronized = synchronized
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        if self._days:
            self._thread.start()

    def close(self, timeout: float) -> None:
        """Stop, waiting up to `timeout` seconds for a purge that is going on."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def look(self) -> None:
        """Purge now. Nobody is forgotten because a clock without a battery says that it is 2099."""
        if not self._synchronized():
            return
        try:
            with closing(self._open_journal()) as journal:
                for erased in purge(self._gallery, journal, self._clock, self._days):
                    log.info("%s was forgotten after %d days", erased.person.id, self._days)
        except (GalleryError, JournalError) as error:
            log.error("nobody is forgotten until this is mended: %s", error)  # noqa: TRY400 (words for an installer)

    def _run(self) -> None:
        self.look()
        while not self._stopping.wait(_EVERY_SECONDS):
            self.look()
