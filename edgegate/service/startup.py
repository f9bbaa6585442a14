"""What a door says of itself at its start, and whose names its log keeps to itself."""

from __future__ import annotations

import logging

from edgegate import app
from edgegate.app import Recognition
from edgegate.config import NO_LIVENESS, Config
from edgegate.service.status import recognition_fault
from edgegate.types import UNKNOWN_CLASS

log = logging.getLogger(__name__)


def announce(config: Config, recognition: Recognition, wall: float) -> None:
    """Log what whoever runs this door should know; `wall` is now, in seconds since the epoch."""
    log.warning(NO_LIVENESS)
    log.info("%s", app.door_rate_in_words(config, recognition.identifier))
    if (fault := recognition_fault(config, recognition)) is not None:
        log.warning("%s", fault)
    if (fault := recognition.gallery.fault(recognition.identifier.everybody())) is not None:
        log.error("%s", fault)
    for person in recognition.identifier.foreign:
        if not person.unreadable:
            log.warning("%s was enrolled with another embedder and cannot be recognised: enrol again", person.id)
    doubt_rules(config, recognition, wall)
    if config.door.pins == "mock":
        log.warning("door.pins = mock: nothing is wired, no lock will open")


def doubt_rules(config: Config, recognition: Recognition, wall: float) -> None:
    """Log which rules of access can never match, and which groups nobody is in."""
    groups = [person.groups for person in recognition.identifier.everybody()]
    for doubt in config.access.doubts(config.site.door, groups, wall):
        log.warning("%s", doubt)


def private_names(config: Config, recognition: Recognition) -> dict[str, str]:
    """Whose names the log keeps to itself, and what it says instead; nobody's where the config wants names."""
    if config.service.log_names:
        return {}
    identity_network = recognition.identity_network
    labels = identity_network.labels[UNKNOWN_CLASS + 1 :] if identity_network else ()
    classes = {name: f"class {number}" for number, name in enumerate(labels, UNKNOWN_CLASS + 1)}
    return classes | {person.name: person.id for person in recognition.identifier.everybody()}
