"""A web of its own for tests: names, addresses that look public, and servers behind them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpcore

from anysense.server.http.fetching.connecting import Resolver
from anysense.server.http.fetching.fetcher import Fetcher
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Answer = Callable[[BaseHTTPRequestHandler], None]

__all__ = ["PUBLIC", "Web", "page", "redirect"]

PUBLIC = "93.184.216.34"


class Renamed(httpcore.NetworkStream):
    """A connection to this machine that says that it is with the address that was asked for."""

    def __init__(self, stream: httpcore.NetworkStream, address: str, own: str) -> None:
        self.stream, self.address, self.own = stream, address, own

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, timeout)

    def close(self) -> None:
        self.stream.close()

    def get_extra_info(self, info: str) -> Any:
        ends = {"server_addr": (self.address, 80), "client_addr": (self.own, 5000)}
        return ends[info] if info in ends else self.stream.get_extra_info(info)


class Web(httpcore.NetworkBackend):
    """Connects every address to one server of the test, and remembers what was asked.

    Attributes:
        names: what names resolve to; a list of lists is used up, one answer after the other.
        asked: the names that were resolved.
        connected: the addresses that were connected to.
        requests: the paths and headers that the server has seen.
    """

    def __init__(self, names: Mapping[str, Any], pages: Mapping[str, Answer]) -> None:
        self.names = dict(names)
        self.pages = pages
        self.asked: list[str] = []
        self.connected: list[str] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.peer: str | None = None
        self.own = "10.0.0.5"
        self.port = 0

    def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        answer = self.names.get(host)
        if answer is None:
            raise OSError("no such name")
        if callable(answer):
            answer = answer()
        return list(answer.pop(0)) if answer and isinstance(answer[0], list) else list(answer)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        self.connected.append(host)
        real = httpcore.SyncBackend().connect_tcp("127.0.0.1", self.port, timeout)
        return Renamed(real, self.peer or host, self.own)

    def fetcher(self, **settings: Any) -> Fetcher:
        made = Settings(allow_url_fetch=True, **settings)
        return Fetcher(made, Resolver(self.resolve), self)

    @contextmanager
    def serving(self) -> Iterator[Web]:
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.requests.append((self.path, dict(self.headers.items())))
                web.pages[self.path.partition("?")[0]](self)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def page(content: bytes, status: int = 200, **headers: str) -> Answer:
    """A page of some bytes; in the names of headers, `_` is a dash."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def redirect(location: str, status: int = 302) -> Answer:
    return page(b"", status, location=location)
