"""Serves the page of a recording to this machine alone, anew whenever the file changes."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

from reluctant.errors import RecordingError

HOST = "127.0.0.1"


class PageServer(ThreadingHTTPServer):
    """Answers one address with a token that cannot be guessed, over the loopback device, for reading only.

    Every other address, method and host name is refused: a page of somebody else that the browser shows can neither read
    this one nor, by a name that leads to 127.0.0.1, pass for it. Nothing that is sent here is ever written anywhere.
    """

    daemon_threads = True

    def __init__(self, file: Path, page: Callable[[], str], port: int = 0) -> None:
        super().__init__((HOST, port), _PageRequest)
        self.token = secrets.token_urlsafe(18)
        self._file = file
        self._page = page
        self._lock = Lock()
        self._made: tuple[str, bytes] = ("", b"")

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    @property
    def hosts(self) -> tuple[str, ...]:
        """What a browser on this machine may call this server."""
        return f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"

    def version(self) -> str:
        """What tells the present content of the file from another; the last one while there is no file, as when it is being replaced."""
        try:
            seen = self._file.stat()
        except OSError:
            return self._made[0]
        return f"{seen.st_mtime_ns:x}-{seen.st_size:x}-{seen.st_ino:x}"

    def current(self) -> tuple[str, bytes]:
        """The version and the page of the file as it is now, made once for each version; the last page where the file cannot be read."""
        with self._lock:
            version = self.version()
            if version != self._made[0]:
                try:
                    self._made = version, self._page().encode()
                except RecordingError:
                    if not self._made[1]:
                        raise
            return self._made

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that was closed in the middle of an answer is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _PageRequest(BaseHTTPRequestHandler):
    """One request."""

    server: PageServer
    server_version = "reluctant"
    sys_version = ""

    def do_GET(self) -> None:
        """The page; nothing, where the browser has the present version."""
        path, _, shown = self.path.partition("?since=")
        if self.headers.get("Host") not in self.server.hosts or not secrets.compare_digest(
            path.encode(), f"/{self.server.token}/".encode()
        ):
            self._send(HTTPStatus.NOT_FOUND, b"")
        elif shown and shown == self.server.version():
            self._send(HTTPStatus.NO_CONTENT, b"")
        else:
            version, page = self.server.current()
            self._send(HTTPStatus.OK, page, version)

    def _send(self, status: HTTPStatus, body: bytes, version: str = "") -> None:
        self.send_response(status)
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Resource-Policy": "same-origin",
            **({"X-Version": version} if version else {}),
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Requests are not printed: the terminal may be the training script's."""
