"""Opening the object that an item was made from: the one that was added, in its storage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from anysense.embed.errors import MediaError, MediaGoneError, ServiceError, UsageError
from anysense.embed.media.digest import digest_bytes
from anysense.index.building.sources.reaching import file_at
from anysense.index.showing.opening import ItemFile

if TYPE_CHECKING:
    from anysense.index.catalog.records import FileRecord

__all__ = ["open_object"]


@dataclass(frozen=True)
class _ObjectFile(ItemFile):
    """An object of which what is read is fetched."""

    def is_unchanged(self) -> bool:
        return True  # or the range that is fetched would not have its length


def open_object(record: FileRecord, added_at: float) -> ItemFile | None:
    """Open an object, by ranges; None if it is gone, or is another one by now.

    Args:
        record: the object as the catalog has it.
        added_at: when its item was added, in seconds since 1970: the catalog has no other time.

    Raises:
        MediaGoneError: its storage refuses, or does not answer.
    """
    try:
        content = file_at(record.path, record.mtime_ns)
    except MediaError:
        return None
    except (ServiceError, UsageError):
        name = PurePosixPath(record.path).name
        raise MediaGoneError(f"{name} is in storage that cannot be reached now.") from None
    tag = digest_bytes(repr((record.content_hash, record.size, record.mtime_ns)).encode())[:32]
    return _ObjectFile(
        content.open(),
        Path(PurePosixPath(record.path).name),
        content.size,
        int(added_at) * 1_000_000_000,
        tag,
        record.content_hash,
    )
