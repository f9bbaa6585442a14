"""`edgegate view`: the live picture with boxes, on a page for this machine only. It decides nothing, opens nothing.

On a Pi without a screen: ssh -L 8321:127.0.0.1:8321 PI, then open the printed address in the browser at home.
"""

from __future__ import annotations

import argparse
import signal
import threading

import cv2

from edgegate import app
from edgegate.camera import open_source
from edgegate.camera.capture import Capture, Slot
from edgegate.cli.common import load_config
from edgegate.clock import SystemClock
from edgegate.errors import CameraError
from edgegate.system.terminal import print_json
from edgegate.types import Image
from edgegate.view import Page, Screen, Viewer
from edgegate.vision.motion import MotionGate

QUALITY = 80
"""The quality of the JPEG pictures, 0 to 100."""


def run(args: argparse.Namespace) -> int:
    config = load_config(args)
    recognition = app.build_recognition(config)
    pipeline = app.build_pipeline(
        config, recognition.analyzer, MotionGate(), recognition.identifier, recognition.identity_network
    )
    viewer = Viewer(pipeline, recognition.identifier.name_of, config.recognition.refuse_after_frames)
    stopping, screen, slot = threading.Event(), Screen(), Slot()
    first = iter([open_source(config.camera, SystemClock(), stopping)])  # one that cannot be opened is an error at once
    capture = Capture(
        lambda: next(first, None) or open_source(config.camera, SystemClock(), stopping),
        slot,
        config.camera.reopen_max_seconds,
        stopping,
    )
    with Page(screen, stopping, args.port) as page:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        _announce(page.url, as_json=args.json)
        capture.start()
        try:
            _show(viewer, capture, slot, screen, stopping)
        finally:
            stopping.set()
            capture.close(timeout=5)
    return 0


def _announce(url: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"url": url})
    else:
        print(f"{url}\nopen it in a browser on this machine; q there or Ctrl-C here stops", flush=True)


def _show(viewer: Viewer, capture: Capture, slot: Slot, screen: Screen, stopping: threading.Event) -> None:
    while not stopping.is_set():
        frame = slot.take(timeout=0.2)
        if capture.failed is not None:
            raise capture.failed
        if frame is not None:
            screen.show(_jpeg(viewer.draw(frame)))
        elif capture.ended:
            return


def _jpeg(image: Image) -> bytes:
    done, jpeg = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    if not done:
        raise CameraError(f"a picture of shape {image.shape} could not be made a JPEG")
    return jpeg.tobytes()
