"""A real server process that is attacked, and how it bears that."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil
import tiny
from service_process import free_port, running

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Attacked", "Watch", "attacked", "raw_answer"]

SERVICE = """
import resource, sys, tiny
from anysense.index.collection import Collection
from anysense.server.http.serving import serve
from anysense.server.http.settings import Settings
path, port, settings, descriptors = sys.argv[1:]
if int(descriptors):
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(descriptors),) * 2)
tiny.register()
with Collection.open(path) as collection:
    serve(collection, port=int(port), settings=Settings(**eval(settings)))
"""


class Attacked(NamedTuple):
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def post(
        self, path: str, body: bytes, kind: str = "application/json", **headers: str
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("POST", path, body, {"content-type": kind, **headers})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


def raw_answer(connection: socket.socket) -> bytes:
    """All that a server sends until it closes the connection."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@contextmanager
def attacked(
    folder: Path,
    settings: dict[str, Any] | None = None,
    descriptors: int = 0,
    encoder: str = "tiny",
) -> Iterator[Attacked]:
    """A service over two texts; killed at the end."""
    tiny.register()
    path = folder / "attacked.anysense"
    if not path.exists():
        with Collection.create(path, [encoder]) as collection:
            collection.add([NewItem("red", id="red"), NewItem("low", id="low")])
    port = free_port()
    scheme = "https" if "ssl_certfile" in (settings or {}) else "http"
    url = f"{scheme}://127.0.0.1:{port}/ready"
    log = folder / "attacked.log"
    arguments = [str(path), str(port), repr(settings or {}), str(descriptors)]
    with running(SERVICE, *arguments, url=url, log=log) as process:
        yield Attacked(process, port, log)


class Watch:
    """Asks for /health all the time, and looks at the memory of the process.

    Attributes:
        stall: the longest that /health took, in seconds.
        growth: by how many bytes the process was larger than at the start.
        failures: what went wrong with it.
    """

    def __init__(self, server: Attacked) -> None:
        self.stall = 0.0
        self.growth = 0
        self.failures: list[str] = []
        self._server = server
        self._process = psutil.Process(server.process.pid)
        self._start = self._process.memory_info().rss
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._ask, self._weigh)]

    def __enter__(self) -> Watch:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        time.sleep(0.05)
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._is_over.wait(0.005):
            start = time.monotonic()
            try:
                with self._server.connect() as connection:
                    connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    answer = connection.recv(65536)
                if not answer.startswith(b"HTTP/1.1 200"):
                    self.failures.append(answer.decode())
            except OSError as error:
                self.failures.append(repr(error))
            self.stall = max(self.stall, time.monotonic() - start)

    def _weigh(self) -> None:
        while not self._is_over.wait(0.002):
            self.growth = max(self.growth, self._process.memory_info().rss - self._start)
