"""A document of an office program or an e-book as pieces: its text, or that of each slide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.media.document.document import (
    PAGE_GAP,
    clean_words,
    has_words,
    no_words,
)
from anysense.embed.media.files import media_name, open_media
from anysense.embed.media.identify import identify
from anysense.embed.media.office.pages import office_pages
from anysense.embed.media.pieces import Piece
from anysense.embed.types import Modality, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.media.files import Media
    from anysense.embed.media.pieces import ReadOptions

__all__ = ["office_pieces"]


def office_pieces(source: Media, options: ReadOptions) -> Iterator[Piece]:
    """The text of a document as one piece, or as one a slide; none where no texts are wanted.

    Raises:
        MediaError: as for `anysense.embed.media.office.pages.office_pages`.
        EmptyMediaError: it has no words.
    """
    if Modality.TEXT not in options.modalities:
        return
    name, limits = media_name(source), options.limits
    with open_media(source, limits) as file:
        file_format = identify(file, source)
        pages = office_pages(file, file_format, name, limits, clean_words)
    start, is_empty = 0, True
    for page in pages:
        if has_words(page.text):
            end = start + len(page.text)
            place = Place.of_characters(start, end, page.number)
            yield Piece(Modality.TEXT, page.text, place, structure=page.structure)
            is_empty = False
        start += len(page.text) + len(PAGE_GAP)
    if is_empty:
        raise no_words("".join(page.text for page in pages), name)
