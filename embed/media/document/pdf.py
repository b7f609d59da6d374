"""The text of a PDF, in bounded memory and time: its text layer, filled fields and notes.

A PDF is a program that draws pages: a few kilobytes can expand to gigabytes, or ask for the same
form to be drawn over and over. pypdf bounds what one stream may expand to; the limits here are
tighter, and bound the work for the whole document too.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from anysense.embed.errors import (
    CorruptMediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.media.document.pdf_notes import NoteReader
from anysense.embed.media.files import decoding
from anysense.embed.media.quiet import quiet_decoders
from anysense.embed.media.structure.outline import outline_entries

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

    from anysense.embed.limits import Limits
    from anysense.embed.media.structure.outline import OutlineEntry

__all__ = ["PdfText", "pdf_texts", "read_pdf"]

# pypdf reports oddities to its logger, which would print them on the standard error stream if the
# application has set up no logging.
logging.getLogger("pypdf").addHandler(logging.NullHandler())

_STREAM_BYTES = 32 * 1024**2
_STREAM_TOKENS = 300_000
# For the whole document, the more the larger its file is: small files cannot ask for much.
_CONTENT_BYTES = 8 * 1024**2
_CONTENT_BYTES_PER_BYTE = 20  # deflate makes drawings 5 to 10 times shorter
FORM_OPERATORS = 1_000_000
_FORM_OPERATORS_PER_BYTE = 20


class PdfText(NamedTuple):
    """What a PDF says: the text of each page, and its outline."""

    pages: list[str]
    outline: list[OutlineEntry]


def pdf_texts(
    file: BinaryIO, name: str, limits: Limits, form_operators: int = FORM_OPERATORS
) -> list[str]:
    """The text of each of a PDF's pages; see `read_pdf`."""
    return read_pdf(file, name, limits, form_operators).pages


def read_pdf(
    file: BinaryIO, name: str, limits: Limits, form_operators: int = FORM_OPERATORS
) -> PdfText:
    """The text of each of a PDF's pages, empty for those of a scan, and the outline of it.

    What was filled into a form, or written on a page as a note, follows the page's own text.

    Args:
        file: the document.
        name: what errors call it.
        limits: what is too large.
        form_operators: how many steps its drawings may take, however small the file.

    Raises:
        UnsupportedMediaError: it is encrypted with a password.
        CorruptMediaError: damaged or truncated.
        MediaTooLargeError: too many pages or characters, or too much work.
    """
    from pypdf import PdfReader, apply_configuration
    from pypdf.errors import LimitReachedError

    size = file.seek(0, os.SEEK_END)
    with (
        quiet_decoders(),
        decoding(name, "a PDF document"),
        apply_configuration(
            zlib_maximum_output_length=_STREAM_BYTES,
            lzw_maximum_output_length=_STREAM_BYTES,
            run_length_maximum_output_length=_STREAM_BYTES,
            array_based_stream_maximum_output_length=_STREAM_BYTES,
            stream_parsing_work_maximum_count=_STREAM_TOKENS,
        ),
    ):
        try:
            reader = PdfReader(file)
            _unlock(reader, name)
            pages = _read_pages(reader, _Budget(size, form_operators), name, limits)
            return PdfText(pages, outline_entries(reader, name))
        except (LimitReachedError, _TooMuchWorkError) as error:
            raise MediaTooLargeError(
                name, "is a PDF document whose pages take too much work to read"
            ) from error


def _unlock(reader: PdfReader, name: str) -> None:
    from pypdf.errors import DependencyError

    if not reader.is_encrypted:
        return
    try:
        # Many are encrypted with an empty password, only to forbid printing.
        is_open = bool(reader.decrypt(""))
    except DependencyError as error:
        raise UnsupportedMediaError(
            name, "is a PDF document encrypted with AES, which needs the package 'cryptography'"
        ) from error
    if not is_open:
        raise UnsupportedMediaError(
            name, "is a PDF document encrypted with a password: remove the password first"
        )


def _read_pages(reader: PdfReader, budget: _Budget, name: str, limits: Limits) -> list[str]:
    count = len(reader.pages)
    if count == 0:
        raise CorruptMediaError(name, "is a PDF document without pages")
    if count > limits.document_pages:
        raise MediaTooLargeError(
            name, f"has {count:,} pages, over the limit of {limits.document_pages:,}"
        )
    texts: list[str] = []
    characters = 0
    notes = NoteReader(name)
    for page in reader.pages:
        text = notes.with_notes(page, _read_page(page, budget))
        characters += len(text)
        if characters > limits.text_characters:
            raise MediaTooLargeError(
                name, f"has over {limits.text_characters:,} characters of text, the limit"
            )
        texts.append(text)
    return texts


def _read_page(page: PageObject, budget: _Budget) -> str:
    contents = page.get_contents()
    if contents is None:
        return ""
    budget.spend_bytes(len(contents.get_data()))
    # Pages without forms are read without a visitor, as pypdf then skips drawings unparsed.
    return page.extract_text(visitor_operand_before=budget.visit if _has_forms(page) else None)


def _has_forms(page: PageObject) -> bool:
    resources: Any = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    if objects is None:
        return False
    return any(
        value.get_object().get("/Subtype") == "/Form" for value in objects.get_object().values()
    )


class _TooMuchWorkError(BaseException):
    """The budget is spent. No `Exception`: pypdf passes over those that arise within a form."""


class _Budget:
    """The work that a document of some size may ask for."""

    def __init__(self, size: int, form_operators: int) -> None:
        self._bytes = _CONTENT_BYTES + _CONTENT_BYTES_PER_BYTE * size
        self._operators = form_operators + _FORM_OPERATORS_PER_BYTE * size

    def spend_bytes(self, count: int) -> None:
        self._bytes -= count
        if self._bytes < 0:
            raise _TooMuchWorkError

    def visit(self, *_: Any) -> None:
        self._operators -= 1
        if self._operators < 0:
            raise _TooMuchWorkError
