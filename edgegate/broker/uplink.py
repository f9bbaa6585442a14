"""The thread that publishes to the broker: it connects, publishes, and comes back after every failure."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from edgegate.broker.backoff import Backoff, Delays
from edgegate.broker.connection import Connection, Woken, connect, in_words
from edgegate.broker.credentials import build_tls, read_password
from edgegate.broker.refusals import RefusedError
from edgegate.broker.session import BrokerSession, Outbox
from edgegate.broker.topics import OFFLINE, Message, Topics
from edgegate.config import MqttSettings
from edgegate.errors import BrokerError, EdgegateError
from edgegate.events.cloudevents import Names

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """The state of the connection to the broker."""

    connected: bool = False
    protocol: str = ""
    """The protocol of this connection or the last one, such as "MQTT 5, TLS"; empty before the first."""
    problem: str | None = "not connected yet"
    """The reason for not being connected, in one line; None while connected."""
    refused: bool = False
    """The broker said no: somebody must change something."""


class Uplink:
    """Publishes what is in the journal's outbox, for as long as it runs.

    With `presence` it publishes that the door is there, and leaves a last will; a replay is no door, and has none.
    `open_outbox` is called on the uplink's own thread; so is `names`, which answers from memory and may wait a moment
    for somebody who was enrolled just now, but not for a file. Raises ConfigError at once when a file the config names
    cannot be used; from then on every fault is a `status`, not an exception.
    """

    def __init__(
        self,
        settings: MqttSettings,
        topics: Topics,
        open_outbox: Callable[[], Outbox],
        names: Names,
        *,
        presence: bool = True,
        delays: Delays | None = None,
        rng: random.Random | None = None,
    ) -> None:
        read_password(settings), build_tls(settings)
        self.status = BrokerStatus()
        self.failed: Exception | None = None
        """A mistake in this program that the last attempt met. The door goes on, and so do the attempts."""
        self._settings = settings
        self._topics = topics
        self._open_outbox = open_outbox
        self._names = names
        self._backoff = Backoff(delays or Delays(), rng or random.Random())
        self._presence = presence
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._connection: Connection | None = None
        self._state: dict[str, Any] | None = None
        self._noted = 0
        self._settled = 0

    def start(self) -> None:
        self._thread.start()

    def notify(self) -> None:
        """Notes that there is something new in the journal. Returns at once."""
        with self._changed:
            self._noted += 1
        self._wake()

    def set_state(self, state: dict[str, Any]) -> None:
        """Sets what `state` says from now on; published if it differs from before. Returns at once."""
        if state != self._state:
            self._state = dict(state)
            self._wake()

    def flush(self, timeout: float) -> bool:
        """Waits until the broker has acknowledged all that was in the journal at the call; False if it has not."""
        self.notify()
        with self._changed:
            target = self._noted
            self._changed.wait_for(lambda: self._settled >= target or self.failed is not None, timeout)
            return self._settled >= target

    def close(self, timeout: float) -> None:
        """Publishes `offline` and disconnects, within `timeout` seconds; unacknowledged events stay in the outbox."""
        self._stopping.set()
        self._wake()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _wake(self) -> None:
        connection = self._connection
        if connection is not None:
            connection.notices.put(Woken())

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                delay = self._attempt()
            except Exception as error:  # the thread's outer boundary: nothing that a broker does may end a door
                log.exception("the connection to the broker is given up, and tried again")
                delay = self._note_failure(BrokerError(f"a mistake in edgegate, please report it: {error!r}"))
                self.failed = error
                with self._changed:
                    self._changed.notify_all()
            self._stopping.wait(delay)

    def _attempt(self) -> float:
        """Connects, and stays as long as it lasts. Returns the seconds to wait before the next attempt."""
        try:
            will = Message(self._topics.availability, OFFLINE, retained=True) if self._presence else None
            connection = connect(self._settings, self._topics.client_id, will=will)
            try:
                self._stay(connection)
            finally:
                self._connection = None
                connection.drop()
        except EdgegateError as error:
            return self._note_failure(error)
        self.status = replace(self.status, connected=False, problem="closed")
        return 0.0

    def _stay(self, connection: Connection) -> None:
        self._note_success(connection.protocol)
        with closing(self._open_outbox()) as outbox:
            session = BrokerSession(connection, outbox, self._topics, self._names)
            self.failed = None
            self._connection = connection  # from here on what happens wakes this session
            if self._presence:
                session.announce()
            while not self._stopping.is_set():
                noted = self._noted
                session.publish_state(self._state)
                if session.send():
                    self._settle(noted)
                session.listen()
                self._backoff.succeed()
            session.leave(OFFLINE if self._presence else None)

    def _settle(self, noted: int) -> None:
        with self._changed:
            self._settled = noted
            self._changed.notify_all()

    def _note_success(self, protocol: str) -> None:
        words = in_words(self._settings, protocol)
        if words != self.status.protocol:
            log.info("%s:%d: connected with %s", self._settings.host, self._settings.port, words)
            if protocol != "5":
                log.warning("the broker does not speak MQTT 5: an event that it refuses counts as delivered")
        self.status = BrokerStatus(connected=True, protocol=words, problem=None)

    def _note_failure(self, error: EdgegateError) -> float:
        refused = isinstance(error, RefusedError)
        delay = self._backoff.fail(refused=refused)
        if refused:
            log.error("%s; events are kept, the next attempt is in %.0f seconds", error, delay)
        elif str(error) != self.status.problem:
            log.warning("%s; events are kept", error)
        self.status = replace(self.status, connected=False, problem=str(error), refused=refused)
        return delay
