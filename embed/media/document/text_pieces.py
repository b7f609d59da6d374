"""A text, a Markdown text or an HTML page as pieces: its words, and the pictures inside it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import MediaError
from anysense.embed.media.document.data_uris import picture_files
from anysense.embed.media.document.document import (
    has_words,
    no_words,
    read_written,
    seen_text,
)
from anysense.embed.media.files import OpenedFile, media_name, open_media
from anysense.embed.media.identify import identify
from anysense.embed.media.image import picture_pieces
from anysense.embed.media.pieces import Piece
from anysense.embed.media.structure.markdown import markdown_structure
from anysense.embed.types import Clip, EmbeddedFile, Modality, Waveform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.media.files import Media
    from anysense.embed.media.pieces import ReadOptions

__all__ = ["text_pieces"]

_LEAST_SIDE = 32  # pixels: what is smaller is a bullet, an icon, or there to be counted


def text_pieces(source: Media, options: ReadOptions) -> Iterator[Piece]:
    """The words of a text as one piece, then its pictures, if they are wanted.

    Raises:
        MediaError: as for `read_document`; but a text of pictures alone is none without words.
    """
    name, limits = media_name(source), options.limits
    with open_media(source, limits) as file:
        file_format = identify(file, source)
        written = read_written(file, file_format, name, limits, options.encoding)
    text, structure, said = seen_text(written, file_format, name)
    if file_format.name == "Markdown":
        title = said.get("title")
        structure = markdown_structure(text, name, title if isinstance(title, str) else "")
    is_empty = not has_words(text)
    if not is_empty:
        yield Piece(Modality.TEXT, text, structure=structure, said=said)
    if Modality.IMAGE in options.modalities:
        for piece in _pictures(written, options):
            yield piece
            is_empty = False
    if is_empty:
        raise no_words(text, name)


def _pictures(written: str, options: ReadOptions) -> Iterator[Piece]:
    """Those that can be read and are no icons: the text is whole without the others."""
    options = replace(options, captions=False)
    for data in picture_files(written):
        with suppress(MediaError):
            for piece in picture_pieces(data, options):
                assert not isinstance(
                    piece.content, str | Path | bytes | OpenedFile | EmbeddedFile | Waveform | Clip
                )
                if min(piece.content.size) >= _LEAST_SIDE:
                    yield replace(piece, is_complete=True, said={})  # as the text is
