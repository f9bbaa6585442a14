"""`edgegate run`: the daemon."""

from __future__ import annotations

import argparse
import faulthandler
import signal
import threading
from functools import partial

from edgegate import logs, signals
from edgegate.cli.common import Commands, load_config
from edgegate.errors import EdgegateError


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("run", parents=[parent], help="run the door", description=__doc__)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        _run(args)
    except EdgegateError as error:
        logs.complain("edgegate", error)
        return error.status
    return 0


def _run(args: argparse.Namespace) -> None:
    from edgegate.daemon import Daemon  # noqa: PLC0415 (the models' runtime is loaded by the commands that need it)
    from edgegate.reload import Reload  # noqa: PLC0415

    if args.config is not None:
        args.config = args.config.absolute()
    config = load_config(args)
    logs.set_up("edgegate", config.service.log_level)
    stopping, reload = threading.Event(), Reload(partial(load_config, args))
    signals.listen(stopping.set, reload.ask)
    faulthandler.register(signal.SIGUSR1)  # kill -USR1 tells where every thread is
    Daemon(config, stopping, reload=reload).run()
