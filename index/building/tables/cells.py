"""Files whose bytes stand in the cells of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from anysense.embed.types import EmbeddedFile

__all__ = ["FileCell"]


class FileCell(NamedTuple):
    """The bytes of a file in a cell.

    Attributes:
        content: the file, to be read when it is needed.
        size: its bytes.
        content_hash: of its bytes.
        name: its path where it was taken from, if the cell says so.
    """

    content: EmbeddedFile
    size: int
    content_hash: str
    name: str | None
