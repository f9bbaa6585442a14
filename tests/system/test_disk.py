"""Room on the disk: a fault before it is full, and not at every file that comes or goes."""

from __future__ import annotations

from pathlib import Path

from edgegate.system.disk import DiskSpace, free_megabytes


def test_it_is_short_below_what_is_wanted_until_there_is_clearly_more() -> None:
    free = 0
    disk = DiskSpace(Path("data"), 100, lambda _: free)
    for free, short in ((100, False), (99, True), (105, True), (111, False), (105, False)):
        fault = disk.fault()
        assert (fault is not None) == short
        assert fault is None or fault.startswith(f"{free} MB free, 100 wanted: nobody is let in once it is full")


def test_a_disk_that_does_not_answer_is_a_fault_too() -> None:
    def gone(folder: Path) -> int:
        raise OSError(5, "Input/output error")

    assert DiskSpace(Path("data"), 100, gone).fault() == "data: Input/output error"


def test_room_is_measured_where_a_folder_will_be(tmp_path: Path) -> None:
    assert abs(free_megabytes(tmp_path / "not" / "yet") - free_megabytes(tmp_path)) < 1000
