"""What a source of a build holds: the items to add, where they were found, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from PIL.Image import Image

    from anysense.embed.types import Modality, Waveform

__all__ = ["Found", "NewItem", "Problem"]


@dataclass(frozen=True)
class NewItem:
    """Something to add to a collection.

    Attributes:
        content: a file (`pathlib.Path`), the bytes of one, a text (`str`), a PIL image, or a
            `Waveform`.
        id: its id; made from its path, or from its content, if None.
        source: what hits call it; its path if None.
        modality: found out from the content if None.
        metadata: anything that JSON can hold.
    """

    content: Path | bytes | str | Image | Waveform
    id: str | None = None
    source: str | None = None
    modality: Modality | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Found(NamedTuple):
    """A file, or a text of a manifest, that a source holds.

    `path` is absolute; that of a text is the manifest's, a ``#``, and the row's id or a hash of the
    text. `item` is what a manifest says of it; None for plain files.
    """

    path: str
    size: int
    mtime_ns: int
    item: NewItem | None = None


class Problem(NamedTuple):
    """A folder, file or row that cannot be used, and why."""

    path: str
    reason: str
