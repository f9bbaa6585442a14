"""The start-up summary in the log, and the names that the log replaces by ids."""

from __future__ import annotations

import logging

from edgegate import app
from edgegate.app import Recognition
from edgegate.config import NO_LIVENESS, Config
from edgegate.service.status import recognition_fault
from edgegate.types import UNKNOWN_CLASS

log = logging.getLogger(__name__)


def log_summary(config: Config, recognition: Recognition, wall: float) -> None:
    """Logs what the people who run this door should know; `wall` is now, in seconds since the epoch."""
    log.warning(NO_LIVENESS)
    log.info("%s", app.door_rate_in_words(config, recognition.identifier))
    if (fault := recognition_fault(config, recognition)) is not None:
        log.warning("%s", fault)
    if (fault := recognition.gallery.fault(recognition.identifier.everybody())) is not None:
        log.error("%s", fault)
    for person in recognition.identifier.foreign:
        if not person.unreadable:
            log.warning("%s was enrolled with another embedder and cannot be recognised: enrol again", person.id)
    warn_of_rules(config, recognition, wall)
    if config.door.pins == "mock":
        log.warning("door.pins = mock: nothing is wired, no lock will open")


def warn_of_rules(config: Config, recognition: Recognition, wall: float) -> None:
    """Logs the access rules that can never match, and the groups that nobody is in."""
    groups = [person.groups for person in recognition.identifier.everybody()]
    for warning in config.access.rule_warnings(config.site.door, groups, wall):
        log.warning("%s", warning)


def private_names(config: Config, recognition: Recognition) -> dict[str, str]:
    """Returns what the log shows in place of each name; nothing where the config wants names."""
    if config.service.log_names:
        return {}
    identity_network = recognition.identity_network
    labels = identity_network.labels[UNKNOWN_CLASS + 1 :] if identity_network else ()
    classes = {name: f"class {number}" for number, name in enumerate(labels, UNKNOWN_CLASS + 1)}
    return classes | {person.name: person.id for person in recognition.identifier.everybody()}
