"""The session over one connection: it publishes availability, state, and the events of the outbox in order."""

from __future__ import annotations

import json
import logging
import queue
from collections.abc import Iterable
from typing import Any, Protocol

from edgegate.broker.connection import Acknowledged, Connection, Lost, Notice
from edgegate.broker.refusals import RefusedError
from edgegate.broker.topics import ONLINE, Message, Topics
from edgegate.errors import BrokerError
from edgegate.events.cloudevents import CloudEvent, Names, dumps, with_name

log = logging.getLogger(__name__)

WINDOW = 20
"""Messages in flight at most: as many events can arrive twice after a connection broke."""

ACKNOWLEDGE_SECONDS = 20.0
"""Seconds without an acknowledgement, with messages in flight, after which a broker is given up."""

POLL_SECONDS = 5.0
"""Seconds between looks at the outbox without a notice: other processes, such as `enroll`, write to it too."""


class Outbox(Protocol):
    """The part of the journal that a session needs; see `journal.Journal`."""

    def pending(self, after: int, limit: int) -> list[tuple[int, CloudEvent]]: ...

    def delivered(self, seqs: Iterable[int]) -> None: ...

    def close(self) -> None: ...


class BrokerSession:
    """The conversation over one connection, on one thread. Every method may raise BrokerError: then it is over."""

    def __init__(self, connection: Connection, outbox: Outbox, topics: Topics, names: Names) -> None:
        self._connection = connection
        self._outbox = outbox
        self._topics = topics
        self._names = names
        self._state: dict[str, Any] | None = None
        self._sent = 0
        self._in_flight: dict[int, Message] = {}
        """Messages that the broker has not acknowledged yet, by packet."""
        self._numbers: dict[int, int] = {}
        """The journal's numbers of the events among them, by packet."""

    def announce(self) -> None:
        self._retain(self._topics.availability, ONLINE)

    def publish_state(self, state: dict[str, Any] | None) -> None:
        """Publishes the state unless it is the one published last."""
        if state is not None and state != self._state and self._room() > 0:
            self._state = state
            self._retain(self._topics.state, json.dumps(state, ensure_ascii=False).encode(), "application/json")

    def send(self) -> bool:
        """Publishes waiting events, as far as the window allows; True when none waits and none is in flight."""
        room = self._room()
        waiting = self._outbox.pending(self._sent, room) if room > 0 else []
        for seq, event in waiting:
            payload = dumps(with_name(event, self._names)).encode()
            mid = self._publish(Message(self._topics.event, payload, content_type="application/cloudevents+json"))
            self._numbers[mid] = seq
            self._sent = seq
        return not self._in_flight

    def listen(self) -> None:
        """Waits until something happens, and takes in all of it: acknowledged events leave the outbox together."""
        notices = self._wait(ACKNOWLEDGE_SECONDS if self._in_flight else POLL_SECONDS)
        if self._in_flight and not notices:
            raise BrokerError(f"{self._connection.where}: no acknowledgement for {ACKNOWLEDGE_SECONDS:g} seconds")
        answers = [notice for notice in notices if isinstance(notice, Acknowledged)]
        self._outbox.delivered(
            [self._numbers[answer.mid] for answer in answers if answer.refusal is None and answer.mid in self._numbers]
        )
        for answer in answers:
            self._conclude(answer)
        for notice in notices:
            if isinstance(notice, Lost):
                raise notice.error

    def _conclude(self, answer: Acknowledged) -> None:
        self._numbers.pop(answer.mid, None)
        message = self._in_flight.pop(answer.mid)
        if answer.refusal is not None:
            raise RefusedError(
                f"{self._connection.where}: refuses {message.topic}: {answer.refusal}; see its access control list"
            )

    def leave(self, last_word: bytes | None) -> None:
        """Publishes `last_word` as the last will would, and disconnects once the broker has acknowledged everything."""
        if last_word is not None:
            while self._room() < 1:
                self.listen()
            self._retain(self._topics.availability, last_word)
        while self._in_flight:
            self.listen()
        self._connection.close()

    def _room(self) -> int:
        """Messages that may still be sent before one is acknowledged."""
        return min(WINDOW, self._connection.receive_maximum) - len(self._in_flight)

    def _wait(self, seconds: float) -> list[Notice]:
        notices = []
        try:
            notices.append(self._connection.notices.get(timeout=seconds))
            while True:
                notices.append(self._connection.notices.get_nowait())
        except queue.Empty:
            return notices

    def _retain(self, topic: str, payload: bytes, content_type: str | None = None) -> None:
        self._publish(Message(topic, payload, retained=True, content_type=content_type))

    def _publish(self, message: Message) -> int:
        mid = self._connection.publish(message)
        self._in_flight[mid] = message
        return mid
