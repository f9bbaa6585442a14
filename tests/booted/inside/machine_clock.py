"""Runs in the guest as root: sets the machine's clock, by hand or as a time service does."""

from __future__ import annotations

import ctypes
import struct
import time

ADJ_MAXERROR, ADJ_ESTERROR, ADJ_STATUS = 4, 8, 16
TIMEX_BYTES = 208


def set_by_hand(seconds: float) -> None:
    """As `date -s`, by so much: the kernel forgets that it was synchronized."""
    time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)


def synchronize(seconds: float = 0.0) -> None:
    """As a time service: set by so much, and vouched for."""
    if seconds:
        set_by_hand(seconds)
    timex = bytearray(TIMEX_BYTES)
    struct.pack_into("I", timex, 0, ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS)  # status 0: synchronized
    buffer = (ctypes.c_char * TIMEX_BYTES).from_buffer(timex)
    if ctypes.CDLL(None, use_errno=True).adjtimex(buffer) < 0:
        raise OSError(ctypes.get_errno(), "adjtimex")
