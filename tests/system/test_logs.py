"""The records of a log, their destination, and that nobody waits for it."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgegate.errors import ConfigError
from edgegate.events.vocabulary import EventType
from edgegate.system import logs
from tests.support.brokers import wait_until
from tests.support.journals import Journal, decode
from tests.support.paths import ROOT

JOURNALD = shutil.which("systemd-journald", path="/lib/systemd:/usr/lib/systemd")


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """A logger that leads nowhere yet."""
    one = logging.Logger("edgegate.test", logging.DEBUG)  # noqa: LOG001  one that has no parent
    yield one
    for handler in one.handlers:
        handler.close()


def test_the_journal_gets_fields(log: logging.Logger, journal: Journal) -> None:
    log.addHandler(logs.JournalHandler("edgegate", journal.path))
    data = {"reason": "unknown", "score": 0.4123, "threshold": 0.5381, "track": 3, "person": None, "box": [1, 2, 3, 4]}
    logs.report(log, "access.denied", data)
    logs.report(log, "access.granted", data | {"reason": "recognised"}, "3f9c")
    denied, granted = journal.wait_for("access.denied"), journal.wait_for("access.granted")
    assert denied == {
        "MESSAGE": "access.denied unknown (score 0.4123, threshold 0.5381, track 3)",
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "edgegate",
        "LOGGER": "edgegate.test",
        "THREAD": "MainThread",
        "CODE_FILE": logs.__file__,
        "CODE_LINE": denied["CODE_LINE"],
        "CODE_FUNC": "report",
        "EDGEGATE_EVENT": "access.denied",
        "EDGEGATE_REASON": "unknown",
        "EDGEGATE_SCORE": "0.4123",
        "EDGEGATE_THRESHOLD": "0.5381",
        "EDGEGATE_TRACK": "3",
    }
    assert granted["EDGEGATE_PERSON_ID"] == "3f9c"


@pytest.mark.parametrize(
    ("level", "priority"),
    [("debug", "7"), ("info", "6"), ("warning", "4"), ("error", "3"), ("critical", "2")],
)
def test_levels_are_the_journals_priorities(level: str, priority: str, log: logging.Logger, journal: Journal) -> None:
    log.addHandler(logs.JournalHandler("edgegate", journal.path))
    getattr(log, level)("its severity")
    assert journal.wait_for("its severity")["PRIORITY"] == priority


def test_alarms_are_warnings_and_every_event_named_so_exists() -> None:
    assert logs.LEVELS["door.forced_open"] == logging.WARNING
    assert set(logs.LEVELS) <= {kind.value for kind in EventType}


def test_a_value_of_several_lines_arrives_as_it_was() -> None:
    fields = {"MESSAGE": "one", "A": "two\nlines\n", "B": "=\n", "C": ""}
    assert decode(logs.encode(fields)) == fields


@pytest.mark.skipif(not JOURNALD or os.geteuid() != 0, reason="needs systemd-journald, and root to start it apart")
def test_journald_itself_reads_the_records(tmp_path: Path) -> None:
    """The real one, alone in a mount namespace; journalctl reads what it wrote."""
    program = (
        "import logging, os; from edgegate import errors\nfrom edgegate.system import logs\n"
        "log = logging.Logger('edgegate.test'); log.addHandler(logs.JournalHandler('edgegate'))\n"
        "logs.report(log, 'access.denied', {'reason': 'unknown', 'score': 0.4123})\n"
        "logging.getLogger().setLevel(logging.DEBUG)\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: log.exception('two lines')\n"
        "os.environ['JOURNAL_STREAM'] = f'{os.fstat(2).st_dev}:{os.fstat(2).st_ino}'\n"
        "logs.complain('edgegate', errors.UsageError('why it ends'))\n"
    )
    script = f"""
        mount -t tmpfs none /run && mkdir -p /run/systemd/journal /run/log/journal /run/j || exit 9
        {JOURNALD} & journald=$!
        for i in $(seq 200); do test -S /run/systemd/journal/socket && break; sleep 0.05; done
        "$1" -c "$2"
        for i in $(seq 200); do
          journalctl -q -D /run/log/journal SYSLOG_IDENTIFIER=edgegate -o json > "$3"
          test $(wc -l < "$3") -ge 3 && break; sleep 0.05
        done
        kill $journald; wait $journald
    """
    out = tmp_path / "out"
    call = ["unshare", "-m", "sh", "-c", script, "sh", sys.executable, program, str(out)]
    done = subprocess.run(call, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
    if done.returncode == 9:
        pytest.skip("this machine does not let root mount in a namespace of its own")
    denied, failed, ended = (json.loads(line) for line in out.read_text().splitlines())
    assert (denied["EDGEGATE_EVENT"], denied["EDGEGATE_REASON"], denied["EDGEGATE_SCORE"]) == (
        "access.denied", "unknown", "0.4123",
    )  # fmt: skip
    assert denied["MESSAGE"] == "access.denied unknown (score 0.4123)"
    assert (ended["MESSAGE"], ended["PRIORITY"]) == ("why it ends", "3")
    assert failed["MESSAGE"].startswith("two lines: ZeroDivisionError: division by zero\nTraceback")


# Nobody waits for a log.


def test_a_journal_that_is_away_is_not_waited_for_and_gets_the_records_later(
    log: logging.Logger, tmp_path: Path
) -> None:
    log.addHandler(logs.JournalHandler("edgegate", str(tmp_path / "journal.socket")))
    numbers = [f"number {number}" for number in range(logs.MAX_WAITING + 10)]
    for words in numbers:
        log.info(words)
    with Journal(tmp_path) as journal:
        _log_until(log, journal, "of the records before this came late, 10 are lost")
        log.removeHandler(log.handlers[0])
    assert [r["MESSAGE"] for r in journal.records if r["MESSAGE"] in numbers] == numbers[: logs.MAX_WAITING]


def test_a_journal_that_does_not_read_is_not_waited_for(log: logging.Logger, tmp_path: Path) -> None:
    journal = Journal(tmp_path)  # nobody reads it yet
    log.addHandler(logs.JournalHandler("edgegate", journal.path))
    for _ in range(3 * logs.MAX_WAITING):
        log.info("of so many that its queue is full")
    with journal:
        _log_until(log, journal, "are lost")


def _log_until(log: logging.Logger, journal: Journal, words: str) -> None:
    def arrived() -> bool:
        log.info("on")
        return any(words in record["MESSAGE"] for record in list(journal.records))

    wait_until(arrived)


def test_a_pipe_that_nobody_reads_is_not_waited_for(log: logging.Logger) -> None:
    reader, writer = os.pipe()
    log.addHandler(logs.LineHandler(writer))
    for _ in range(3000):
        log.info("%s", "of so many that the pipe is full" * 10)
    os.close(reader)
    log.info("nor does a pipe without a reader end anything")
    os.close(writer)
    log.info("nor a descriptor that is closed")


# The records.


class Lines:
    """A log that leads to a pipe."""

    def __init__(self, log: logging.Logger) -> None:
        self._reader, writer = os.pipe()
        self.handler = logs.LineHandler(writer)
        log.addHandler(self.handler)

    def read(self) -> str:
        return os.read(self._reader, 100_000).decode()


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("as it is", "as it is"),
        ("forged\nERROR another: line\x1b[31m", "forged ERROR another: line [31m"),
        ("rtsp://user:secret@camera/stream: refused", "rtsp://camera/stream: refused"),
        ("Ann: erased, but Annette and Ann Lee are not", "id-1: erased, but Annette and id-2 are not"),
        ("x" * (logs.MAX_CHARACTERS + 5), "x" * logs.MAX_CHARACTERS + "…"),
    ],
)
def test_a_record_is_one_line_that_keeps_secrets(message: str, line: str, log: logging.Logger) -> None:
    lines = Lines(log)
    lines.handler.names = lambda: {"Ann": "id-1", "Ann Lee": "id-2"}
    log.error(message)
    assert lines.read() == f"ERROR edgegate.test: {line}\n"


@pytest.mark.parametrize("level", ["info", "debug"])
def test_an_exception_is_one_line_unless_at_level_debug(level: str, log: logging.Logger) -> None:
    lines = Lines(log)
    before = logging.getLogger().level
    logs.set_level(level)
    try:
        raise ValueError("of Ann:\nwrong")  # noqa: TRY301  what is logged is an exception that was raised
    except ValueError:
        lines.handler.names = lambda: {"Ann": "id-1"}
        log.exception("it failed")
    finally:
        logging.getLogger().setLevel(before)
    first, *rest = lines.read().splitlines()
    assert first == "ERROR edgegate.test: it failed: ValueError: of id-1: wrong"
    assert bool(rest) == (level == "debug")
    assert "Ann" not in "".join(rest)


def test_a_wrong_log_call_ends_nothing(log: logging.Logger) -> None:
    lines = Lines(log)
    log.info("%d", "no number")
    assert "'%d' cannot be logged: TypeError" in lines.read()


# The destination.


@pytest.mark.parametrize("connected", [True, False])
def test_only_where_systemd_connected_stderr_to_the_journal_it_goes_there(connected: bool, journal: Journal) -> None:
    program = f"from edgegate.system import logs; logs.set_up('edgegate', 'info', {journal.path!r}); "
    program += "import logging; logging.getLogger('edgegate.test').warning('here'); print(logs.leads_to_journal())"
    pipe = journal.fd if connected else subprocess.PIPE
    call = [sys.executable, "-c", program]
    environment = os.environ | {"JOURNAL_STREAM": journal.stream}
    done = subprocess.run(
        call,
        stdout=subprocess.PIPE,
        stderr=pipe,
        env=environment,
        cwd=ROOT,
        text=True,
        check=True,
        pass_fds=(journal.fd,),
    )
    assert done.stdout == f"{connected}\n"
    if connected:
        assert journal.wait_for("here")["PRIORITY"] == "4"
    else:
        assert done.stderr == "WARNING edgegate.test: here\n"


def test_the_reason_for_an_end_is_printed_as_by_every_command(capfd: pytest.CaptureFixture[str]) -> None:
    logs.complain("edgegate-lock", ConfigError(["one mistake", "another"]))
    assert capfd.readouterr().err == "edgegate-lock: one mistake\nedgegate-lock: another\n"
