"""A whole Debian with systemd, under user-mode Linux: an ordinary process of this machine, whose power can be cut.

What the host and the guest share lies in one folder, /host in the guest: `inside/` (what runs there), `modules/`, and
whatever a test puts there. Commands go over one console and levels of GPIO lines come over another, so that neither
needs a network.
"""

from __future__ import annotations

import json
import os
import queue
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.booted.kernel import Kernel
from tests.booted.trace import Trace

INSIDE = Path(__file__).parent / "inside"
MEMORY = "1024M"
BOOT_SECONDS = 60.0


class GuestError(AssertionError):
    """Raised when the guest did not do what it was asked to."""


@dataclass(frozen=True)
class Answer:
    """The end of a command in the guest; status 124: it ran out of time."""

    status: int
    out: str
    err: str


class Guest:
    """One machine: its disk is `image`, and `folder` keeps what changes on it, unless it is to be changed itself.

    `boot` it as often as you cut its power. `trace` holds the levels of its GPIO lines since the last boot.
    """

    def __init__(self, kernel: Kernel, image: Path, folder: Path, *, change_image: bool = False) -> None:
        self._kernel, self._folder = kernel, folder
        self._disk = str(image) if change_image else f"{folder / 'disk.cow'},{image}"
        self.share = folder / "share"
        self.share.mkdir(parents=True, exist_ok=True)
        shutil.copytree(INSIDE, self.share / "inside", dirs_exist_ok=True)
        shutil.copytree(kernel.modules, self.share / "modules", dirs_exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._guard = threading.Lock()
        self._numbers = 0
        self.trace = Trace()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut_power()

    @property
    def console(self) -> Path:
        """The file of all that the kernel and systemd wrote to the console, over all boots."""
        return self._folder / "console.log"

    def boot(self, *arguments: str) -> Self:
        """Switch it on, with more kernel arguments, and wait until it takes commands."""
        assert self._process is None, "it is on already"
        self.trace = Trace()
        ready = self._waiting[0] = queue.SimpleQueue()
        to_guest, from_host = os.pipe()
        from_guest, to_host = os.pipe()
        samples, to_samples = os.pipe()
        theirs = (to_guest, to_host, to_samples)
        self._run = Path(tempfile.mkdtemp(prefix="guest-", dir=_memory_folder()))
        with self.console.open("ab") as console:
            call = [
                str(self._kernel.linux),
                f"ubd0={self._disk}",
                "root=/dev/ubda", "rw", f"mem={MEMORY}", f"hostshare={self.share}", f"uml_dir={self._run}",
                "con=null", f"con0=null,fd:{console.fileno()}", f"con1=fd:{to_guest},fd:{to_host}",
                f"con2=null,fd:{to_samples}", "ssl=null", "quiet", "systemd.show_status=0", *arguments,
            ]  # fmt: skip
            self._process = subprocess.Popen(
                call,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                pass_fds=(*theirs, console.fileno()),
                env=os.environ | {"TMPDIR": str(self._run)},  # the guest's memory is a file there
                start_new_session=True,
            )
        for end in theirs:
            os.close(end)
        self._requests = from_host
        self._threads = [
            threading.Thread(target=self._take_answers, args=(from_guest,), daemon=True),
            threading.Thread(target=self._take_samples, args=(samples, self.trace), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        try:
            ready.get(timeout=BOOT_SECONDS)
        except queue.Empty:
            self.cut_power()
            raise GuestError(f"it did not boot within {BOOT_SECONDS:g} s: see {self.console}") from None
        return self

    def wait_until_up(self, timeout: float = 60.0) -> None:
        """Waits until every unit has been started; raises GuestError naming those that failed."""
        answer = self.ask("systemctl is-system-running --wait", timeout)
        if answer.out.strip() != "running":
            failed = self.ask("systemctl --failed --no-legend --plain; systemctl list-jobs").out
            raise GuestError(f"the system is {answer.out.strip() or answer.status}:\n{failed}")

    def ask(self, command: str, timeout: float = 30.0) -> Answer:
        """Run a shell command as root, in /root, whatever its status."""
        with self._guard:
            self._numbers += 1
            number = self._numbers
        answers = self._waiting[number] = queue.SimpleQueue()
        request = json.dumps({"id": number, "command": command, "timeout": timeout})
        with self._guard:
            os.write(self._requests, request.encode() + b"\n")
        try:
            answer = answers.get(timeout=timeout + 20)
        except queue.Empty:
            raise GuestError(f"no answer to {command!r}: see {self.console}") from None
        if "status" not in answer:
            raise GuestError(f"the power went during {command!r}")
        return Answer(answer["status"], answer["out"], answer["err"])

    def run(self, command: str, timeout: float = 30.0) -> str:
        """Run a shell command as root; its output. Raises GuestError unless it exits with 0."""
        answer = self.ask(command, timeout)
        if answer.status != 0:
            raise GuestError(f"{command!r} ended with {answer.status}:\n{answer.out}{answer.err}")
        return answer.out

    def python(self, program: str, *, timeout: float = 60.0, python: str = "python3", **values: Any) -> Any:
        """Run Python in the guest: it has `values` as variables and calls `give(result)`; the result, by way of JSON.

        `inside/` is on its path, so that `import rig` brings the lines, the clock and signals to units.
        """
        with self._guard:
            self._numbers += 1
            name = f"program-{self._numbers}.py"
        assignments = "".join(f"{key} = {value!r}\n" for key, value in values.items())
        (self.share / name).write_text(
            f"import sys\nsys.path.insert(0, '/host/inside')\n{_GIVE}{assignments}{program}\n"
        )
        lines = self.run(f"{python} /host/{name}", timeout).splitlines()
        given = [line.removeprefix(_MARK) for line in lines if line.startswith(_MARK)]
        return json.loads(given[-1]) if given else None

    def put(self, source: Path, name: str | None = None) -> str:
        """Copy a file or folder into the shared folder; its path in the guest."""
        target = self.share / (name or source.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)  # with its mode: a key is for its owner alone
        return f"/host/{target.relative_to(self.share)}"

    def write(self, path: str, text: str) -> None:
        """Write a file in the guest."""
        self.run(f"printf %s {shlex.quote(text)} > {shlex.quote(path)}")

    def cut_power(self) -> None:
        """Pulls the plug: all that the guest had not written to its disk is gone. Harmless when it is off."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):  # it has powered itself off
            os.killpg(self._process.pid, signal.SIGKILL)
        self._clean_up()

    def shut_down(self, timeout: float = 60.0) -> None:
        """Power it off in order."""
        assert self._process is not None
        with suppress(GuestError):  # it may be gone before it answers
            self.ask("systemctl poweroff --no-block")
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise GuestError(f"it did not power off within {timeout:g} s: see {self.console}") from None
        self.cut_power()

    def _clean_up(self) -> None:
        assert self._process is not None
        self._process.wait()
        self._process = None
        for thread in self._threads:
            thread.join(10)
        os.close(self._requests)
        shutil.rmtree(self._run, ignore_errors=True)

    def _take_answers(self, end: int) -> None:
        with os.fdopen(end, "rb") as lines:
            for line in lines:
                answer = json.loads(line)
                self._waiting.pop(answer["id"]).put(answer)
        for waiting in list(self._waiting.values()):
            waiting.put({})

    def _take_samples(self, end: int, trace: Trace) -> None:
        with os.fdopen(end, "rb") as lines:
            for line in lines:
                trace.take(line.decode())


_MARK = "given: "
_GIVE = f"import json\ndef give(result):\n    print({_MARK!r} + json.dumps(result), flush=True)\n"


def _memory_folder() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  a folder of its own is made there
