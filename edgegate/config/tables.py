"""Every key of the configuration with its default, unit and range.

A key is described once: here, in a module of its own for a long table, and in `lock.wiring` for those of `[door]`,
which the lock keeper shares.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from edgegate.config.access import AccessSettings
from edgegate.config.camera import CameraSettings
from edgegate.config.recognition import LivenessSettings, RecognitionSettings
from edgegate.config.section import Section
from edgegate.lock import wiring
from edgegate.lock.wiring import Wiring
from edgegate.system.systemd import credential

TopicLevel = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=64)]


class SiteSettings(Section):
    """Names of this site and door: the first two levels of every MQTT topic, and the source of every event."""

    name: TopicLevel = Field("home", description="the site")
    door: TopicLevel = Field("front", description="the door, unique within the site")


def _wired(name: str) -> Any:
    """Returns the default, range and meaning that `wiring` gives this key of `[door]`."""
    key = wiring.KEYS[name]
    low, high = key.metadata["low"], key.metadata["high"]
    if low is None:
        return Field(key.default, description=key.metadata["description"])
    return Field(key.default, ge=low, le=high, description=key.metadata["description"])


class DoorSettings(Section):
    """The lock and its wiring."""

    pins: Literal["gpio", "mock"] = _wired("pins")
    keeper: str = _wired("keeper")
    lock_pin: int = _wired("lock_pin")
    active_high: bool = _wired("active_high")
    unlock_seconds: float = _wired("unlock_seconds")
    exit_seconds: float = _wired("exit_seconds")
    exit_pin: int = _wired("exit_pin")
    handle_pin: int = _wired("handle_pin")
    contact_pin: int = _wired("contact_pin")
    contact_closed: bool = _wired("contact_closed")
    tamper_pin: int = _wired("tamper_pin")
    fire_pin: int = _wired("fire_pin")
    fire_opens: bool = _wired("fire_opens")
    buzzer_pin: int = _wired("buzzer_pin")
    green_led_pin: int = _wired("green_led_pin")
    red_led_pin: int = _wired("red_led_pin")
    open_seconds: float = _wired("open_seconds")
    warning_seconds: float = _wired("warning_seconds")
    stuck_seconds: float = _wired("stuck_seconds")
    shunt_seconds: float = _wired("shunt_seconds")

    @field_validator(*wiring.PINS)
    @classmethod
    def _every_pin_is_one_thing(cls, value: int, info: ValidationInfo) -> int:
        name = str(info.field_name)
        if (problem := wiring.pin_problem({**info.data, name: value}, name)) is not None:
            raise ValueError(problem)
        return value

    @property
    def wiring(self) -> Wiring:
        """Returns the same, as the lock takes it."""
        return Wiring(**self.model_dump())


class MqttSettings(Section):
    """The broker that staff listen to."""

    enabled: bool = Field(True, description="false: events are kept in the journal and sent nowhere")
    host: str = Field("localhost", min_length=1, description="name or address of the broker")
    port: int = Field(1883, ge=1, le=65535, description="TCP port; 8883 is customary with TLS")
    protocol: Literal["auto", "5", "3.1.1"] = Field(
        "auto", description="MQTT version; `auto` tries 5 and falls back to 3.1.1 with a warning"
    )
    username: str = Field("", description="empty: none")
    password_file: str = Field(
        "",
        description="file whose first line is the password; a systemd credential `edgegate.mqtt-password` comes before "
        "it; empty: none",
    )
    tls: bool = Field(False, description="encrypt, and check the broker's certificate")
    ca_file: str = Field("", description="certificate authorities to trust; empty: the system's")
    cert_file: str = Field("", description="this door's certificate, where the broker asks for one; empty: none")
    key_file: str = Field(
        "",
        description="the key of cert_file; a systemd credential `edgegate.mqtt-key` comes before it; empty: none",
    )
    keepalive_seconds: int = Field(
        15, ge=5, le=3600, description="seconds; after about 1.5 times this the broker reports the door as gone"
    )

    @field_validator("password_file", "ca_file", "cert_file", "key_file")
    @classmethod
    def _every_file_is_used(cls, value: str, info: ValidationInfo) -> str:
        needs = {"password_file": "username", "key_file": "cert_file"}.get(str(info.field_name), "tls")
        if value and not info.data.get(needs, True):
            raise ValueError(f"has no effect without {needs}")
        return value


class JournalSettings(Section):
    """The record of everything that happened."""

    min_free_megabytes: int = Field(
        100, ge=1, le=1_000_000, description="free space below which `check` fails and `run` warns"
    )


class EnrolmentSettings(Section):
    """Data kept of people enrolled."""

    keep_photos: bool = Field(
        False, description="true: accepted photos are kept too, encrypted, so that another embedder can enrol from them"
    )


class PrivacySettings(Section):
    """The time that people are remembered."""

    retention_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="days after a person was last let in, or after their validity ended, until the daemon forgets "
        "them; 0: never",
    )
    keep_scores: bool = Field(
        False,
        description="true: the daemon keeps of each visit its time, best scores and opaque person id, no face, so that "
        "`evaluate --site` can check the false-accept rate with this camera",
    )
    keep_scores_days: int = Field(30, ge=1, le=365, description="days after which they are erased")


class ServiceSettings(Section):
    """The daemon itself."""

    data_dir: str = Field(
        "", description="where gallery and journal live; empty: /var/lib/edgegate under systemd, else ./edgegate-data"
    )
    key_file: str = Field(
        "",
        description="the key that templates are encrypted with, made on the first enrolment and never in data_dir; a "
        "systemd credential `edgegate.key` comes before it; empty: /etc/edgegate/edgegate.key where data_dir is in "
        "/var/lib, else ~/.config/edgegate/edgegate.key",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="how much is logged")
    log_names: bool = Field(False, description="true: the log says people's names; false: their opaque ids alone")


class Config(Section):
    """The whole configuration, frozen."""

    site: SiteSettings = SiteSettings()
    camera: CameraSettings = CameraSettings()
    recognition: RecognitionSettings = RecognitionSettings()
    liveness: LivenessSettings = LivenessSettings()
    access: AccessSettings = AccessSettings()
    door: DoorSettings = DoorSettings()
    mqtt: MqttSettings = MqttSettings()
    journal: JournalSettings = JournalSettings()
    enrolment: EnrolmentSettings = EnrolmentSettings()
    privacy: PrivacySettings = PrivacySettings()
    service: ServiceSettings = ServiceSettings()

    @property
    def data_dir(self) -> Path:
        """Returns the folder of gallery and journal; systemd names its StateDirectory in $STATE_DIRECTORY."""
        return Path(self.service.data_dir or os.environ.get("STATE_DIRECTORY") or "edgegate-data")

    @property
    def key_file(self) -> Path:
        """Returns the path of the key, by the folder of the data and not by the user: root and the service agree."""
        if self.service.key_file:
            return Path(self.service.key_file).expanduser()
        if self.data_dir.absolute().is_relative_to("/var/lib"):
            return Path("/etc/edgegate/edgegate.key")
        home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
        return Path(home).expanduser() / "edgegate" / "edgegate.key"

    @property
    def key_credential(self) -> Path | None:
        """Returns the key as systemd hands it to the service; None where systemd hands over nothing."""
        path = credential("edgegate.key")
        return None if path is None else Path(path)


def section_of(name: str) -> type[BaseModel]:
    """Returns the table `[name]`."""
    section = Config.model_fields[name].annotation
    assert isinstance(section, type)
    assert issubclass(section, BaseModel)
    return section
