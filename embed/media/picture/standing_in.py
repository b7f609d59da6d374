"""Pictures that Pillow does not read, as files that it does, and that show the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.media.files import decoding
from anysense.embed.media.quiet import quiet_decoders

if TYPE_CHECKING:
    from anysense.embed.limits import Limits
    from anysense.embed.media.signatures import Format

__all__ = ["stand_in"]


def stand_in(
    file: BinaryIO, file_format: Format, name: str, limits: Limits
) -> tuple[BinaryIO, Format]:
    """A file that Pillow reads in place of a RAW photo or a drawing, and its format.

    Any other picture stands for itself.

    Raises:
        UnsupportedMediaError: the extra that reads it is not installed.
        MediaError: it is damaged, or takes too much.
    """
    from anysense.embed.media.signatures import HEAD_BYTES, format_of

    if file_format.name not in ("RAW", "SVG"):
        return file, file_format
    with quiet_decoders(), decoding(name, file_format.article):
        if file_format.name == "RAW":
            from anysense.embed.media.picture.raw.developed import developed

            made = developed(file, name, limits)
        else:
            from anysense.embed.media.picture.drawing import drawn

            made = drawn(file, name)
        made_format = format_of(made.read(HEAD_BYTES))
        made.seek(0)
    assert made_format is not None  # JPEG, TIFF or PNG
    return made, made_format
