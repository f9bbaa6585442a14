"""Runs in the guest, with edgegate's Python: somebody of the staff who listens, and whose place the broker keeps.

What comes is in /run/heard, a JSON line each: topic and payload. Arguments: user and password, where the broker asks.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

HEARD = "/run/heard"


def main() -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, "test-listener", clean_session=False, protocol=paho.MQTTv311)
    if len(sys.argv) > 1:
        client.username_pw_set(*sys.argv[1:3])
    client.reconnect_delay_set(1, 1)
    with open(HEARD, "a", buffering=1) as heard:  # noqa: PTH123

        def note(_client: Any, _data: Any, message: paho.MQTTMessage) -> None:
            heard.write(json.dumps([message.topic, message.payload.decode()]) + "\n")

        def subscribe(*_: Any) -> None:
            client.subscribe("edgegate/#", 1)

        client.on_connect = subscribe
        client.on_message = note
        client.connect("127.0.0.1")
        client.loop_forever(retry_first_connection=True)


if __name__ == "__main__":
    main()
