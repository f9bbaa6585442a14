"""A web page with the newest picture, for this machine only.

It listens on 127.0.0.1. Its address holds a secret of its own, since other people may be logged in to this machine,
and every web page that their browser shows may ask 127.0.0.1; for the same reason a foreign `Host` is refused.
"""

from __future__ import annotations

import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from edgegate.errors import UsageError

HOST = "127.0.0.1"
LOCAL_NAMES = {"127.0.0.1", "localhost"}
WAIT_SECONDS = 1.0
"""The time that a stream waits for a picture until it looks whether it is to end."""

_BOUNDARY = "picture"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>edgegate view</title>
<style>
body { margin: 0; background: #181a1c; color: #ddd; font: 16px/1.5 system-ui, sans-serif; text-align: center }
img { max-width: 100%; max-height: calc(100vh - 4rem) }
button { font: inherit; padding: .2rem 1rem }
</style>
<img src="stream" alt="the live picture">
<p id="note">This view decides nothing and opens nothing. <button id="stop">Stop (q)</button></p>
<script>
const stop = () => fetch("stop", { method: "POST" }).then(() => {
  document.querySelector("img").remove()
  document.querySelector("#note").textContent = "Stopped."
})
document.querySelector("#stop").onclick = stop
document.onkeydown = event => { if (event.key === "q" && !event.ctrlKey && !event.metaKey) stop() }
</script>
</html>
"""


class Screen:
    """The newest picture, for any number of browsers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._jpeg = b""
        self._number = 0

    def show(self, jpeg: bytes) -> None:
        with self._changed:
            self._jpeg, self._number = jpeg, self._number + 1
            self._changed.notify_all()

    def after(self, number: int, timeout: float) -> tuple[int, bytes] | None:
        """The newest picture and its number, once there is one after `number`; None if none came in time."""
        with self._changed:
            newer = self._changed.wait_for(lambda: self._number > number, timeout)
            return (self._number, self._jpeg) if newer else None


class Page:
    """Serves `screen` while its `with` block runs, on threads of its own; somebody who presses Stop sets `stopping`.

    Raises UsageError if `port` cannot be had; 0 takes any.
    """

    def __init__(self, screen: Screen, stopping: threading.Event, port: int) -> None:
        secret = secrets.token_urlsafe(16)

        class Handler(_Handler):
            pass

        Handler.screen, Handler.stopping, Handler.root = screen, stopping, f"/{secret}/"
        try:
            self._server = ThreadingHTTPServer((HOST, port), Handler)
        except OSError as error:
            raise UsageError(f"--port {port}: {error.strerror or error}; choose another") from None
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="view", daemon=True)
        self.url = f"http://{HOST}:{self._server.server_port}/{secret}/"

    def __enter__(self) -> Page:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    screen: Screen
    stopping: threading.Event
    root: str
    timeout = 10
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        what = self._asked()
        if what == "":
            self._answer(HTTPStatus.OK, _PAGE.encode(), "text/html; charset=utf-8")
        elif what == "stream":
            self._stream()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        if self._asked() != "stop":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self._answer(HTTPStatus.OK, b"stopped\n", "text/plain")
        self.stopping.set()

    def _asked(self) -> str | None:
        """Returns what below the secret is asked for; None where the secret, or the name of this machine, is wrong."""
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if host not in LOCAL_NAMES or not secrets.compare_digest(self.path[: len(self.root)], self.root):
            return None
        return self.path.removeprefix(self.root)

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self._begin(status, kind, {"Content-Length": str(len(body))})
        self.wfile.write(body)

    def _begin(self, status: HTTPStatus, kind: str, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **_HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self) -> None:
        """Pictures as they come, in one answer that the browser replaces part by part (multipart/x-mixed-replace)."""
        self.close_connection = True
        self._begin(HTTPStatus.OK, f"multipart/x-mixed-replace; boundary={_BOUNDARY}", {"Connection": "close"})
        number = 0
        try:
            while not self.stopping.is_set():
                if (newer := self.screen.after(number, WAIT_SECONDS)) is None:
                    continue
                number, jpeg = newer
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
        except (ConnectionError, TimeoutError):
            return  # the browser has gone

    def log_message(self, *_: Any) -> None:
        """Logs nothing: the person who looks is sitting before it."""
