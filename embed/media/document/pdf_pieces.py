"""A PDF as pieces: the text of each page, and each page as a picture."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from anysense.embed.errors import EmptyMediaError, MediaError
from anysense.embed.media.document.document import PAGE_GAP, fold_text, is_visible
from anysense.embed.media.document.pages import render_pages
from anysense.embed.media.document.pdf import pdf_texts
from anysense.embed.media.files import media_name, open_media
from anysense.embed.media.pieces import Piece
from anysense.embed.types import Modality, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from anysense.embed.media.pieces import ReadOptions

__all__ = ["pdf_pieces"]

_log = logging.getLogger("anysense")


def pdf_pieces(source: Path | bytes, options: ReadOptions) -> Iterator[Piece]:
    """The pieces of a PDF; none where neither texts nor images are wanted.

    Raises:
        UnsupportedMediaError: it is encrypted with a password.
        CorruptMediaError: damaged or truncated.
        EmptyMediaError: it has neither text nor a page that shows anything, as far as is wanted.
        MediaTooLargeError: too many pages or characters, or too much work.
    """
    if options.modalities.isdisjoint((Modality.TEXT, Modality.IMAGE)):
        return
    name, limits = media_name(source), options.limits
    with open_media(source, limits) as file:
        texts = pdf_texts(file, name, limits)
        has_text = has_pictures = False
        if Modality.TEXT in options.modalities:
            for piece in _texts(texts):
                yield piece
                has_text = True
        if Modality.IMAGE in options.modalities:
            try:
                for page, picture in render_pages(file, name, limits):
                    yield Piece(Modality.IMAGE, picture, Place.of_page(page))
                    has_pictures = True
            except MediaError as error:
                if not has_text:
                    raise
                _log.warning("%s: found by its text, not by its pages: %s", name, error.reason)
        if not (has_text or has_pictures):
            raise EmptyMediaError(
                name,
                "is a PDF document without a text layer, such as a scan: recognise its text first, "
                "or use its pages as pictures"
                if Modality.IMAGE not in options.modalities
                else "is a PDF document of blank pages",
            )


def _texts(pages: Sequence[str]) -> Iterator[Piece]:
    """The text of each page that has any: a passage never goes on over the end of its page."""
    start = 0
    for page, text in enumerate(map(fold_text, pages), 1):
        if is_visible(text):
            yield Piece(Modality.TEXT, text, Place.of_characters(start, start + len(text), page))
        start += len(text) + len(PAGE_GAP)
