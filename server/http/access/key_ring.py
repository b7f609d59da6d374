"""The keys that a service takes, as they are now."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from anysense.embed.errors import UsageError
from anysense.server.http.access.key_file import read_keys
from anysense.server.http.access.keys import MOST_CHARACTERS, SCOPES, Key, new_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from anysense.server.http.settings import Settings

__all__ = ["KeyRing"]

logger = logging.getLogger(__name__)
OWN_NAME = "default"
"""What the one key of the settings is called."""
SHORT = 16
LOOK_SECONDS = 1.0


class KeyRing:
    """The keys of the settings and of their file, which is read again when it has changed.

    Used by the event loop alone: to look at a file takes microseconds, to read it a millisecond.

    Args:
        settings: with `api_key`, `api_key_file`, both or none.
        clock: seconds, that never go back.

    Raises:
        UsageError: the file cannot be used.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = settings.api_key_file
        self._clock = clock
        self._own: list[Key] = []
        if settings.api_key is not None:
            secret = settings.api_key.get_secret_value()
            if len(secret) < SHORT:
                logger.warning("The API key is short enough to be guessed; make it a random one.")
            self._own = [new_key(OWN_NAME, SCOPES, secret)]
        self._from_file: list[Key] = []
        self._look_at = 0.0
        self._version: object = None
        if self._path is not None:
            self._version = self._file_version()
            self._from_file = read_keys(self._path)
            self._look_at = clock() + LOOK_SECONDS
            if not self._from_file and not self._own:
                logger.warning("There are no keys in %s: nobody is let in.", self._path)

    @property
    def is_open(self) -> bool:
        """Whether everybody is let in, as no keys are set up."""
        return self._path is None and not self._own

    def find(self, secret: str) -> Key | None:
        """The key of a secret. The time says nothing of which keys there are, or how near it came.

        Args:
            secret: what a request gives as its key.
        """
        self._look()
        if len(secret) > MOST_CHARACTERS:
            return None
        fitting = [key for key in (*self._own, *self._from_file) if key.fits(secret)]
        return fitting[0] if fitting else None

    def reload(self) -> None:
        """Read the file again; if it cannot be used, keep the keys, and say so in the log."""
        if self._path is None:
            return
        self._version = self._file_version()
        try:
            self._from_file = read_keys(self._path)
        except UsageError as error:
            logger.error("%s The keys stay as they were.", error)
        else:
            logger.info("Read %d keys from %s.", len(self._from_file), self._path)

    def _look(self) -> None:
        """Read the file again if it has changed, looking once in a second."""
        now = self._clock()
        if self._path is None or now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        if self._file_version() != self._version:
            self.reload()

    def _file_version(self) -> object:
        assert self._path is not None
        try:
            status = self._path.stat()
        except OSError as error:
            return error.errno
        return status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode
