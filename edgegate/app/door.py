"""The door itself: its rules, its lock, and the loop around them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from edgegate.access import gate as gates
from edgegate.access.gate import Gate
from edgegate.app.networks import table_of
from edgegate.app.recognition import Recognition, build_pipeline, model_names
from edgegate.app.storage import journal_path, open_scores
from edgegate.clock import Clock
from edgegate.config import Config
from edgegate.events.cloudevents import CloudEvent
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Journal, last_of, last_with, lockouts
from edgegate.keeper.client import KEEPER, KeeperClient, parse_reference
from edgegate.lock.controller import LockController, Tell, build_lock
from edgegate.lock.interface import LockInterface
from edgegate.loop.turn import Loop
from edgegate.loop.visit_scores import ScoreKeeper, VisitScores
from edgegate.vision import motion
from edgegate.vision.packs import Pack


def open_lock(config: Config, clock: Clock, tell: Tell) -> LockController | KeeperClient:
    """Opens the lock in this process, or the lock keeper's, where one is configured. Raises LockError."""
    if config.door.keeper:
        return KeeperClient(Path(config.door.keeper), clock, tell)
    return build_lock(config.door.wiring, clock, tell)


def last_of_keeper(config: Config) -> tuple[str, int] | None:
    """Returns the lock keeper's boot and its own number of its last event in the journal; None if there is none."""
    event = last_with(journal_path(config), KEEPER)
    return None if event is None else parse_reference(event)


UNCLEAN = "the run before did not end by itself: it hung, was killed, or lost power"


def ended_uncleanly(config: Config) -> dict[str, str]:
    """Returns the data of `service.started` on a previous run without `service.stopped`. Raises JournalError."""
    event = last_of(journal_path(config), EventType.SERVICE_STARTED, EventType.SERVICE_STOPPED)
    return {"reason": UNCLEAN} if event is not None and event["type"].endswith(EventType.SERVICE_STARTED) else {}


def build_score_keeper(
    config: Config, recognition: Recognition, clock: Clock, stopping: threading.Event
) -> ScoreKeeper | None:
    """Builds the keeper of the visits' scores; None unless the config consents, or where no embedder makes scores."""
    settings = config.recognition
    if not config.privacy.keep_scores or settings.model_alone:
        return None
    embedder = recognition.analyzer.pack.sha256
    visits = VisitScores(embedder, settings.decide_after_frames, config.access.rearm_seconds)
    return ScoreKeeper(open_scores(config), visits, clock, recognition.identifier.name_of, stopping)


def gate_rules(config: Config, embedder: Pack) -> gates.GateRules:
    """Returns the rules of a door's gate, those of access included; `Gate.change_rules` takes them too."""
    access = config.access
    return replace(
        recognition_rules(config, embedder),
        permissions=access.permissions(config.site.door),
        lockout=access.lockout,
        hold_open=access.hold_open_hours,
    )


def recognition_rules(config: Config, embedder: Pack) -> gates.GateRules:
    """Returns the gate's rules of recognition alone, without those of access: for measuring."""
    return gates.GateRules(
        unlock_seconds=config.door.unlock_seconds,
        max_frame_age=config.recognition.max_frame_age_ms / 1000,
        rearm_seconds=config.access.rearm_seconds,
        decide_after_frames=config.recognition.decide_after_frames,
        refuse_after_frames=config.recognition.refuse_after_frames,
        margin=gates.MARGIN_DECADES * table_of(embedder).decade(),
    )


def build_gate(config: Config, embedder: Pack, identity_network: Pack | None = None) -> Gate:
    """Builds a gate that lets in everybody who is recognised."""
    return Gate(recognition_rules(config, embedder), model_names(config, embedder, identity_network))


def take_up_lockout(gate: Gate, path: Path, clock: Clock) -> None:
    """Has the gate go on with a lock-out that the journal says is running."""
    until = lockouts.running_until(path, clock)
    if until is not None:
        gate.take_up_lockout(until)


def build_loop(
    config: Config,
    recognition: Recognition,
    journal: Journal,
    lock: LockInterface,
    changes: queue.SimpleQueue[Event],
    clock: Clock,
    report: Callable[[CloudEvent], None],
) -> Loop:
    """Builds a whole door but for the camera."""
    analyzer, identifier, identity_network = recognition.analyzer, recognition.identifier, recognition.identity_network
    gate = build_gate(config, analyzer.pack, identity_network.pack if identity_network else None)
    gate.change_rules(gate_rules(config, analyzer.pack))
    if config.access.lockout_refusals:
        take_up_lockout(gate, journal.path, clock)
    return Loop(
        build_pipeline(config, analyzer, motion.MotionGate(), identifier, identity_network),
        gate,
        journal,
        lock,
        changes,
        clock,
        recognition.identifier.name_of,
        report,
        partial(lockouts.is_released, journal.path),
    )
