"""`edgegate run`: the daemon."""

from __future__ import annotations

import argparse
import faulthandler
import signal
import threading
from functools import partial

from edgegate.cli.common import load_config
from edgegate.errors import EdgegateError
from edgegate.service.daemon import Daemon
from edgegate.service.reload import Reload
from edgegate.system import logs, signals


def run(args: argparse.Namespace) -> int:
    try:
        _run(args)
    except EdgegateError as error:
        logs.complain("edgegate", error)
        return error.status
    return 0


def _run(args: argparse.Namespace) -> None:
    if args.config is not None:
        args.config = args.config.absolute()
    config = load_config(args)
    logs.set_up("edgegate", config.service.log_level)
    stopping, reload = threading.Event(), Reload(partial(load_config, args))
    signals.listen(stopping.set, reload.ask)
    faulthandler.register(signal.SIGUSR1)  # kill -USR1 logs where every thread is
    Daemon(config, stopping, reload=reload).run()
