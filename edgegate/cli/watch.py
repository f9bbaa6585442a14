"""`edgegate watch`: what the door publishes, live."""

from __future__ import annotations

import argparse
import json
import queue
import random
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, tzinfo
from typing import Any

from edgegate.broker import Connection, Message, Topics, connect
from edgegate.broker.backoff import Backoff, Delays
from edgegate.broker.connection import Acknowledged, Lost
from edgegate.broker.refusals import RefusedError
from edgegate.cli.common import load_config
from edgegate.cli.wording import in_words
from edgegate.clock import Clock, SystemClock
from edgegate.config import MqttSettings
from edgegate.errors import BrokerError, UsageError
from edgegate.system.terminal import escaped, printable


def run(args: argparse.Namespace) -> int:
    config = load_config(args)
    if not config.mqtt.enabled:
        raise UsageError("watch: mqtt.enabled is false: this door publishes to no broker")
    topics = Topics(config.site.name, "+" if args.all else config.site.door)
    clock, zone = SystemClock(), config.access.calendar.zone
    end = float("inf") if args.seconds is None else clock.monotonic() + args.seconds
    try:
        for number, message in enumerate(_messages(config.mqtt, topics, clock, end), 1):
            print(_as_json(message) if args.json else _line(message, clock, zone), flush=True)
            if number == args.count:
                break
    except KeyboardInterrupt:
        pass
    return 0


def _messages(settings: MqttSettings, topics: Topics, clock: Clock, end: float) -> Iterator[Message]:
    """Yields the messages until `end`. A broker that is not there at the start, or ever refuses, is a BrokerError."""
    client_id = f"edgegate-watch-{secrets.token_hex(4)}"
    connection: Connection | None = connect(settings, client_id)
    while connection is not None:
        try:
            yield from _received(connection, topics, clock, end)
        except RefusedError:
            raise
        except BrokerError as error:
            print(printable(f"edgegate: {error}; trying again"), file=sys.stderr)
        else:
            return
        finally:
            connection.drop()
        connection = _reconnect(settings, client_id, clock, end)


def _reconnect(settings: MqttSettings, client_id: str, clock: Clock, end: float) -> Connection | None:
    """Tries until it works; returns None when `end` has come."""
    backoff = Backoff(Delays(longest=10.0), random.Random())
    while (left := end - clock.monotonic()) > 0:
        threading.Event().wait(min(left, backoff.fail(refused=False)))
        try:
            return connect(settings, client_id)
        except RefusedError:
            raise
        except BrokerError:
            continue
    return None


def _received(connection: Connection, topics: Topics, clock: Clock, end: float) -> Iterator[Message]:
    connection.subscribe([topics.event, topics.state, topics.availability])
    while (left := end - clock.monotonic()) > 0:
        try:
            notice = connection.notices.get(timeout=min(left, 3600.0))
        except queue.Empty:
            continue
        match notice:
            case Message():
                yield notice
            case Acknowledged(refusal=str(refusal)):
                raise RefusedError(f"{connection.where}: refuses the subscription: {refusal}")
            case Lost(error):
                raise error


def _line(message: Message, clock: Clock, zone: tzinfo) -> str:
    _, door, leaf = message.topic.rsplit("/", 2)
    text = message.payload.decode(errors="replace")
    try:
        if leaf == "event":
            return in_words(json.loads(text), zone)
        if leaf == "state":
            text = ", ".join(f"{key} {value}" for key, value in json.loads(text).items() if value)
    except (ValueError, TypeError, LookupError, AttributeError):
        text = f"not understood: {text}"
    now = datetime.fromtimestamp(clock.wall(), zone)
    return printable(f"{now:%Y-%m-%d %H:%M:%S}  {door}  {leaf:16}  {text}")


def _as_json(message: Message) -> str:
    text = message.payload.decode(errors="replace")
    payload: Any = text
    if not message.topic.endswith("/availability"):
        with suppress(ValueError):
            payload = json.loads(text)
    line = {"topic": message.topic, "retained": message.retained, "payload": payload}
    return escaped(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
