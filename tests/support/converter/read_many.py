"""`python -m tests.support.converter.read_many FOLDER [FROM]`: reads every network in a folder, a line or two for each.

`FILE name` before it is read, and then `read`, `refused REASON` or `failed ERROR`. A damaged file may end the process.
"""

from __future__ import annotations

import sys
from pathlib import Path

from converter.build.unmeasured import portraits
from converter.networks.files import read_keras
from converter.networks.guess import Wanted, guess, varied
from converter.networks.interface import network
from edgegate.errors import EdgegateError


def main(folder: Path, first: int = 0) -> None:
    for file in sorted(folder.iterdir())[first:]:
        print("FILE", file.name, flush=True)
        try:
            found = network(str(file), read_keras(file))
            guess(found, Wanted(), None, varied(portraits(found.width, found.height)))
            print("read", flush=True)
        except EdgegateError as error:
            print("refused", error, flush=True)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            print("failed", type(error).__name__, " ".join(str(error).split()), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
