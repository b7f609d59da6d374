"""What a document of an office program says: as one text, or slide by slide."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.errors import MediaTooLargeError
from anysense.embed.media.document.html import html_page
from anysense.embed.media.files import decoding
from anysense.embed.media.office.archive import check_archive
from anysense.embed.media.office.converter import budget_for, convert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from anysense.embed.limits import Limits
    from anysense.embed.media.signatures import Format
    from anysense.embed.types import Structure

__all__ = ["OfficePage", "office_pages"]

_SLIDE = re.compile(r'^<section id="slide-(\d+)">', re.MULTILINE)


class OfficePage(NamedTuple):
    """A document, or a slide of one with its number: its text, and what that is made of."""

    number: int | None
    text: str
    structure: Structure | None


def office_pages(
    file: BinaryIO,
    file_format: Format,
    name: str,
    limits: Limits,
    clean: Callable[[str], str],
) -> list[OfficePage]:
    """The text of a document with its structure; of a presentation slide by slide.

    Args:
        file: the document.
        file_format: of it.
        name: what an error calls it.
        limits: what is too large.
        clean: what is done to each stretch of its text.

    Raises:
        MediaError: as for `anysense.embed.media.office.converter.convert`.
    """
    is_packed = file_format.name != "RTF"
    size = check_archive(file, name) if is_packed else file.seek(0, os.SEEK_END)
    page = convert(file, file_format, name, limits, budget_for(size))
    parts = _slides(page) if file_format.name == "PPTX" else [(None, page)]
    with decoding(name, file_format.article):
        pages = [OfficePage(number, *html_page(part, clean)) for number, part in parts]
    if sum(len(page.text) for page in pages) > limits.text_characters:
        raise MediaTooLargeError(
            name, f"has over {limits.text_characters:,} characters, the limit for one document"
        )
    return pages


def _slides(page: str) -> Iterator[tuple[int, str]]:
    """The slides of a presentation, each with its number, as the worker marks them."""
    starts = list(_SLIDE.finditer(page))
    for at, start in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(page)
        yield int(start[1]), page[start.start() : end]
