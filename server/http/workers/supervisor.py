"""The parent of several processes: it listens, begins them, and begins again those that end."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import AnysenseError, UsageError
from anysense.index.catalog.sqlite.connections import refused_by
from anysense.server.http.life.noting import noting
from anysense.server.http.listening import listen, resolve
from anysense.server.http.monitoring.logs import logging_as
from anysense.server.http.serving import checked
from anysense.server.http.workers.child import LAST_SECONDS, STARTED, Orders, run_child, stops_later
from anysense.server.http.workers.signals import SignalBox, held_back
from anysense.server.http.workers.worker import WRITER, Worker

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from anysense.server.http.settings import Settings

__all__ = ["serve_in_processes"]

logger = logging.getLogger(__name__)
FIRST_PAUSE, LAST_PAUSE = 0.5, 30.0
"""Seconds until a process that ended is begun again: doubled each time."""
STEADY_SECONDS = 60.0
"""After which its pauses begin anew."""
MOST_PATH_BYTES = 103
"""Of a socket's path: systems take 104 or 108."""


def serve_in_processes(
    paths: Mapping[str, Path],
    settings: Settings,
    on_start: Callable[[int], None] | None = None,
) -> None:
    """Serve collections with several processes that read and one that writes.

    Signals are those of `serve`: SIGINT and SIGTERM stop all of them in order, a second one at
    once, and SIGHUP reloads all. A process that ends otherwise is begun again.

    Args:
        paths: the collections by name.
        settings: limits, where to listen, who may ask, and how many processes read.
        on_start: called with the port once all processes listen.

    Raises:
        UsageError: as `serve`; or this system has no processes of this kind.
        AnysenseError: it cannot listen there, or one of the processes cannot start.
    """
    if sys.platform == "win32":
        raise UsageError("Several processes need sockets of Unix: leave out --workers.")
    addresses = resolve(settings.host, settings.port)
    settings = checked(addresses, settings)
    with logging_as(settings.log_format, settings.log_level), private_folder() as folder:
        sockets = listen(addresses, settings)
        try:
            with noting(paths, settings, on_start) as note:
                Supervisor(paths, settings, sockets, folder, note).run()
        finally:
            for one in sockets:
                one.close()


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that only this user can enter, short enough for sockets.

    Raises:
        UsageError: temporary files lie too deep.
        StorageError: the disk of temporary files refused.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="anysense-"))  # its mode is 0700
    except OSError as error:
        raise refused_by(error, "the folder of temporary files") from error
    try:
        if len(os.fsencode(folder)) > MOST_PATH_BYTES - len("/reader-999.metrics"):
            raise UsageError(
                f"The folder for temporary files is too deep for sockets: {folder.parent}. Name "
                "another one with the variable TMPDIR."
            )
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Child:
    """One of the processes, as its parent knows it.

    Args:
        orders: what it is to do.
    """

    def __init__(self, orders: Orders) -> None:
        self.name = orders.worker.name
        self.has_started = False
        """Whether it has listened, now or before."""
        self.due_at = 0.0
        """When it is begun again."""
        self.process: SpawnProcess | None = None
        self._orders = orders
        self._report: Connection | None = None
        self._pause = FIRST_PAUSE
        self._begun_at = 0.0
        self._reason = ""
        self._is_told_to_stop = False

    def begin(self) -> None:
        """Begin the process."""
        context = multiprocessing.get_context("spawn")
        worker = replace(self._orders.worker, is_replacement=self.has_started)
        orders = replace(self._orders, worker=worker)
        self._report, its_end = context.Pipe(duplex=False)
        # Ctrl-C meets it too, and would end it before it can say that it waits for its parent.
        with held_back((signal.SIGINT, signal.SIGHUP)):
            process = context.Process(
                target=run_child, args=(orders, its_end), name=self.name, daemon=False
            )
            process.start()
        its_end.close()
        self.process, self._begun_at, self._reason = process, time.monotonic(), ""

    def events(self) -> Iterator[Any]:
        """What to wait for."""
        if self.process is not None:
            yield self.process.sentinel
        if self._report is not None:
            yield self._report

    def look(self) -> str | None:
        """Notice what has happened; the sentence that says why the process has ended, if it has."""
        process = self.process
        has_ended = process is not None and not process.is_alive()
        self._read_report()  # after that look: what it has said at the end is there then
        if process is None or not has_ended:
            return None
        process.join()
        self.process = None
        if time.monotonic() - self._begun_at > STEADY_SECONDS:
            self._pause = FIRST_PAUSE
        self.due_at = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LAST_PAUSE)
        return self._reason or f"The process {self.name} ended {how(process.exitcode)}."

    def _read_report(self) -> None:
        if self._report is None or not self._report.poll():
            return
        with suppress(EOFError):  # it was killed
            self._reason = str(self._report.recv())
            self.has_started = self.has_started or self._reason == STARTED
        self._report.close()
        self._report = None

    def signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.process is not None and self.process.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    def stop(self) -> None:
        """Tell it to stop, once: at the very end of a process, SIGTERM would break that off."""
        if not self._is_told_to_stop:
            self._is_told_to_stop = True
            self.signal(signal.SIGTERM)


