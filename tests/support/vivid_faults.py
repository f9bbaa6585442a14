"""Every fault that the kernel's test camera (vivid) can show, until its report and after its end; prints JSON lines.

Run where the vivid module is loaded, as a user who may unbind it: python -m tests.support.vivid_faults /dev/video0
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edgegate import config
from edgegate.events.vocabulary import EventType
from tests.support.watched import Door

_QUERY, _SET = 0xC0445624, 0xC008561C  # VIDIOC_QUERYCTRL, VIDIOC_S_CTRL
_NEXT = 0x80000000
_DRIVER = Path("/sys/bus/platform/drivers/vivid")


class Vivid:
    """The camera's fault buttons. They need a file handle of their own, taken before the fault."""

    def __init__(self, device: str) -> None:
        self._file = os.open(device, os.O_RDWR | os.O_NONBLOCK)
        self._numbers = dict(self._controls())

    def _controls(self) -> Iterator[tuple[str, int]]:
        number = 0
        while True:
            query = bytearray(struct.pack("I64x", number | _NEXT))
            try:
                fcntl.ioctl(self._file, _QUERY, query)
            except OSError:
                return
            number = struct.unpack_from("I", query)[0]
            yield query[8:40].partition(b"\0")[0].decode(), number

    def set(self, name: str, value: int = 1) -> None:
        fcntl.ioctl(self._file, _SET, bytearray(struct.pack("Ii", self._numbers[name], value)))

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


@contextmanager
def _watched(device: str) -> Iterator[Door]:
    with Door(config.CameraSettings(source=device)) as door:
        door.playing()
        yield door


def _measured(door: Door, name: str, break_it: Callable[[], object], mend: Callable[[], object], away: float) -> None:
    break_it()
    noticed = door.after(EventType.CAMERA_STALLED)
    fault = door.fault
    door.idle(away)
    mend()
    back = door.after(EventType.CAMERA_RECOVERED)
    figures = {"fault": name, "reason": fault, "noticed": round(noticed, 2), "working_again": round(back, 2)}
    print(json.dumps(figures), flush=True)
    assert noticed <= 2.0, name
    assert back <= 5.0, name


def _mended_after(device: str, away: float) -> None:
    """Each fault that ends, after `away` seconds: when it was noticed, and how soon after its end frames came."""
    with _watched(device) as door, closing(Vivid(device)) as vivid:
        dropped = "Percentage of Dropped Buffers"
        _measured(door, "dropping", lambda: vivid.set(dropped, 100), lambda: vivid.set(dropped, 0), away)
        _measured(door, "frozen", lambda: _still(vivid, True), lambda: _still(vivid, False), away)
    with _watched(device) as door:
        _measured(door, "unplugged", lambda: _bound(False), lambda: _bound(True), away)


def _over_at_once(device: str) -> None:
    """Faults that opening again ends, and a lens that is covered: what was reported of them."""
    with _watched(device) as door, closing(Vivid(device)) as vivid:
        vivid.set("Inject Fatal Streaming Error")
        door.idle(4)
        _tell("streaming error", door)
        vivid.set("Disconnect")
        vivid.close()
        door.idle(4)
        door.playing()
        _tell("disconnected", door)
    with _watched(device) as door, closing(Vivid(device)) as vivid:
        vivid.set("Test Pattern", _BLACK)
        vivid.set("OSD Text Mode", _NO_TEXT)
        door.until(lambda: door.health.empty, 10)
        _tell("covered", door)
        vivid.set("Test Pattern", 0)
        vivid.set("OSD Text Mode", _ALL_TEXT)
        door.until(lambda: door.health.empty is None, 10)


def _tell(fault: str, door: Door) -> None:
    told = [event for event, _ in door.told]
    print(json.dumps({"fault": fault, "told": told, "picture": door.health.empty}), flush=True)


def main(device: str) -> None:
    for away in (0.5, 3.0, 4.1):
        _mended_after(device, away)
    _over_at_once(device)


_BLACK, _NO_TEXT, _ALL_TEXT = 5, 2, 0


def _still(vivid: Vivid, still: bool) -> None:
    vivid.set("OSD Text Mode", _NO_TEXT if still else _ALL_TEXT)


def _bound(bound: bool) -> None:
    (_DRIVER / ("bind" if bound else "unbind")).write_text("vivid.0")


if __name__ == "__main__":
    main(sys.argv[1])
