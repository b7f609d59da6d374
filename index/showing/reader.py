"""The files of a collection's items, for hits that are to be looked at."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from anysense.embed.errors import MediaTooLargeError
from anysense.embed.limits import DEFAULT_LIMITS
from anysense.embed.media.files import OpenedFile, readable_size
from anysense.index.hits.media import MediaFile
from anysense.index.showing.clips import clip, clip_type
from anysense.index.showing.finding import open_item_file
from anysense.index.showing.thumbnails import side_for, thumbnail

if TYPE_CHECKING:
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["CollectionReader"]


class CollectionReader:
    """Reads the files of a collection; see `anysense.index.hits.media.ItemReader`."""

    def __init__(self, folder: CollectionFolder) -> None:
        self._folder = folder

    def media(self, item_id: str) -> MediaFile:
        """The file of an item, whole.

        Raises:
            CollectionError: there is no item of that id, or no file of it.
            MediaTooLargeError: it is larger than what is read of files.
        """
        from anysense.embed.media.identify import media_type

        found, name = open_item_file(self._folder, item_id)
        with found.file as file:
            if found.size > DEFAULT_LIMITS.file_bytes:
                limit = readable_size(DEFAULT_LIMITS.file_bytes)
                raise MediaTooLargeError(name, f"is larger than the limit of {limit}")
            mime_type = media_type(OpenedFile(file, found.path))
            file.seek(0)
            return MediaFile(file.read(), mime_type, name)

    def thumbnail(
        self, item_id: str, width: int, page: int | None = None, start: float | None = None
    ) -> MediaFile:
        """A small JPEG; see `anysense.index.showing.thumbnails.thumbnail`."""
        found, name = open_item_file(self._folder, item_id)
        with found.file:
            data = thumbnail(found, side_for(width), page, start)
        return MediaFile(data, "image/jpeg", f"{PurePath(name).stem}.jpg")

    def clip(self, item_id: str, start: float, end: float) -> MediaFile:
        """Some seconds of a sound or a video; see `anysense.index.showing.clips.clip`."""
        found, name = open_item_file(self._folder, item_id)
        with found.file:
            media_type = clip_type(found)
            part = clip(found, start, end)
        with part.file as file:
            file.seek(0)
            data = file.read()
        suffix = ".mp4" if media_type == "video/mp4" else ".wav"
        return MediaFile(data, media_type, PurePath(name).stem + suffix)