def how(exit_code: int | None) -> str:
    """How a process ended, by its exit code."""
    if exit_code is None or exit_code >= 0:
        return f"with status {exit_code}"
    return f"by signal {-exit_code}"


class Supervisor:
    """Begins the processes, tells them what it is told, and ends when all have ended."""

    def __init__(
        self,
        paths: Mapping[str, Path],
        settings: Settings,
        sockets: Sequence[socket.socket],
        folder: Path,
        on_start: Callable[[int], None] | None,
    ) -> None:
        self._settings = settings
        self._sockets = sockets
        self._folder = folder
        self._on_start = on_start
        self._signals = SignalBox((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
        self._stop_began: float | None = None
        names = (WRITER, *(f"reader-{number + 1}" for number in range(settings.workers)))
        values = {name: getattr(settings, name) for name in type(settings).model_fields}
        self._children = [
            Child(Orders(worker, paths, values, [] if worker.is_writer else list(sockets)))
            for worker in (Worker(name, names, folder) for name in names)
        ]

    def run(self) -> None:
        """Run until all processes have ended.

        Raises:
            AnysenseError: one of them cannot start.
        """
        with ExitStack() as stack:
            stack.enter_context(self._signals.open())
            stack.callback(self._kill)
            for child in self._children:
                child.begin()
            while not self._is_over():
                self._wait()
                for number in self._signals.take():
                    self._take_signal(number)
                for child in self._children:
                    self._look_at(child)
                self._announce()
                self._stop_in_time()

    def _is_over(self) -> bool:
        return self._stop_began is not None and all(c.process is None for c in self._children)

    def _wait(self) -> None:
        events = [event for child in self._children for event in child.events()]
        pauses = [1.0] if self._stop_began is None else [0.1]
        now = time.monotonic()
        pauses += [max(0.0, child.due_at - now) for child in self._children if not child.process]
        wait([self._signals.fileno(), *events], min(pauses))

    def _take_signal(self, number: int) -> None:
        if number == signal.SIGHUP:
            for child in self._children:
                child.signal(number)
        elif self._stop_began is None:
            self._stop_began = time.monotonic()
            for one in self._sockets:
                one.close()  # or clients would wait for a process that is gone
            for child in self._children:
                if child.name != WRITER:
                    child.stop()
        else:
            logger.warning("Stopped at once, by a second signal")
            self._kill()
            shutil.rmtree(self._folder, ignore_errors=True)
            os._exit(128 + number)

    def _look_at(self, child: Child) -> None:
        end = child.look()
        if self._stop_began is not None:
            return
        if end is not None:
            if not child.has_started:
                raise AnysenseError(end)
            logger.error("%s It is begun again.", end)
        if child.process is None and time.monotonic() >= child.due_at:
            child.begin()

    def _announce(self) -> None:
        if self._on_start is None or self._stop_began is not None:
            return
        if all(child.has_started for child in self._children):
            announce, self._on_start = self._on_start, None
            announce(int(self._sockets[0].getsockname()[1]))

    def _stop_in_time(self) -> None:
        """Stop the process that writes after those that read, and kill what does not stop."""
        if self._stop_began is None:
            return
        seconds = time.monotonic() - self._stop_began
        if seconds >= stops_later(self._settings):
            for child in self._children:
                if child.name == WRITER:
                    child.stop()
        if seconds >= self._settings.shutdown_timeout + LAST_SECONDS:
            logger.warning("Processes that do not stop are ended.")
            self._kill()

    def _kill(self) -> None:
        for child in self._children:
            child.signal(signal.SIGKILL)
        for child in self._children:
            if child.process is not None:
                child.process.join()
