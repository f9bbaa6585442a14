"""An RTSP camera to test against: GStreamer's server, whose pictures carry the moment they were taken.

Run by a Python that has GStreamer's bindings (Debian's own), which need not be the one of the tests; it therefore
uses the standard library alone besides. The picture is 32 vertical bars, the bits of `time.monotonic()` in
milliseconds, white for one, most significant first, on a ground whose brightness changes from frame to frame.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402  versions come first

WIDTH, HEIGHT, FPS, BITS = 640, 128, 15, 32
ENCODERS = {
    "h264": "openh264enc gop-size={gop} ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1",
    "mjpeg": "jpegenc ! rtpjpegpay name=pay0 pt=26",
}
LAUNCH = (
    "( appsrc name=eye is-live=true format=time do-timestamp=true min-latency=0"
    " caps=video/x-raw,format=GRAY8,width={width},height={height},framerate={fps}/1 ! queue ! videoconvert"
    " ! video/x-raw,format=I420 ! {encoder} )"
)


def picture(now: float, shade: int) -> bytes:
    """One frame: the upper half shows the time, the lower half is a grey that differs from frame to frame."""
    bar = WIDTH // BITS
    stamp = int(now * 1000) & 0xFFFFFFFF
    row = b"".join((b"\xeb" if stamp >> bit & 1 else b"\x10") * bar for bit in reversed(range(BITS)))
    return row * (HEIGHT // 2) + bytes([60 + shade]) * (WIDTH * (HEIGHT // 2))


class Camera(GstRtspServer.RTSPMediaFactory):
    """One sensor for all who watch: frames are taken whether or not anybody does."""

    def __init__(self, encoder: str, frozen: bool) -> None:
        super().__init__()
        self.set_launch(LAUNCH.format(width=WIDTH, height=HEIGHT, fps=FPS, encoder=encoder))
        self.set_shared(True)
        self._frozen = picture(0, 0) if frozen else None
        self._count = 0

    def do_configure(self, media: Any) -> None:
        eye = media.get_element().get_child_by_name("eye")
        source = GLib.timeout_add(1000 // FPS, self._expose, eye)
        media.connect("unprepared", lambda _media: GLib.source_remove(source))

    def _expose(self, eye: Any) -> bool:
        self._count += 1
        frame = self._frozen or picture(time.monotonic(), 5 * (self._count % 7))
        eye.emit("push-buffer", Gst.Buffer.new_wrapped(frame))
        return True


def protect(server: Any, factory: Any, method: str, user: str, password: str) -> None:
    """Let in `user` only, by `basic` or `digest` authentication."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if method == "basic":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    role = GstRtspServer.RTSPPermissions()
    role.add_permission_for_role("viewer", "media.factory.access", True)
    role.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(role)
    server.set_auth(auth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--codec", choices=ENCODERS, default="h264")
    parser.add_argument("--gop", type=int, default=15)
    parser.add_argument("--auth", choices=("basic", "digest"))
    parser.add_argument("--user", default="door")
    parser.add_argument("--password", default="")
    parser.add_argument("--certificate", help="PEM file with certificate and key: serve rtsps")
    parser.add_argument("--frozen", action="store_true", help="the same picture for ever")
    args = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(args.port))
    factory = Camera(ENCODERS[args.codec].format(gop=args.gop), args.frozen)
    server.get_mount_points().add_factory("/door", factory)
    if args.auth:
        protect(server, factory, args.auth, args.user, args.password)
    if args.certificate:
        auth = server.get_auth() or GstRtspServer.RTSPAuth()
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(args.certificate))
        server.set_auth(auth)
    if server.attach(None) == 0:
        raise SystemExit(f"port {args.port} is taken")
    print("listening", flush=True)
    GLib.MainLoop().run()


main()
