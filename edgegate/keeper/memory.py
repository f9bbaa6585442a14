"""Keeps a process in memory: a machine with none left takes back what programs do not use at the moment, their own code
included, and reads it again when it is needed. A lock cannot wait for that.
"""

from __future__ import annotations

import ctypes
import logging
import os

log = logging.getLogger(__name__)

# <sys/mman.h>; see mlockall(2). Children do not inherit it.
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4


def stay_in_memory() -> None:
    """From now on each page stays once it was used, of what is mapped now and later.

    Not every page at once: a thread's stack has 8 MB, of which it uses little, and a child would copy its parent. Where
    it is not allowed that is logged, and nothing else changes.
    """
    _lock(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT)


def load_all() -> None:
    """Read whatever is mapped now, and then `stay_in_memory`."""
    if _lock(_MCL_CURRENT):
        _lock(_MCL_FUTURE | _MCL_ONFAULT)


def _lock(flags: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(flags) == 0:
        return True
    reason = os.strerror(ctypes.get_errno())
    log.warning("late when memory is short, for it may not stay in it (%s): raise systemd's LimitMEMLOCK", reason)
    return False
