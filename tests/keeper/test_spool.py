"""The lock keeper's spool, on real files: what was kept is there again after a crash, and only once."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegate.keeper.spool import Job, Spool
from tests.support.small_disk import SmallDisk


def happened(*names: str) -> list[tuple[str, str, float, float, Mapping[str, Any]]]:
    return [("boot-1", name, 1.0, 1000.0, {"n": name}) for name in names]


def kinds(spool: Spool) -> list[tuple[int, str]]:
    return [(entry.seq, entry.type) for entry in spool.pending(0, 100)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events"


def test_what_was_kept_is_there_after_a_crash_with_its_number(path: Path) -> None:
    first = Spool(path)
    first.append(happened("a", "b"))
    second = Spool(path)  # nobody closed the first
    assert second.id == first.id
    assert second.pending(0, 100) == first.pending(0, 100)
    second.append(happened("c"))
    assert kinds(Spool(path)) == [(1, "a"), (2, "b"), (3, "c")]
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_acknowledged_is_gone_and_its_numbers_never_come_again(path: Path) -> None:
    spool = Spool(path)
    spool.append(happened("a", "b", "c"))
    spool.acknowledge(2)
    assert kinds(Spool(path)) == [(3, "c")]
    spool = Spool(path)
    spool.acknowledge(99)
    spool.append(happened("d"))
    assert kinds(Spool(path)) == [(4, "d")]


def test_pending_is_handed_over_in_batches(path: Path) -> None:
    spool = Spool(path)
    spool.append(happened("a", "b", "c"))
    assert [entry.seq for entry in spool.pending(1, 1)] == [2]
    assert spool.pending(3, 10) == []


def test_beyond_its_bounds_only_the_number_is_kept_until_there_is_room(path: Path) -> None:
    spool = Spool(path, max_events=2)
    spool.append(happened("a", "b", "c", "d"))
    assert (spool.take_lost(), kinds(spool)) == (0, [(1, "a"), (2, "b")])
    spool.acknowledge(1)
    assert (spool.take_lost(), spool.take_lost()) == (2, 0)


def test_its_file_does_not_grow_for_ever(path: Path) -> None:
    spool = Spool(path, max_bytes=2000)
    for number in range(200):
        spool.append(happened(str(number)))
        spool.acknowledge(number)
    assert path.stat().st_size < 3000
    assert kinds(Spool(path)) == [(200, "199")]


@settings(max_examples=30)
@given(cut=st.integers(0, 600), junk=st.binary(max_size=20))
def test_a_torn_tail_costs_no_more_than_its_own_lines(cut: int, junk: bytes, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("spool") / "events"
    spool = Spool(path)
    for name in "abc":
        spool.append(happened(name))
    content = path.read_bytes()
    spool.close()
    torn = content[: max(len(content) - cut, 0)]
    path.write_bytes(torn + junk)
    read = Spool(path)
    assert kinds(read) == [(seq, kind) for seq, kind in enumerate("abc", 1)][: max(torn.count(b"\n") - 1, 0)] or (
        content == torn + junk[: len(content) - len(torn)]
    )
    read.append(happened("new"))
    again = Spool(path)
    assert kinds(again) == kinds(read)
    assert kinds(again)[-1][1] == "new"
    assert again.damaged == 0, "it was mended when it was read"


def test_a_damaged_line_in_the_middle_costs_only_that_line(path: Path) -> None:
    Spool(path).append(happened("a", "b", "c"))
    path.write_bytes(path.read_bytes().replace(b'"b"', b'"B"'))
    spool = Spool(path)
    assert (kinds(spool), spool.damaged) == ([(1, "a"), (3, "c")], 1)


def test_on_a_full_disk_events_wait_in_memory_until_there_is_room(tmp_path: Path) -> None:
    with SmallDisk(tmp_path / "disk") as disk:
        path = disk.folder / "events"
        spool = Spool(path)
        spool.append(happened("a"))
        disk.fill()
        if disk.options:
            pytest.skip("this needs to mount a small file system")
        for number in range(60):
            spool.append(happened(f"{number}" * 40))
        assert spool.fault is not None
        assert "No space left" in spool.fault
        assert len(spool.pending(0, 100)) == 61
        disk.free()
        spool.append(happened("z"))
        assert spool.fault is None
        spool.close()
        again = Spool(path)
        again.close()
        assert len(kinds(again)) == 62
        assert kinds(again)[-1] == (62, "z")


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    spool = Spool(tmp_path / "file" / "events")
    assert spool.fault is not None
    spool.append(happened("a"))
    assert kinds(spool) == [(1, "a")]


def test_every_event_is_synced_before_append_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool, synced = Spool(path), []
    monkeypatch.setattr(os, "fdatasync", lambda _file: synced.append(path.read_bytes().count(b"\n")))
    spool.append(happened("a"))
    spool.append(happened("b"))
    assert synced == [2, 3]


def test_numbers_that_a_dead_keeper_gave_out_of_its_memory_alone_are_not_used_again(path: Path) -> None:
    Spool(path).append(happened("a"))
    spool = Spool(path)  # of the next one's events the daemon has got 2 and 3, which never reached the file
    spool.append(happened("d"))
    spool.resume_after(3)
    assert kinds(spool) == kinds(Spool(path)) == [(1, "a"), (4, "d")]
    spool.resume_after(4)
    assert kinds(spool) == [(1, "a"), (4, "d")], "from then on its numbers are its own"


@given(st.lists(st.sampled_from(["lock.unlocked", "lock.locked", "hold.started", "hold.ended", "a", "ack", "crash"])))
def test_what_was_going_on_is_known_whatever_was_forgotten_meanwhile(
    tmp_path_factory: pytest.TempPathFactory, told: list[str]
) -> None:
    path = tmp_path_factory.mktemp("spool") / "events"
    spool, going_on = Spool(path, max_bytes=300), set[str]()
    for seq, kind in enumerate(told, 1):
        if kind == "ack":
            spool.acknowledge(seq)
        elif kind == "crash":
            spool = Spool(path)
            assert spool.left_going_on == going_on
        else:
            spool.append(happened(kind))
        going_on |= {kind} & {"lock.unlocked", "hold.started"}
        going_on -= {{"lock.locked": "lock.unlocked", "hold.ended": "hold.started"}.get(kind, "")}
    assert Spool(path).left_going_on == going_on


@given(st.lists(st.sampled_from(["lock.unlocked", "lock.locked", "a", "ack", "write", "grow"])))
def test_what_is_written_later_is_there_in_the_end_and_once(
    tmp_path_factory: pytest.TempPathFactory, told: list[str]
) -> None:
    path = tmp_path_factory.mktemp("spool") / "events"
    jobs: list[Job] = []
    spool = Spool(path, max_bytes=300, later=jobs.append)
    for seq, kind in enumerate(told, 1):
        if kind == "write" and jobs:
            jobs.pop(0)()
        elif kind == "grow":
            spool.resume_after(seq)
        elif kind == "ack":
            spool.acknowledge(seq)
        elif kind != "write":
            spool.append(happened(kind))
    for job in jobs:
        job()
    again = Spool(path)
    assert again.pending(0, 100) == spool.pending(0, 100)
    assert again.left_going_on == spool._going_on
    assert again.damaged == 0


@pytest.mark.parametrize("text", [b"", b"1", b'{"seq":1}', b'{"spool":"a"}', b'{"seq":1,"new":2}', b'{"acked":"x"}'])
def test_a_line_of_a_version_that_nobody_knows_is_left_out(path: Path, text: bytes) -> None:
    Spool(path).append(happened("a"))
    path.write_bytes(path.read_bytes() + b"%08x %s\n" % (zlib.crc32(text), text))
    spool = Spool(path)
    assert (kinds(spool), spool.damaged) == ([(1, "a")], 1)
