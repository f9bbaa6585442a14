"""Real brokers on loopback ports, and a real subscriber, for whichever test needs them."""

from __future__ import annotations

import asyncio
import getpass
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edgegate.broker import Message

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/sbin")

needs_mosquitto = pytest.mark.skipif(
    MOSQUITTO is None, reason="mosquitto is not installed: only what the embedded broker can show is tested"
)


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Return as soon as `condition` is true; fail when it is not within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} seconds"
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Mosquitto:
    """The Mosquitto broker in a process of its own; `options` are further lines of its configuration."""

    def __init__(self, options: Sequence[str] = (), port: int | None = None) -> None:
        self.port = port or free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        lines = [f"listener {self.port} 127.0.0.1", f"user {getpass.getuser()}", "max_queued_messages 0"]
        if not any(option.startswith("allow_anonymous") for option in self._options):
            lines.append("allow_anonymous true")
        config = Path(self._folder.name) / "mosquitto.conf"
        config.write_text("\n".join([*lines, *self._options]) + "\n")
        self._config = config
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._folder.cleanup()

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", self._config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        process = self._process
        wait_until(lambda: _listens(self.port) or process.poll() is not None)
        assert process.poll() is None, "mosquitto did not start"

    def kill(self) -> None:
        """SIGKILL: nothing is said to anybody, and what it held in memory is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        self.kill()
        self.start()


class EmbeddedBroker:
    """amqtt in a thread of this process; it speaks only MQTT 3.1.1."""

    def __init__(self) -> None:
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="amqtt")
        self._started = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10), "amqtt did not start"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._broker.shutdown(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._loop.run_forever()

    async def _start(self) -> None:
        from amqtt.broker import Broker  # noqa: PLC0415 (slow, and only some tests need it)

        self._broker = Broker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{self.port}"}},
                "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            }
        )
        await self._broker.start()
        self._started.set()


class Subscriber:
    """Collects what arrives under `topic`, in order; it comes back at once when the broker does.

    QoS 0 by default, so that the broker keeps nothing for it in memory that a killed one would forget.
    """

    def __init__(self, port: int, topic: str = "edgegate/#", *, qos: int = 0, protocol: int = paho.MQTTv311) -> None:
        self._changed = threading.Condition()
        self._messages: list[Message] = []
        self._subscriptions = 0
        self._topic, self._qos = topic, qos
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(0.02, 0.02)  # type: ignore[arg-type]  # fractions will do
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = self._note_subscription
        self._client.on_message = self._note_message
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        self.wait_subscribed(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def subscriptions(self) -> int:
        """The number of its subscriptions: 1, and once more for every restart of the broker."""
        return self._subscriptions

    def messages(self, leaf: str = "") -> list[Message]:
        """Returns the messages so far, of topics that end in `leaf`."""
        with self._changed:
            return [message for message in self._messages if message.topic.endswith(leaf)]

    def wait_for(self, count: int, timeout: float = 10.0, leaf: str = "") -> list[Message]:
        """Wait for `count` messages of topics that end in `leaf`; fails when they do not come in time."""
        self._wait(lambda: len(self.messages(leaf)) >= count, timeout, f"{count} messages")
        return self.messages(leaf)

    def wait_subscribed(self, times: int, timeout: float = 10.0) -> None:
        self._wait(lambda: self._subscriptions >= times, timeout, f"subscription {times}")

    def wait_until(self, condition: Callable[[], bool], timeout: float = 10.0) -> None:
        """Wait for what only this subscriber's messages can bring about."""
        self._wait(condition, timeout, "it")

    def _wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, timeout), f"{what}: not within {timeout:g} seconds"

    def _subscribe(self, *_: Any) -> None:
        self._client.subscribe(self._topic, self._qos)

    def _note_subscription(self, *_: Any) -> None:
        with self._changed:
            self._subscriptions += 1
            self._changed.notify_all()

    def _note_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        with self._changed:
            self._messages.append(Message(message.topic, bytes(message.payload), message.retain))
            self._changed.notify_all()
