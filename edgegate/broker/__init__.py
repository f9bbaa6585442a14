"""Telling staff over MQTT: one connection at a time, events from the journal in order, none lost on the way."""

from edgegate.broker.backoff import Delays
from edgegate.broker.connection import Connection, connect, in_words, probe
from edgegate.broker.topics import Message, Topics
from edgegate.broker.uplink import Status, Uplink

__all__ = ["Connection", "Delays", "Message", "Status", "Topics", "Uplink", "connect", "in_words", "probe"]
