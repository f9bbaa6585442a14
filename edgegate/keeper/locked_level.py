"""A way to lock this door without anything that drives it normally: one GPIO line, and the level that locks."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import struct
from dataclasses import dataclass
from pathlib import Path

from edgegate.errors import LockError

# Linux' GPIO character device, version 2 (include/uapi/linux/gpio.h, since 5.10): struct gpio_v2_line_request is 64
# offsets, a name, flags, attributes (ten of 24 bytes, one used here), the numbers of attributes and lines, and the
# line's own file descriptor.
_REQUEST = struct.Struct("=I252x 32s QI20x IIQQ216x II20xi")
_GET_LINE = 3 << 30 | _REQUEST.size << 16 | 0xB4 << 8 | 0x07
_OUTPUT = 1 << 3
_VALUES = 2
"""GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES: a bit a line."""

_ATTEMPTS = 1000
_PAUSE_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class LockedLevel:
    """`level` (0 or 1) on line `pin` of /dev/gpiochip`chip` locks the door."""

    chip: int
    pin: int
    level: int

    def write(self, path: Path) -> None:
        """Leave it for `edgegate-lock-secure`, which locks after a crash. Raises LockError."""
        draft = path.with_name(f".{path.name}.new")
        try:
            draft.write_text(f"gpiochip{self.chip} {self.pin} {self.level}\n", encoding="ascii")
            draft.replace(path)
        except OSError as error:
            raise LockError(f"{path}: {error.strerror or error}; it tells how to lock the door after a crash") from None

    def drive(self) -> None:
        """Claim the line with that level, and let go of it: for when its owner is dead.

        The dead one's claim ends a moment after it, and is waited for, a second at most. Whether the level stays from
        there on is the kernel's affair, as when the owner let go of it itself. Raises OSError.
        """
        chip = os.open(f"/dev/gpiochip{self.chip}", os.O_RDWR | os.O_CLOEXEC)
        try:
            os.close(self._prediction(chip))
        finally:
            os.close(chip)

    def _prediction(self, chip: int) -> int:
        request = bytearray(_REQUEST.size)
        for attempt in range(1, _ATTEMPTS + 1):
            _REQUEST.pack_into(
                request, 0, self.pin, b"edgegate-guardian", _OUTPUT, 1, _VALUES, 0, self.level, 1, 1, 0, 0
            )
            try:
                fcntl.ioctl(chip, _GET_LINE, request)
            except OSError as error:
                if error.errno != errno.EBUSY or attempt == _ATTEMPTS:
                    raise
                select.select([], [], [], _PAUSE_SECONDS)
            else:
                break
        claimed: int = _REQUEST.unpack(request)[-1]
        return claimed
