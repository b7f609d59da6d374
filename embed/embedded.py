"""Files that are no files of their own, and are reached only when they are needed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import BinaryIO

from anysense.embed.errors import CorruptMediaError

__all__ = ["EmbeddedFile"]


@dataclass(frozen=True)
class EmbeddedFile(ABC):
    """A file that is reached only when it is needed: in a table, in an archive, in a store.

    Whoever has content of their own derives a class from this one and writes `open`.

    Attributes:
        name: what errors call it; its suffix says what texts are, as that of a file's name does.
        size: its bytes.
    """

    name: str
    size: int

    @abstractmethod
    def open(self) -> BinaryIO:
        """Its bytes, for reading from their beginning; seekable, and closed by whoever asked.

        Safe to call from many threads; what each call gives is read by one.

        Raises:
            MediaError: they cannot be read, or are not the ones any more that were meant.
        """

    def release(self) -> None:  # noqa: B027 - most keep nothing
        """Let go of what is kept of it to be opened again: it is needed no more, for now."""

    def read(self) -> bytes:
        """All of its bytes; safe to call from many threads.

        Raises:
            MediaError: they cannot be read.
        """
        try:
            with self.open() as file:
                return file.read()
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
            raise CorruptMediaError(self.name, reason) from None
