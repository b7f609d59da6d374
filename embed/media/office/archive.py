"""What a packed document says that it unpacks to, before anything unpacks it."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from anysense.embed.errors import CorruptMediaError, MediaTooLargeError

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["check_archive"]

_MOST_BYTES = 2 * 1024**3
_MOST_TEXT_BYTES = 256 * 1024**2  # in its parts of XML and HTML, most of which are tags
_MOST_PARTS = 100_000
_TEXT_SUFFIXES = (".xml", ".xhtml", ".html", ".htm", ".rels")


def check_archive(file: BinaryIO, name: str) -> int:
    """Refuse an archive that unpacks to more than a document has; leaves it at its beginning.

    Returns the bytes that it says it unpacks to. It may lie about that: what unpacks it has limits
    of its own.

    Raises:
        CorruptMediaError: it is damaged or truncated.
        MediaTooLargeError: it is too much.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise CorruptMediaError(name, f"is damaged or truncated ({error})") from None
    finally:
        file.seek(0)
    if len(parts) > _MOST_PARTS:
        raise MediaTooLargeError(name, f"has {len(parts):,} parts, over {_MOST_PARTS:,}")
    all_bytes = sum(part.file_size for part in parts)
    text_bytes = sum(
        part.file_size for part in parts if part.filename.lower().endswith(_TEXT_SUFFIXES)
    )
    if all_bytes > _MOST_BYTES or text_bytes > _MOST_TEXT_BYTES:
        raise MediaTooLargeError(
            name, f"unpacks to {all_bytes:,} bytes, {text_bytes:,} of them marked-up text"
        )
    return all_bytes
