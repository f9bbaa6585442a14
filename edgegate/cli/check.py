"""`edgegate check`: a line for every part of the door, with the way to mend what is wrong."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TypeAlias

from edgegate import app, clock
from edgegate.broker import probe
from edgegate.camera import is_network, is_recording, is_unverified, open_source
from edgegate.camera.holders import SERVICE, devices, holders
from edgegate.camera.trial import try_out
from edgegate.cli.check_lock import lock
from edgegate.cli.check_service import service
from edgegate.cli.common import State, load_config
from edgegate.config import MODEL_ALONE, NO_LIVENESS, Config
from edgegate.errors import CameraError, EdgegateError
from edgegate.events.vocabulary import CameraFault
from edgegate.journal import last_time, lockouts, verify
from edgegate.system.disk import DiskSpace, free_megabytes
from edgegate.system.terminal import print_json, printable
from edgegate.system.thermal import Thermometer, fault_now
from edgegate.system.threads import within

Look: TypeAlias = Callable[[Config], tuple[State, str]]
"""Tries a part. Returns its state and details; may raise EdgegateError."""

LOOK_SECONDS = 60.0
"""Seconds that each part may take to answer: a model on a small machine takes some, one that hangs never ends."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome for one part."""

    part: str
    state: State
    detail: str


def run(args: argparse.Namespace) -> int:
    config = load_config(args)
    wanted = args.only or [part for part, _ in LOOKS]
    findings = list(inspect(config, [(part, look) for part, look in LOOKS if part in wanted]))
    if args.json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            print(printable(f"{finding.state:8} {finding.part:11} {finding.detail}"))
    return 1 if any(finding.state == "failed" for finding in findings) else 0


def inspect(config: Config, parts: Sequence[tuple[str, Look]] = (), seconds: float = LOOK_SECONDS) -> Iterator[Finding]:
    """Tries every part that this door has, one after the other; each may take `seconds`."""
    for part, look in parts or LOOKS:
        if part == "network" and not config.recognition.model:
            continue
        try:
            yield Finding(part, *within(seconds, partial(look, config)))
        except EdgegateError as error:
            yield Finding(part, "failed", str(error))
        except TimeoutError:
            yield Finding(part, "failed", f"it hangs: no answer within {seconds:g} s; restart the machine")


def _config(config: Config) -> tuple[State, str]:
    return "ok", f"site {config.site.name}, door {config.site.door}, data in {config.data_dir}"


def _camera(config: Config) -> tuple[State, str]:
    try:
        return _try_camera(config)
    except CameraError as error:
        if error.fault is CameraFault.IN_USE and SERVICE in {
            one.name for one in holders(*devices(config.camera.source))
        }:
            return "warning", f"{error}; the line `service` has its status there"
        raise


def _try_camera(config: Config) -> tuple[State, str]:
    source = open_source(config.camera, clock.SystemClock(), threading.Event())
    try:
        empty = try_out(source, judged=not is_recording(config.camera), may_repeat=is_network(config.camera))
        if empty is not None:
            return "warning", f"{source.describe()}: {empty}"
        return ("warning" if is_unverified(config.camera) else "ok"), source.describe()
    finally:
        source.close()


def _models(config: Config) -> tuple[State, str]:
    analyzer = app.build_analyzer(config)
    app.table_of(analyzer.pack)
    if (fault := app.slowness_in_words(analyzer)) is not None:
        return "warning", fault
    return "ok", f"{config.recognition.detector}, {analyzer.pack.name}: every golden answer is right, on XNNPACK"


def _network(config: Config) -> tuple[State, str]:
    identity_network, identifier = (
        app.build_identity_network(config),
        app.build_identifier(config, app.open_gallery(config)),
    )
    assert identity_network is not None  # or this part would be left out
    pack, settings = identity_network.pack, config.recognition
    if missing := app.unenrolled(identity_network, identifier):
        way_out = "enrol them by this very name, or train a network without them"
        return "failed", f"{pack.name} names {', '.join(missing)}: not enrolled; {way_out}"
    remarks = [MODEL_ALONE] if settings.model_alone else []
    if settings.accept_failed_grade == pack.name:
        remarks.append("it is used although its report does not say that it passed")
    if unnamed := [p.name for p in identifier.everybody() if p.name not in pack.labels]:
        remarks.append(f"{', '.join(unnamed)}: enrolled, but unknown to the network, and so not let in")
    sure = app.confidence_in_words(config, pack)
    names = f"the {pack.task} {pack.name} names {', '.join(pack.labels[1:])} {sure}"
    by_whom = "" if settings.model_alone else ", and the embedder confirms it"
    return ("warning" if remarks else "ok"), "; ".join((names + by_whom, *remarks))


