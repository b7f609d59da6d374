"""A PDF as pieces: the text of each page, and each page as a picture."""

from __future__ import annotations

import logging
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import EmptyMediaError, MediaError, MediaTooLargeError
from anysense.embed.media.document.document import PAGE_GAP, fold_text, has_words
from anysense.embed.media.document.pages import render_pages
from anysense.embed.media.document.pdf import PdfText, read_pdf
from anysense.embed.media.files import media_name, open_media
from anysense.embed.media.pieces import Piece
from anysense.embed.media.structure.outline import page_structures
from anysense.embed.types import Modality, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.media.files import Media
    from anysense.embed.media.pieces import ReadOptions

__all__ = ["pdf_pieces"]

_log = logging.getLogger("anysense")


def pdf_pieces(source: Media, options: ReadOptions) -> Iterator[Piece]:
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
        texts = _read_texts(file, name, options)
        has_text, last_page = False, 0
        for piece in chain(_texts(texts), _words_of_pages(file, name, texts, options)):
            yield piece
            has_text = True
        if Modality.IMAGE in options.modalities:
            try:
                for page, picture in render_pages(file, name, limits):
                    yield Piece(Modality.IMAGE, picture, Place.of_page(page))
                    last_page = page
            except MediaError as error:
                if not has_text:
                    raise
                drawn = _drawn(last_page)
                _log.warning("%s: found by its text%s: %s", name, drawn, error.reason)
        if not (has_text or last_page):
            raise EmptyMediaError(
                name,
                "is a PDF document of blank pages"
                if Modality.IMAGE in options.modalities
                else "is a PDF document in which no words were recognised"
                if options.takes_words_of_pictures
                else "is a PDF document without a text layer, such as a scan: have its words "
                "recognised (--ocr), or use its pages as pictures",
            )


def _read_texts(file: BinaryIO, name: str, options: ReadOptions) -> PdfText:
    """The text of each page, and the outline; none where texts are not wanted.

    They are read all the same, as pdfium draws what it can of a document that was cut short, and
    pypdf refuses it. But one whose text is too much can be drawn; its pages are counted then too.
    """
    is_wanted = Modality.TEXT in options.modalities
    try:
        texts = read_pdf(file, name, options.limits)
    except MediaTooLargeError:
        if is_wanted:
            raise
        return PdfText([], [])
    return texts if is_wanted else PdfText([], [])


def _drawn(last_page: int) -> str:
    """What a document is found by beside its text, if its pages were drawn up to this one."""
    if last_page == 0:
        return ", not by its pages"
    return " and its first page" if last_page == 1 else f" and its first {last_page:,} pages"


def _texts(document: PdfText) -> Iterator[Piece]:
    """The text of each page that has any: a passage never goes on over the end of its page."""
    start = 0
    texts = [fold_text(page) for page in document.pages]
    structures = page_structures(texts, document.outline)
    for page, (text, structure) in enumerate(zip(texts, structures, strict=True), 1):
        if has_words(text):
            place = Place.of_characters(start, start + len(text), page)
            yield Piece(Modality.TEXT, text, place, structure=structure)
        start += len(text) + len(PAGE_GAP)


def _words_of_pages(
    file: BinaryIO, name: str, document: PdfText, options: ReadOptions
) -> Iterator[Piece]:
    """The words on those pages that have no text, such as scans, as they are recognised."""
    from anysense.embed.media.ocr.words import LONGEST_SIDE, picture_words

    pages = [number for number, page in enumerate(document.pages, 1) if not has_words(page)]
    if not (options.takes_words_of_pictures and pages):
        return
    drawn = render_pages(file, name, options.limits, longest_side=LONGEST_SIDE, only=pages)
    try:
        for page, picture in drawn:
            yield from picture_words(picture, name, Place.of_page(page))
    except MediaError as error:
        _log.warning("%s: the words of further pages are not recognised: %s", name, error.reason)
