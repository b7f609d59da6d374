"""How many connections there may be, by what the process may have open."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

__all__ = ["Capacity", "capacity_of"]

logger = logging.getLogger(__name__)
QUIET_SECONDS = 60.0
LEAST_BACKLOG, MOST_BACKLOG = 16, 2048
FOR_FILES = 4
"""One descriptor in so many is left for files: of the catalog, of media, of uploads."""


@dataclass
class Capacity:
    """How many connections are held at once, and how many are accepted in one go.

    Accepting without a free descriptor is an error that asyncio logs for each connection that
    waits, and the catalog could not be read either.

    Attributes:
        connections: how many may be held, those that shake hands among them.
        backlog: how many may be accepted in one go.
        warned_at: when it was last said that there are too many.
        handshakes: those on which there is no HTTP yet, the oldest first.
    """

    connections: int
    backlog: int
    warned_at: float = -QUIET_SECONDS
    handshakes: dict[asyncio.Protocol, asyncio.Transport] = field(default_factory=dict)

    def warn(self) -> None:
        """Say in the log that there are too many connections, once in a while."""
        now = time.monotonic()
        if now - self.warned_at >= QUIET_SECONDS:
            self.warned_at = now
            logger.warning(
                "There are %d connections, as many as may be: the oldest idle ones are closed.",
                self.connections,
            )


def capacity_of(most: int) -> Capacity:
    """What this process can hold beside what it has open now.

    Args:
        most: the most connections, whatever there is room for.
    """
    descriptors = most_descriptors()
    backlog = min(max(descriptors // 16, LEAST_BACKLOG), MOST_BACKLOG)
    # Of three rounds of accepting the sockets may be there before the first is looked at.
    free = descriptors - open_descriptors() - descriptors // FOR_FILES - 3 * backlog
    return Capacity(max(min(most, free), 1), backlog)


def most_descriptors() -> int:
    """How many files and sockets the process may have open."""
    try:
        import resource
    except ImportError:  # Windows, where sockets are limited by memory
        return 2**20
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**20 if soft == resource.RLIM_INFINITY else soft


def open_descriptors() -> int:
    """How many it has open; a guess where the system does not tell."""
    try:
        return sum(1 for _ in Path("/dev/fd").iterdir())
    except OSError:
        return 64
