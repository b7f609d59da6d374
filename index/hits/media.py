"""The media of hits: what is given of them, and by whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["ItemReader", "MediaFile"]


@dataclass(frozen=True)
class MediaFile:
    """A file, or something that was made of one, in memory.

    Attributes:
        data: its bytes.
        mime_type: what they are, such as ``image/jpeg``.
        name: what people call it.
    """

    data: bytes = field(repr=False)
    mime_type: str
    name: str


class ItemReader(Protocol):
    """Reads the files of items, from a collection of this machine or by way of a service."""

    def media(self, item_id: str) -> MediaFile:
        """The file of an item.

        Raises:
            ItemNotFoundError: there is no item of that id.
            NoMediaError: it was not made from a file.
            MediaGoneError: its file is gone, or another one by now.
        """
        ...

    def thumbnail(
        self, item_id: str, width: int, page: int | None = None, start: float | None = None
    ) -> MediaFile:
        """A small JPEG of a picture, of a page of a PDF, or of the frame that a video shows then.

        It has at least `width` pixels along its longer side, if the picture has them. A video
        without a time is shown by its first frame that shows anything.

        Raises:
            UnsupportedMediaError: it is none of these.
            MediaError, CollectionError: as for `media`; or it cannot be read.
        """
        ...

    def clip(self, item_id: str, start: float, end: float) -> MediaFile:
        """Some seconds of a sound, as a WAV file, or of a video, as an MP4 file.

        Raises:
            UnsupportedMediaError: it is neither.
            MediaError, CollectionError: as for `media`; or it cannot be read.
        """
        ...
