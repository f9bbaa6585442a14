"""`python -m tests.booted.trial`: exit status 1 if the guest's kernel is known not to run on this processor.

User Mode Linux 6.12 cannot set the registers of a processor that has more of them than it knows (AMX, seen on an Intel
Xeon under Linux 6.18): it panics when init starts. Any other fault is left to the tests, to be seen there.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.booted import images, kernel
from tests.booted.guest import Guest, GuestError

PANIC = "ptrace set fp regs failed"


def main() -> int:
    found = kernel.find()
    if found is None:  # which `tests.booted.kernel` says
        return 0
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "root.img"
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", images.debian(), image], check=True)
        guest = Guest(found, image, Path(folder) / "guest", change_image=True)
        try:
            with guest:
                guest.boot()
                guest.run("true")
        except (GuestError, OSError):
            if PANIC in guest.console.read_text(encoding="utf-8", errors="replace"):
                print(
                    f"the guest's kernel does not run on this processor ({PANIC}); take another machine",
                    file=sys.stderr,
                )
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
