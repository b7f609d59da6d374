"""A proxy that shows a service below a path, as nginx does with `location /any/`."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import httpx
from live_server import handled_by

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["below"]

OF_ONE_CONNECTION = ("connection", "transfer-encoding", "content-length", "date", "server")


class Proxy(BaseHTTPRequestHandler):
    """Answers what is asked below a prefix as the service does."""

    protocol_version = "HTTP/1.1"
    prefix: str
    client: httpx.Client

    def do_GET(self) -> None:
        if not self.path.startswith(f"{self.prefix}/"):
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = [(name, value) for name, value in self.headers.items() if name != "Host"]
        headers.append(("X-Forwarded-Host", self.headers["Host"]))
        path = self.path.removeprefix(self.prefix)
        with self.client.stream(self.command, path, headers=headers, content=body) as answer:
            self.answer(answer, b"".join(answer.iter_raw()))

    def do_POST(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def answer(self, answer: httpx.Response, content: bytes) -> None:
        self.send_response(answer.status_code)
        for name, value in answer.headers.multi_items():
            if name not in OF_ONE_CONNECTION:
                self.send_header(name, value)
        if answer.status_code not in (204, 304):
            self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def handle_one_request(self) -> None:
        # A closed browser leaves its connections, and the answers that it waited for.
        with suppress(ConnectionError, RuntimeError):
            super().handle_one_request()
            return
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def below(prefix: str, service: str) -> Iterator[str]:
    """The origin of a proxy that sends what is asked below a prefix to a service, without it."""
    with httpx.Client(base_url=service, timeout=60) as client:
        handler = type("Handler", (Proxy,), {"prefix": prefix, "client": client})
        with handled_by(handler) as origin:
            yield origin
