"""Forgetting people: on request with a receipt, and by itself after the time that the configuration names."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edgegate import clock as clocks
from edgegate import journal as journals
from edgegate.clock import Clock
from edgegate.errors import EdgegateError, GalleryError
from edgegate.events.cloudevents import CloudEvent
from edgegate.events.vocabulary import Event, EventType
from edgegate.gallery import Erased, Gallery, Person
from edgegate.journal import Journal
from edgegate.recognition.site_calibration import ScoreStore
from edgegate.system.threads import Periodic

log = logging.getLogger(__name__)

_DAY = 86_400.0
_EVERY_SECONDS = 3600.0

GIVE_BACK_PAGES = 128
GIVE_BACK_PAUSE_SECONDS = 0.05
"""Seconds between two steps of shortening the gallery's file: other users of it come first."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The outcome of forgetting: the gallery's part, the number of visits whose scores went, the journal's event."""

    erased: Erased
    visits: int
    event: CloudEvent


def forget(
    gallery: Gallery, journal: Journal, scores: ScoreStore, clock: Clock, name: str, *, reason: str = "asked"
) -> Forgotten:
    """Erases somebody, with a record in the journal of their opaque id alone.

    The scores of their visits go first: a gallery that cannot be written leaves somebody who can be forgotten again.
    Raises GalleryError, JournalError, and EdgegateError where the scores cannot be written.
    """
    written: list[CloudEvent] = []
    data: dict[str, Any] = {"person": None, "reason": reason}

    def record(person: str) -> None:
        written.extend(journal.append([Event(EventType.PERSON_FORGOTTEN, clock.monotonic(), person, data)]))

    visits = scores.forget(gallery.find(name).id)
    return Forgotten(gallery.forget(name, record), visits, written[0])


def purge(gallery: Gallery, journal: Journal, scores: ScoreStore, clock: Clock, days: int) -> list[Forgotten]:
    """Forgets everybody who was not let in for `days`, or may no longer enter for as long; 0 days: nobody."""
    if days == 0:
        return []
    granted = journals.last_times(journal.path, EventType.GRANTED)
    due = [person for person in gallery.bare() if _ends(person, granted) + days * _DAY <= clock.wall()]
    return [_forget_quietly(gallery, journal, scores, clock, person) for person in due]


def _forget_quietly(gallery: Gallery, journal: Journal, scores: ScoreStore, clock: Clock, person: Person) -> Forgotten:
    """Forgets one person. Errors are logged, and must not hold the name of somebody who is erased by then."""
    try:
        return forget(gallery, journal, scores, clock, person.name, reason="retention")
    except GalleryError as error:
        raise GalleryError(str(error).replace(person.name, person.id)) from None


def _ends(person: Person, granted: Mapping[str, float]) -> float:
    """Returns the last moment that somebody was of any concern here, in seconds since the epoch."""
    begun = max(_seconds(text) for text in (person.enrolled, person.valid_from) if text)
    seen = max(begun, granted.get(person.id, begun))
    return seen if person.valid_until is None else min(seen, _seconds(person.valid_until))


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class Retention(Periodic):
    """Purges every hour on a thread of its own, for as long as the wall clock is known to be right."""

    def __init__(
        self,
        gallery: Gallery,
        open_journal: Callable[[], Journal],
        scores: ScoreStore,
        clock: Clock,
        days: int,
        stopping: threading.Event,
        *,
        synchronized: Callable[[], bool] = clocks.synchronized,
    ) -> None:
        """Prepares the thread, which calls `open_journal`. With 0 days nobody is forgotten, and it never starts."""
        super().__init__("retention", self.look, _EVERY_SECONDS, stopping, at_once=True)
        self._gallery = gallery
        self._open_journal = open_journal
        self._scores = scores
        self._clock = clock
        self._days = days
        self._synchronized = synchronized
        self.fault: str | None = None
        """The reason that somebody due to be forgotten may not have been; None if there is none."""

    def start(self) -> None:
        if self._days:
            super().start()

    def change_days(self, days: int) -> None:
        """Forgets after another number of days, from the next look on."""
        self._days = days
        if not self.started:
            self.start()

    def look(self) -> None:
        """Purges now. Nobody is forgotten because a clock without a battery says that it is 2099."""
        if not self._synchronized():
            return
        try:
            with closing(self._open_journal()) as journal:
                for forgotten in purge(self._gallery, journal, self._scores, self._clock, self._days):
                    log.info("%s was forgotten after %d days", forgotten.erased.person.id, self._days)
            while self._gallery.give_back(GIVE_BACK_PAGES) and not self._stopping.wait(GIVE_BACK_PAUSE_SECONDS):
                pass
            self.fault = None
        except EdgegateError as error:
            self.fault = str(error)
            log.error("nobody is forgotten until this is mended: %s", error)  # noqa: TRY400 (words for an installer)
