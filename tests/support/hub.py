"""A model hub on this machine's loopback, as far as `huggingface_hub` asks it for files."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Serves `files` (``owner/name/file`` -> content), large ones with LFS's headers.

    Attributes:
        files: may be changed while it runs.
        damaged: names of files whose content arrives altered, and how often.
        requests: method and path of every request.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.damaged: dict[str, int] = {}
        self.status: int | None = None
        self.requests: list[tuple[str, str]] = []
        self.url = ""

    def etag(self, content: bytes) -> str:
        if len(content) > 1000:
            return hashlib.sha256(content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@contextmanager
def serving() -> Iterator[Hub]:  # noqa: C901 - a server is one class
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            hub.requests.append((self.command, self.path))
            if hub.status is not None:
                self.reply(hub.status, b"", {})
                return
            repository, _, name = self.path.lstrip("/").partition("/resolve/")
            name = name.partition("/")[2]
            content = hub.files.get(f"{repository}/{name}")
            if content is None:
                known = any(file.startswith(f"{repository}/") for file in hub.files)
                code = "EntryNotFound" if known else "RepoNotFound"
                self.reply(404, b"", {"X-Error-Code": code})
                return
            headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hub.etag(content)}"'}
            if len(content) > 1000:
                headers["X-Linked-Etag"] = headers["ETag"]
                headers["X-Linked-Size"] = str(len(content))
            if body and hub.damaged.get(name, 0) > 0:
                hub.damaged[name] -= 1
                content = content[:-1] + bytes([content[-1] ^ 1])
            self.reply(200, content, headers)

        def reply(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
