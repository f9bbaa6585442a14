"""`edgegate people rotate-key` and `unpack-backup`: the key that templates are encrypted with."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from edgegate import app
from edgegate.cli.common import load_config
from edgegate.errors import UsageError
from edgegate.gallery.envelope import fingerprint
from edgegate.gallery.migration import read_backup
from edgegate.gallery.rotation import rotate
from edgegate.system import output_files
from edgegate.system.terminal import print_json, printable

_ROTATE = "Encrypt everything with a new key. The old one stays beside it, as FILE.ID, unless it is to be erased."


def rotate_key(args: argparse.Namespace) -> int:
    config = load_config(args)
    gallery, keys = app.open_gallery(config), app.keys_of(config)
    if not gallery.people():
        raise UsageError("nobody is enrolled, so that there is nothing to encrypt; the first enrolment makes a key")
    done = rotate(gallery, keys, lost=args.lost, erase_retired=args.erase_old)
    signer = fingerprint(keys.load()[done.key].signing().public_key().public_bytes_raw())
    if args.json:
        print_json(asdict(done) | {"file": str(keys.path), "fingerprint": signer})
        return 0
    print(f"{done.photos} photos are encrypted with the new key {done.key} in {keys.path}")
    print(f"exports are signed with it, too: other doors must trust {signer} from now on")
    old = "were erased" if args.erase_old else f"stay beside it as {keys.path.name}.ID"
    print(f"old keys {old}; a service that is given the key as a credential needs a restart")
    if done.unreadable:
        print(printable(f"must come again, their key is lost: {', '.join(done.unreadable)}"))
    return 0


def unpack_backup(args: argparse.Namespace) -> int:
    config = load_config(args)
    content = read_backup(app.open_gallery(config).path, app.keys_of(config).load())
    with output_files.binary(args.out, new=True) as file:
        file.write(content)
    if args.json:
        print_json({"written": str(args.out)})
    elif not output_files.goes_through(args.out):
        print(printable(f"{args.out}: written, not encrypted"))
    return 0
