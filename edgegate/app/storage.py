"""The files in the data folder, opened as the config says."""

from __future__ import annotations

import secrets
from pathlib import Path

from edgegate.clock import Clock
from edgegate.config import Config
from edgegate.events.cloudevents import Names, Origin
from edgegate.gallery import Gallery
from edgegate.gallery.keys import Keys
from edgegate.journal import PATIENCE_SECONDS, Journal
from edgegate.recognition import site_calibration


def open_gallery(config: Config) -> Gallery:
    return Gallery(config.data_dir / "gallery.db", key=keys_of(config))


def keys_of(config: Config) -> Keys:
    """Returns the keys that the gallery is encrypted with; none is made before the first enrolment."""
    return Keys(config.key_file, config.data_dir, config.key_credential)


def names_of(config: Config) -> Names:
    """Returns everybody's name as the gallery has them now, read once: for a command that shows many events."""
    return open_gallery(config).names().get


def journal_path(config: Config) -> Path:
    return config.data_dir / "journal.db"


def origin_of(config: Config, boot: str | None = None) -> Origin:
    return Origin(config.site.name, config.site.door, boot or secrets.token_hex(4))


def open_journal(config: Config, origin: Origin, clock: Clock, patience: float = PATIENCE_SECONDS) -> Journal:
    """Opens the door's journal for the calling thread; its events wait for the broker, if there is one."""
    return Journal(journal_path(config), origin=origin, clock=clock, outbox=config.mqtt.enabled, patience=patience)


def site_path(config: Config) -> Path:
    """Returns the path of the threshold that this camera's own visits asked for."""
    return config.data_dir / "site.toml"


def open_scores(config: Config) -> site_calibration.ScoreStore:
    return site_calibration.ScoreStore(config.data_dir / "scores.db", config.privacy.keep_scores_days)
