"""A table that is a text, line by line: in UTF-8, or in what its byte order mark says."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from anysense.embed.errors import UsageError
from anysense.embed.media.formats.marks import byte_order_mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["open_table"]


@contextmanager
def open_table(path: Path, newline: str | None = None) -> Iterator[TextIO]:
    """Open a table as text.

    Args:
        path: the file.
        newline: as of `open`: "" leaves the ends of lines as they are.

    Raises:
        UsageError: it cannot be opened, or is no text of the encoding; also while it is read.
    """
    try:
        encoding = _encoding(path)
        with path.open(encoding=encoding, newline=newline) as lines:
            yield lines
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnicodeError:  # of UTF-16 also without being a UnicodeDecodeError
        raise UsageError(_not_text(path, encoding)) from None


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    mark = byte_order_mark(head)
    if mark is None or mark[1] == "utf-8":
        return "utf-8-sig"
    return mark[1].rpartition("-")[0]  # without the order, which the mark is read for


def _not_text(path: Path, encoding: str) -> str:
    if encoding != "utf-8-sig":
        return f"{path} begins like a text in {encoding.upper()}, but is damaged or cut short."
    with path.open("rb") as file:
        line = next((at for at, line in enumerate(file, 1) if not _is_utf8(line)), 1)
    return (
        f"{path} is not UTF-8 text: line {line:,} has other bytes, as of Windows-1252 or Latin-1; "
        "save it as UTF-8 (in Excel as 'CSV UTF-8')."
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