def _gallery(config: Config) -> tuple[State, str]:
    gallery = app.open_gallery(config)
    identifier = app.build_identifier(config, gallery)
    if (fault := gallery.fault()) is not None:
        return "failed", fault
    if config.recognition.model_alone:
        return "warning", app.door_rate_in_words(config, identifier)
    door_rate = identifier.door_rate()
    if identifier.foreign:
        names = ", ".join(person.name for person in identifier.foreign)
        return "warning", f"{names}: enrolled with another embedder, enrol again; {door_rate.in_words()}"
    return ("ok" if door_rate.carried and door_rate.people else "warning"), door_rate.in_words()


def _access(config: Config) -> tuple[State, str]:
    groups, access = [person.groups for person in app.open_gallery(config).people()], config.access
    wall = clock.SystemClock().wall()
    zone = access.calendar.clock(wall)
    found = f"{len(access.rules)} rules" if access.rules else "no rules: everybody enrolled may enter, always"
    found += f"; {zone.tzinfo}, now {zone:%a %H:%M}"
    found += f"; held open: {access.hold_open}" if access.hold_open else ""
    found += f"; lock-out after {access.lockout_refusals} refusals" if access.lockout_refusals else ""
    remarks = access.rule_warnings(config.site.door, groups, wall)
    remarks = (*_lockout(config), *remarks)
    return ("warning" if remarks else "ok"), "; ".join((found, *remarks))


def _lockout(config: Config) -> Iterator[str]:
    """Yields a warning of a lock-out in the journal; the door may see its end at another time than this process."""
    path, system = app.journal_path(config), clock.SystemClock()
    until = lockouts.running_until(path, system) if path.exists() else None
    if until is None:
        return
    if until > system.monotonic():
        yield "a lock-out runs: no face opens the door; `edgegate access release`"
    else:
        yield "a lock-out should be over, but the door has not written down its end; `edgegate access release` ends it"


def _liveness(_config: Config) -> tuple[State, str]:
    return "warning", NO_LIVENESS


def _journal(config: Config) -> tuple[State, str]:
    path = app.journal_path(config)
    if not path.exists():
        return "ok", f"{path}: none yet"
    verification = verify(path)
    if not verification.intact:
        detail = f"after row {verification.head.seq}: {verification.reason}"
        return "failed", f"{path}: {detail}; keep the file and find out who changed it"
    return "ok", f"{verification.head.seq} events, hash chain intact"


def _disk(config: Config) -> tuple[State, str]:
    wanted = config.journal.min_free_megabytes
    if (fault := DiskSpace(config.data_dir, wanted).fault()) is not None:
        return "failed", f"{config.data_dir.absolute()}: {fault}"
    return "ok", f"{free_megabytes(config.data_dir):,} MB free at {config.data_dir.absolute()}"


def _temperature(config: Config) -> tuple[State, str]:
    heat = Thermometer().read()
    if (fault := fault_now(heat, config.camera.frames_per_second)) is not None:
        return "warning", fault
    return "ok", "this machine has no thermometer" if heat.celsius is None else f"{heat.celsius:.0f} °C"


def _clock(config: Config) -> tuple[State, str]:
    machine = clock.SystemClock()
    now = machine.wall()
    if clock.synchronized():
        return "ok", f"synchronized, {clock.rfc3339(now)}"
    path = app.journal_path(config)
    behind = (last_time(path) if path.exists() else 0.0) - now
    late = f" {behind:,.0f} s behind the journal's last entry;" if behind > clock.STEP_SECONDS else ""
    return "warning", (
        f"not synchronized:{late} until it is, events may carry a wrong time, and people who may enter at certain "
        "times only are refused; `timedatectl set-ntp true`"
    )


def _service(config: Config) -> tuple[State, str]:
    well, detail = service(app.journal_path(config))
    return ("ok" if well else "warning"), detail


def _broker(config: Config) -> tuple[State, str]:
    if not config.mqtt.enabled:
        return "warning", "off (mqtt.enabled = false): nothing is published to staff"
    return "ok", f"{config.mqtt.host}:{config.mqtt.port}, {probe(config.mqtt)}"


LOOKS: tuple[tuple[str, Look], ...] = (
    ("config", _config),
    ("camera", _camera),
    ("models", _models),
    ("network", _network),
    ("gallery", _gallery),
    ("access", _access),
    ("liveness", _liveness),
    ("lock", lock),
    ("journal", _journal),
    ("disk", _disk),
    ("temperature", _temperature),
    ("clock", _clock),
    ("broker", _broker),
    ("service", _service),
)
