"""`edgegate run`: the daemon."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import signal
import threading

from edgegate.cli.common import Commands, load_config


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("run", parents=[parent], help="run the door", description=__doc__)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from edgegate.daemon import Daemon  # noqa: PLC0415 (the models' runtime is loaded by the commands that need it)

    config = load_config(args)
    log_level = config.service.log_level.upper()
    logging.basicConfig(level=log_level, format="%(levelname)s %(name)s: %(message)s", force=True)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    faulthandler.register(signal.SIGUSR1)  # kill -USR1 tells where every thread is
    Daemon(config, stopping).run()
    return 0
