"""A file that never raises, for decoders that call it from C.

What a Python function raises there has nowhere to go: the bindings print it, or keep it for
whatever is decoded next.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.media.audio.chunks import file_size

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["CalmFile"]

_FARTHEST = 1 << 62


class CalmFile:
    """A file as C knows one.

    A position that cannot be is not taken, and a failed reading is the end of the file.

    Attributes:
        error: why a reading failed, for whoever has come to that end.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._end = file_size(file)
        self._file: Any = file  # typing's BinaryIO has no readinto
        self.error: OSError | None = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """The new position; -1 if there is none such, and the old one is kept."""
        starts = {os.SEEK_SET: 0, os.SEEK_CUR: self._file.tell(), os.SEEK_END: self._end}
        position = starts.get(whence, -_FARTHEST) + offset
        if not 0 <= position < _FARTHEST:
            return -1
        try:
            return int(self._file.seek(position))
        except OSError:  # farther than the file system goes
            return -1

    def tell(self) -> int:
        return int(self._file.tell())

    def read(self, count: int) -> bytes:
        try:
            return bytes(self._file.read(count))
        except OSError as error:
            self.error = error
            return b""

    def readinto(self, buffer: WriteableBuffer) -> int:
        try:
            return int(self._file.readinto(buffer))
        except OSError as error:
            self.error = error
            return 0
