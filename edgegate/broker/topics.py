"""The topics of a door, `edgegate/<site>/<door>/…`, and the messages on them."""

from __future__ import annotations

from dataclasses import dataclass

ONLINE = b"online"
OFFLINE = b"offline"


@dataclass(frozen=True, slots=True)
class Message:
    """A message to publish, or one received; always with QoS 1."""

    topic: str
    payload: bytes
    retained: bool = False
    content_type: str | None = None
    """Sent only over MQTT 5."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one door; `+` as the door stands for all doors of the site."""

    site: str
    door: str
    speaker: str = ""
    """The client, if it is not the door itself, such as `replay`: one of its own, which displaces no other."""

    @property
    def availability(self) -> str:
        return self._topic("availability")

    @property
    def state(self) -> str:
        return self._topic("state")

    @property
    def event(self) -> str:
        return self._topic("event")

    @property
    def client_id(self) -> str:
        """The same id at every connect: a broker that still holds a dead connection of this door ends that one first.

        With a new id each time, the dead connection's last will, `offline`, would come after the new one's `online`.
        """
        return "-".join(filter(None, ("edgegate", self.site, self.door, self.speaker)))

    def _topic(self, level: str) -> str:
        return f"edgegate/{self.site}/{self.door}/{level}"
