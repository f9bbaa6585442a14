"""From the keeper's spool to the daemon's journal: whatever dies when, every event is written once and in order."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edgegate.clock import VirtualClock
from edgegate.events.vocabulary import Event
from edgegate.keeper.client import KeeperClient, parse_reference
from edgegate.keeper.spool import Spool
from edgegate.lock.interface import LockStatus

BATCH = 3


class Direct:
    """A connection without a socket: the answer to `events` as the keeper gives it."""

    def __init__(self, anyone: AnyOrder) -> None:
        self._anyone = anyone

    def ask(self, _do: str, fields: dict[str, Any]) -> dict[str, Any]:
        spool, after = self._anyone.spool, fields["after"]
        if fields["spool"] == spool.id:
            spool.resume_after(after)
            spool.acknowledge(fields["acked"])
        else:
            after = 0
        status = asdict(LockStatus(locked=True, door="unknown", mode="normal"))
        entries = [asdict(entry) for entry in spool.pending(after, BATCH)]
        return {"ok": True, "status": status, "spool": spool.id, "boot": "b", "events": entries}


@settings(max_examples=150, stateful_step_count=40, deadline=None)
class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.spool = Spool(self.folder / "events")
        self.happened = 0
        self.journal: list[Event] = []
        self.start_daemon()

    def teardown(self) -> None:
        for _ in range(self.happened + 2):
            self.ask()
            self.write(BATCH)
        assert self.written() == list(range(self.happened)), "nothing is lost"
        assert self.spool.pending(0, 1) == []
        self.spool.close()
        shutil.rmtree(self.folder)

    def written(self) -> list[int]:
        return [event.data["n"] for event in self.journal]

    @rule()
    def start_daemon(self) -> None:
        """Starts another daemon: what the one before had not written is gone; what it wrote is in the journal."""
        self.unwritten: list[Event] = []
        self.client = KeeperClient(self.folder / "none", VirtualClock(), self.unwritten.append)
        self.client._news = Direct(self)  # type: ignore[assignment]
        self.client.take_up_after(parse_reference({"data": self.journal[-1].data}) if self.journal else None)

    @rule()
    def happen(self) -> None:
        self.spool.append([("b", "exit.requested", 1.0, 1.0, {"n": self.happened})])
        self.happened += 1

    @rule()
    def ask(self) -> None:
        self.client._listen_once()

    @rule(count=st.integers(1, BATCH))
    def write(self, count: int) -> None:
        """The journal takes some, and the client is told."""
        self.write_untold(count)
        for event in self.journal[-count:]:
            self.client.written({"data": event.data})

    @rule(count=st.integers(1, BATCH))
    def write_untold(self, count: int) -> None:
        """The journal takes some, and the daemon may die before it says so."""
        self.journal += self.unwritten[:count]
        del self.unwritten[:count]

    @rule(torn=st.binary(max_size=9), without_acks=st.booleans())
    def lose_power(self, torn: bytes, *, without_acks: bool) -> None:
        """The keeper dies, perhaps with acknowledgements that had not reached the disk, and half a line."""
        self.spool.close()
        path = self.folder / "events"
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not (without_acks and b'{"acked"' in line)]
        path.write_bytes(b"".join(kept) + torn)
        self.spool = Spool(path)

    @invariant()
    def once_and_in_order(self) -> None:
        assert self.written() == list(range(len(self.journal)))


TestAnyOrder = AnyOrder.TestCase
