"""What one of several processes does: serve, until its parent tells it to stop, or is gone."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import shutil
import signal
import socket
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import AnysenseError
from anysense.server.http.app import create_app
from anysense.server.http.connections.head import HEAD_BYTES
from anysense.server.http.life.server import LifeServer
from anysense.server.http.monitoring.logs import logging_as
from anysense.server.http.serving import end_if_busy, server_config
from anysense.server.http.settings import Settings
from anysense.server.http.workers.facts import FactsReader
from anysense.server.http.workers.pages import page_sender

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection
    from pathlib import Path
    from types import FrameType

    import uvicorn

    from anysense.server.http.service.service import Service
    from anysense.server.http.workers.worker import Worker

__all__ = ["Orders", "run_child"]

logger = logging.getLogger(__name__)
STARTED = ""
"""What a process reports once it listens; anything else is why it cannot."""
ACCEPTED_AT_ONCE = 1
"""Connections that a process takes before others have had their turn."""
BACKLOG = 2048
WRITER_STOPS_LATER = 1.0
"""Seconds after the readers: what they have taken in still has to be written."""
LAST_SECONDS = 5.0


@dataclass(frozen=True)
class Orders:
    """What a process is to do, as its parent hands it over.

    Attributes:
        worker: which one it is.
        paths: the collections by name.
        settings: the fields of `Settings`.
        sockets: those that listen for clients.
    """

    worker: Worker
    paths: Mapping[str, Path]
    settings: Mapping[str, Any]
    sockets: list[socket.socket]


class ChildServer(LifeServer):
    """Serves as one of several processes.

    Only the parent ends it at once. A terminal sends Ctrl-C to all processes, and systemd its
    signals: a second one does not mean more than the first.
    """

    def __init__(
        self, config: uvicorn.Config, service: Service, worker: Worker, report: Connection
    ) -> None:
        settings = service.settings
        later = stops_later(settings) if worker.is_writer else 0.0
        super().__init__(config, service.life, settings.shutdown_timeout - later)
        self._service = service
        self._worker = worker
        self._report = report
        self._pages: asyncio.Server | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, for clients and for processes that ask for metrics."""
        await super().startup(sockets)
        for one in sockets or ():
            one.listen(BACKLOG)  # it was set to what is accepted at once
        path = self._worker.metrics_socket(self._worker.name)
        path.unlink(missing_ok=True)
        send = page_sender(self._service.read_own_metrics)
        self._pages = await asyncio.start_unix_server(send, path)
        with suppress(OSError):  # the parent has gone, which is noticed elsewhere
            self._report.send(STARTED)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop as any server does."""
        await super().shutdown(sockets)
        if self._pages is not None:
            self._pages.close()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in order, however often that is said."""
        if sig != signal.SIGINT and not self.should_exit:
            super().handle_exit(sig, frame)


def stops_later(settings: Settings) -> float:
    """How many seconds after the readers the process that writes begins to stop."""
    return min(WRITER_STOPS_LATER, settings.shutdown_timeout / 4)


def run_child(orders: Orders, report: Connection) -> None:
    """Serve as one of several processes, until SIGTERM; the target of a new process.

    Args:
        orders: what to do.
        report: gets `STARTED`, or the sentence that says why it cannot be started.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGHUP))
    settings = Settings(**orders.settings)
    end_with_parent(orders.worker.folder, settings.shutdown_timeout + LAST_SECONDS)
    try:
        with logging_as(settings.log_format, settings.log_level):
            serve_as(orders, settings, report)
            end_if_busy()
    except AnysenseError as error:
        with suppress(OSError):
            report.send(str(error))
        raise SystemExit(1) from None


def serve_as(orders: Orders, settings: Settings, report: Connection) -> None:
    """Open the collections and serve them."""
    from anysense.index.collection import Collection
    from anysense.server.http.service.models import Models

    worker, models = orders.worker, Models(settings.device)
    with ExitStack() as stack:
        collections = {
            name: stack.enter_context(Collection.open(path, load=models.load))
            for name, path in orders.paths.items()
        }
        if worker.is_writer:
            settings = settings.model_copy(update=TRUSTING)
        app = create_app(collections, settings, worker)
        service: Service = app.state.service
        if worker.is_writer:
            logging.getLogger("anysense.access").setLevel(logging.WARNING)  # readers tell of it
            # A reader puts what it knows of a request into its head.
            config = server_config(FactsReader(app), settings, head_bytes=4 * HEAD_BYTES)
            sockets = [listen_for(worker)]
        else:
            config, sockets = server_config(app, settings, ACCEPTED_AT_ONCE), orders.sockets
        ChildServer(config, service, worker, report).run(sockets)


TRUSTING: dict[str, Any] = {
    **dict.fromkeys(("api_key", "api_key_file", "rate_limit", "ssl_certfile", "ssl_keyfile")),
    **dict.fromkeys(("ssl_keyfile_password", "ssl_ca_certs")),
    "allowed_origins": (),
    "forwarded_allow_ips": (),
}
"""Settings of the process that writes: what comes to it was judged by one that reads."""


def listen_for(worker: Worker) -> socket.socket:
    """The socket of the process that writes, in place of that of one which ended."""
    path = worker.writer_socket
    path.unlink(missing_ok=True)
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.bind(str(path))
    one.listen(BACKLOG)
    return one


def end_with_parent(folder: Path, seconds: float) -> None:
    """Stop in order when the parent is gone, killed too; and at once after so many seconds."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        assert parent is not None
        parent.join()
        logger.warning("The process that started this one is gone: it stops.")
        shutil.rmtree(folder, ignore_errors=True)  # as it cannot any more
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(seconds)
        os._exit(1)

    if parent is not None:
        threading.Thread(target=wait, name="parent", daemon=True).start()
