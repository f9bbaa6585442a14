"""Publishing to staff over MQTT: one connection at a time, events from the journal in order, none lost on the way."""

from edgegate.broker.backoff import Delays
from edgegate.broker.connection import Connection, connect, in_words, probe
from edgegate.broker.topics import Message, Topics
from edgegate.broker.uplink import BrokerStatus, Uplink

__all__ = ["BrokerStatus", "Connection", "Delays", "Message", "Topics", "Uplink", "connect", "in_words", "probe"]
