"""Documents that are packed as ZIP archives: which one an archive is, by the names of its parts.

OpenDocument and EPUB name themselves in their first part, which is not compressed; Office's have a
part of a name of their own, listed at the end of the file, and mostly met at its beginning too.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["packed_format_name"]

_ARCHIVE = b"PK\x03\x04"
_TAIL_BYTES = 65536
_TYPES = {
    b"application/epub+zip": "EPUB",
    b"application/vnd.oasis.opendocument.text": "ODT",
}
_PARTS = {
    b"word/document.xml": "DOCX",
    b"ppt/presentation.xml": "PPTX",
    b"xl/workbook.xml": "XLSX",
}
_NAMED = b"mimetype"


def packed_format_name(file: BinaryIO, head: bytes) -> str | None:
    """The name of the format of a packed document; None for other archives and other files.

    Leaves the file at its beginning.

    Args:
        file: the file.
        head: how it begins.
    """
    if not head.startswith(_ARCHIVE):
        return None
    if head[30 : 30 + len(_NAMED)] == _NAMED:
        extra = int.from_bytes(head[28:30], "little")
        content = head[30 + len(_NAMED) + extra :]
        for media_type, name in _TYPES.items():
            following = content[len(media_type) : len(media_type) + 2]
            if content.startswith(media_type) and following in (b"PK", b""):
                return name
        return None
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read(_TAIL_BYTES)
    file.seek(0)
    return next((name for part, name in _PARTS.items() if part in tail or part in head), None)
