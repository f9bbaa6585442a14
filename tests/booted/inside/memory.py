"""Runs in the guest: keeps the sampler and the presser in memory, whatever the others lack."""

from __future__ import annotations

import ctypes

ALL = 3
"""MCL_CURRENT and MCL_FUTURE."""


def stay() -> None:
    if ctypes.CDLL(None, use_errno=True).mlockall(ALL):
        raise OSError(ctypes.get_errno(), "mlockall")
