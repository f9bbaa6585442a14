"""`edgegate people export` and `import`: people between doors, as one encrypted, signed file."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence

from edgegate import app
from edgegate.cli.common import existing, load_config
from edgegate.clock import SystemClock, rfc3339
from edgegate.config import Config
from edgegate.errors import EdgegateError, GalleryError, KeyFileError, UsageError
from edgegate.events.vocabulary import Event, EventType
from edgegate.gallery import Enrollee, Gallery, Person, envelope, transfer
from edgegate.gallery.trust import Trusted
from edgegate.system import output_files
from edgegate.system.terminal import print_json, printable


def export_people(args: argparse.Namespace) -> int:
    config, clock = load_config(args), SystemClock()
    gallery = app.open_gallery(config)
    people = _chosen(gallery, args.names)
    key = app.keys_of(config).primary()
    if key is None:
        raise KeyFileError(f"{config.key_file}: there is no key to sign with; `edgegate people rotate-key`")
    sealed = envelope.seal(transfer.dump(people), _passphrase(args, again=True), key.signing())
    with output_files.binary(args.file) as file:  # a wrong path is an error before anything is written down
        journal = app.open_journal(config, app.origin_of(config), clock)
        try:
            events = [Event(EventType.PERSON_EXPORTED, clock.monotonic(), p.id, {"person": None}) for p in people]
            journal.append(events)
        finally:
            journal.close()
        file.write(sealed)
    signer = envelope.read(sealed).signer
    if args.json:
        print_json({"file": str(args.file), "people": [person.name for person in people], "fingerprint": signer})
    else:
        done = f"{args.file}: {len(people)} people, encrypted; signed by {signer}, which the other door must trust"
        print(printable(done), file=sys.stderr if output_files.goes_through(args.file) else sys.stdout)
    return 0


def import_people(args: argparse.Namespace) -> int:
    config = load_config(args)
    path, trusted = existing(args.file, "file"), Trusted(config.key_file)
    try:
        sealed = envelope.read(path.read_bytes())
        trusted.demand(sealed.signer, args.trust)
        entries = transfer.load(sealed.open(_passphrase(args)))
    except OSError as error:
        raise GalleryError(f"{path}: cannot be read: {error.strerror}") from None
    except EdgegateError as error:
        raise type(error)(f"{path}: {error}") from None
    gallery = app.open_gallery(config)
    if args.skip_existing:
        there = {person.name for person in gallery.people()}
        entries = [entry for entry in entries if entry.name not in there]
    _check(config, gallery, entries)
    _enrol(config, gallery, entries, sealed.signer)
    if args.trust:
        trusted.remember(sealed.signer)
    if args.json:
        print_json({"imported": [entry.name for entry in entries], "fingerprint": sealed.signer})
    else:
        print(
            printable(f"{len(entries)} people imported: {', '.join(entry.name for entry in entries) or 'nobody new'}")
        )
    return 0


def _chosen(gallery: Gallery, names: Sequence[str] | None) -> list[Person]:
    """Returns the people to export; raises KeyFileError for one who cannot be read, UsageError for nobody."""
    people = gallery.people(pictures=True)
    if names is not None:
        for name in names:
            gallery.find(name)
        people = tuple(person for person in people if person.name in names)
    if not people:
        raise UsageError("nobody is enrolled")
    if any(not person.photos for person in people):
        raise KeyFileError(gallery.fault() or "somebody has no photos")
    return list(people)


def _check(config: Config, gallery: Gallery, entries: Sequence[Enrollee]) -> None:
    """Raises GalleryError with everything that keeps these people from being enrolled here."""
    there = {person.name for person in gallery.people()}
    embedder, identifier = app.load_embedder(config), app.build_identifier(config, gallery)
    names = {person.id: person.name for person in identifier.people}
    problems = []
    for entry in entries:
        if entry.name in there:
            problems.append(f"{entry.name}: enrolled here already; forget that one first, or --skip-existing")
        elif any(photo.embedder != embedder.sha256 for photo in entry.photos):
            problems.append(f"{entry.name}: enrolled with another embedder than {embedder.name}; they must come here")
        else:
            matches = [identifier.match(photo.embedding, frames=1) for photo in entry.photos]
            alike = {names[match.person] for match in matches if match is not None and match.score >= match.threshold}
            problems += [f"{entry.name}: enrolled here as {other}" for other in sorted(alike)]
    if problems:
        raise GalleryError("\n".join([*problems, "nothing was imported"]))


def _enrol(config: Config, gallery: Gallery, entries: Sequence[Enrollee], signer: str) -> None:
    clock = SystemClock()
    journal = app.open_journal(config, app.origin_of(config), clock)
    data = {"person": None, "imported_from": signer}
    try:
        gallery.add_all(
            entries,
            rfc3339(clock.wall()),
            lambda ids: journal.append([Event(EventType.PERSON_ENROLLED, clock.monotonic(), i, data) for i in ids]),
        )
    finally:
        journal.close()


def _passphrase(args: argparse.Namespace, *, again: bool = False) -> str:
    if args.passphrase_file is not None:
        try:
            lines = existing(args.passphrase_file, "file").read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{args.passphrase_file}: cannot be read: {error}") from None
        return lines[0] if lines else ""
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked for the passphrase; give --passphrase-file")
    given = getpass.getpass("passphrase: ")
    if again and getpass.getpass("once more: ") != given:
        raise UsageError("the two passphrases differ")
    return given
