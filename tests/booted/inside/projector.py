"""Runs in the guest: plays pictures into the test camera's output, which its input is wired to.

/run/scene names what is shown: a file in /host/scenes with some 640x480 YUYV pictures, one after the other, round
and round. They lie in the driver's buffers, so that showing them takes no time; pictures that differ in nothing
but noise are what a camera sees of a corridor where nothing happens, and a single one is a frozen camera.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import subprocess
import time
from pathlib import Path

CAMERA, OUTPUT = "/dev/video0", "/dev/video1"
SCENE, SCENES = Path("/run/scene"), Path("/host/scenes")
FIRST = "nobody"
PICTURE = 640 * 480 * 2
BUFFERS = 6

VIDEO_OUTPUT, MMAP = 2, 1
BUFFER = struct.Struct("5I4x16x16xIIQII4x4x")
"""struct v4l2_buffer: index, type, bytes used, flags, field, …, sequence, memory, offset, length, …"""


def request(number: int, size: int, *, write_only: bool = False) -> int:
    """An ioctl's code, of the V family (videodev2.h)."""
    return (1 if write_only else 3) << 30 | size << 16 | ord("V") << 8 | number


REQBUFS, QUERYBUF = request(8, 20), request(9, BUFFER.size)
QBUF, DQBUF = request(15, BUFFER.size), request(17, BUFFER.size)
STREAMON = request(18, 4, write_only=True)


def main() -> None:
    while not (os.path.exists(CAMERA) and os.path.exists(OUTPUT)):  # noqa: PTH110  the camera is unplugged
        time.sleep(0.02)
    wire()
    device = os.open(OUTPUT, os.O_RDWR)
    fcntl.ioctl(device, REQBUFS, bytearray(struct.pack("5I", BUFFERS, VIDEO_OUTPUT, MMAP, 0, 0)))
    memory = [mapped(device, index) for index in range(BUFFERS)]
    shown = fill(memory, None)
    for index in range(BUFFERS):
        queue(device, index)
    fcntl.ioctl(device, STREAMON, struct.pack("I", VIDEO_OUTPUT))
    while True:
        buffer = bytearray(BUFFER.pack(0, VIDEO_OUTPUT, 0, 0, 0, 0, MMAP, 0, 0, 0))
        fcntl.ioctl(device, DQBUF, buffer)  # waits for the next picture to be wanted
        queue(device, BUFFER.unpack(buffer)[0])
        shown = fill(memory, shown)


def wire() -> None:
    """The output's pictures are the input's, 60 a second, and nothing is written over them."""
    for call in (
        ["-d", CAMERA, "-i", "3"],
        ["-d", OUTPUT, "-o", "1"],
        ["-d", CAMERA, "-c", "hdmi_000_0_is_connected_to=2", "-c", "osd_text_mode=2"],
        ["-d", CAMERA, "--set-dv-bt-timings", "index=0"],
        ["-d", OUTPUT, "--set-dv-bt-timings", "index=0"],
        ["-d", OUTPUT, "--set-fmt-video-out=width=640,height=480,pixelformat=YUYV"],
    ):
        subprocess.run(["v4l2-ctl", *call], check=True, stdout=subprocess.DEVNULL)


def mapped(device: int, index: int) -> mmap.mmap:
    buffer = bytearray(BUFFER.pack(index, VIDEO_OUTPUT, 0, 0, 0, 0, MMAP, 0, 0, 0))
    fcntl.ioctl(device, QUERYBUF, buffer)
    *_, offset, length, _ = BUFFER.unpack(buffer)
    return mmap.mmap(device, length, offset=offset)


def queue(device: int, index: int) -> None:
    fcntl.ioctl(device, QBUF, bytearray(BUFFER.pack(index, VIDEO_OUTPUT, PICTURE, 0, 1, 0, MMAP, 0, 0, 0)))


def fill(memory: list[mmap.mmap], shown: str | None) -> str:
    """Lay the scene's pictures into the buffers, if it is another than `shown`; the scene's name."""
    try:
        name = SCENE.read_text().strip() or FIRST
    except FileNotFoundError:
        name = FIRST
    if name != shown:
        pictures = (SCENES / f"{name}.yuyv").read_bytes()
        for index, buffer in enumerate(memory):
            start = index * PICTURE % len(pictures)
            buffer[:PICTURE] = pictures[start : start + PICTURE]
    return name


if __name__ == "__main__":
    main()
