"""One process among those of a service, and how it reaches the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpcore

from anysense.embed.errors import AnysenseError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["WRITER", "Worker"]

WRITER = "writer"
CHECK_SECONDS = 2.0


@dataclass(frozen=True)
class Worker:
    """A process of a service that has several: one writes, all others read.

    They reach one another by sockets in a folder that only their user can enter, so what comes by
    one of these is believed.

    Attributes:
        name: `WRITER`, or that of a process that reads.
        names: of all of them.
        folder: where the sockets are.
        is_replacement: whether it comes in the place of one that has ended.
    """

    name: str
    names: tuple[str, ...]
    folder: Path
    is_replacement: bool = False

    @property
    def is_writer(self) -> bool:
        """Whether this is the one that writes."""
        return self.name == WRITER

    @property
    def listens_late(self) -> bool:
        """Whether clients are left to others until it has loaded its encoders."""
        return self.is_replacement and not self.is_writer

    @property
    def writer_socket(self) -> Path:
        """Where the process that writes listens for requests."""
        return self.folder / "writer.http"

    def metrics_socket(self, name: str) -> Path:
        """Where a process tells its metrics to the others."""
        return self.folder / f"{name}.metrics"

    def check_writer(self) -> None:
        """See that the process that writes answers; for threads.

        Raises:
            AnysenseError: it does not.
        """
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), CHECK_SECONDS)
        # By this machine's address, which every service answers to.
        url, headers = "http://writer/health", [("host", "127.0.0.1")]
        try:
            with httpcore.ConnectionPool(uds=str(self.writer_socket)) as pool:
                pool.request("GET", url, headers=headers, extensions={"timeout": timeout})
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
            message = "The process that writes does not answer; it is started again."
            raise AnysenseError(message) from None
