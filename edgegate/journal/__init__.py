"""The record of everything that happened: append-only, durable, each row carrying the hash of the one before."""

from edgegate.journal.chain import Head, Verification, verify
from edgegate.journal.database import PATIENCE_SECONDS
from edgegate.journal.journal import Journal
from edgegate.journal.records import after, last_of, last_time, last_times, last_with, names, read

__all__ = [
    "PATIENCE_SECONDS",
    "Head",
    "Journal",
    "Verification",
    "after",
    "last_of",
    "last_time",
    "last_times",
    "last_with",
    "names",
    "read",
    "verify",
]
