"""`edgegate people`: who is enrolled, what is said of them, moving them between doors, and forgetting them."""

from __future__ import annotations

import argparse

from edgegate.cli.common import Commands
from edgegate.cli.people import changing, erasing, listing, moving, permitting, protecting


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("people", help="list, show, change, move and forget people", description=__doc__)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for part in (listing, permitting, changing, erasing, moving, protecting):
        part.add(actions, parent)
