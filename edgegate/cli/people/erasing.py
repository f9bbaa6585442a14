"""`edgegate people forget`: erase a person, search that nothing is left, and print a receipt."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from edgegate import app, journal
from edgegate.cli.common import load_config
from edgegate.clock import SystemClock
from edgegate.config import Config
from edgegate.errors import GalleryError, ModelError
from edgegate.gallery import Person
from edgegate.service import retention
from edgegate.system.terminal import print_json, printable

_BEYOND_REACH = "copies made elsewhere: exported files, images of the disk, what staff noted"


def forget_person(args: argparse.Namespace) -> int:
    config, clock = load_config(args), SystemClock()
    gallery = app.open_gallery(config)
    person = gallery.find(args.name)
    if not args.yes and sys.stdin.isatty() and not _agreed(person):
        print(printable(f"{person.name}: nobody was forgotten, nothing was erased"))
        return 1
    log = app.open_journal(config, app.origin_of(config), clock)
    try:
        forgotten = retention.forget(gallery, log, app.open_scores(config), clock, args.name)
    finally:
        log.close()
    erased, event = forgotten.erased, forgotten.event
    receipt = {
        "forgotten": args.name,
        "id": erased.person.id,
        "templates_erased": erased.templates,
        "scores_erased": forgotten.visits,
        "files_removed": [str(path) for path in erased.removed],
        "searched": [str(path) for path in erased.searched],
        "journal": _search_journal(config, args.name),
        "retrain": _retrain(config, args.name),
        "beyond_reach": _BEYOND_REACH,
        "event": event["id"],
        "time": event["time"],
    }
    if args.json:
        print_json(receipt)
    else:
        _print(receipt)
    return 0


def _agreed(person: Person) -> bool:
    """Asks, on standard error, for standard output may be data; an empty answer is no."""
    templates = len(person.photos) + person.unreadable
    about = f"{templates} template{'s' * (templates != 1)}, enrolled since {person.enrolled}"
    question = f"Forget {person.name} ({about})? Nothing brings them back. [y/N] "
    print(printable(question), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _search_journal(config: Config, name: str) -> dict[str, Any]:
    """Searches the journal, which keeps opaque ids only; raises GalleryError should it hold the name."""
    path = app.journal_path(config)
    if journal.names(path, name):
        raise GalleryError(f"{name}: erased, but {path} holds the name; keep that file from others")
    found = journal.verify(path)
    return {"path": str(path), "rows": found.head.seq, "intact": found.intact, "head": str(found.head)}


def _retrain(config: Config, name: str) -> str | None:
    """Returns the name of the configured `recognition.model` if it was trained on this person's photos, or None."""
    try:
        pack = app.load_identity_network(config)
    except ModelError:
        return None  # a pack that cannot be used names nobody; `check` has its fault
    return pack.name if pack is not None and name in pack.labels else None


def _print(receipt: dict[str, Any]) -> None:
    chain = receipt["journal"]
    state = "its hash chain intact" if chain["intact"] else "its hash chain BROKEN: `edgegate journal verify`"
    gallery, *others = receipt["searched"]
    erased = f"erased, and checked: {receipt['templates_erased']} templates are no longer in {gallery}"
    print(printable(f"{receipt['forgotten']}: {erased}"))
    if receipt["scores_erased"]:
        print(f"  erased: the scores of {receipt['scores_erased']} visits")
    for what, paths in (("removed", receipt["files_removed"]), ("searched, nothing left", others)):
        for path in paths:
            print(printable(f"  {what}: {path}"))
    print(f"  searched, no name in it: {chain['path']}, {chain['rows']} events, {state}")
    if receipt["retrain"]:
        print(
            f"  retrain: {receipt['retrain']} was trained on this person. It opens nothing for this name now; train it "
            "without them, and until then enrol nobody else by this name"
        )
    print(f"  beyond reach: {receipt['beyond_reach']}")
    print(f"receipt: {receipt['event']} at {receipt['time']}; the journal keeps the opaque id {receipt['id']}, no name")
