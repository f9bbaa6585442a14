"""A hangup: a request to read the configuration again, or the end of a program whose terminal went away."""

from __future__ import annotations

import os
import pty
import signal
import sys
from pathlib import Path

import pytest

from tests.support.keepers import Process
from tests.support.paths import ROOT


def test_a_hangup_does_not_end_a_lock_keeper(tmp_path: Path) -> None:
    with Process(tmp_path) as keeper:
        keeper.wait_for("READY=1")
        client = keeper.client()
        assert client.hold(60.0)
        keeper.process.send_signal(signal.SIGHUP)
        assert keeper.process.stderr is not None
        while "counts after a restart" not in keeper.process.stderr.readline():
            pass
        assert not client.ask_status().locked
        client.close()


@pytest.mark.parametrize(
    ("gone", "nohup", "asked"), [(True, False, "stop"), (False, False, "look again"), (True, True, "look again")]
)
def test_a_program_whose_terminal_went_away_ends(gone: bool, nohup: bool, asked: str, tmp_path: Path) -> None:
    """A hangup while the terminal is there is somebody's request."""
    os.mkfifo(tmp_path / "said")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        signal.signal(signal.SIGHUP, signal.SIG_IGN if nohup else signal.SIG_DFL)
        os.execv(sys.executable, [sys.executable, "-c", _LISTEN, str(tmp_path / "said")])  # noqa: S606
    with (tmp_path / "said").open() as said:
        assert said.readline() == "ready\n"
        if gone:
            os.close(terminal)
        else:
            os.kill(child, signal.SIGHUP)
        assert said.readline() == f"{asked}\n"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if not gone:
        os.close(terminal)


_LISTEN = """
import os, signal, sys
from edgegate.system import signals
said = os.open(sys.argv[1], os.O_WRONLY)
signals.listen(lambda: os.write(said, b"stop\\n"), lambda: os.write(said, b"look again\\n"))
os.write(said, b"ready\\n")
while True: signal.pause()
"""
