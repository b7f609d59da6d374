"""Documents as text: plain text, Markdown, HTML pages and the text layer of PDFs.

Markdown is kept as written, but for what is no words: data URIs and long runs of other data are
left out. Places of passages are places in the text as it is read here.
"""

from __future__ import annotations

import re
import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from anysense.embed.errors import EmptyMediaError, MediaTooLargeError, UnsupportedMediaError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.document.charset import declared_charset, decode_text
from anysense.embed.media.document.data_uris import drop_data_uris
from anysense.embed.media.document.searching import PART, change, joins_letter, joins_line
from anysense.embed.media.document.wordless import drop_wordless
from anysense.embed.media.files import decoding, media_name, open_media
from anysense.embed.media.identify import identify
from anysense.embed.media.signatures import OFFICE_FORMATS
from anysense.embed.media.structure.front_matter import part_front_matter
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anysense.embed.media.files import Media
    from anysense.embed.media.signatures import Format
    from anysense.embed.types import Structure

__all__ = [
    "PAGE_GAP",
    "SeenText",
    "clean_words",
    "drop_data",
    "fold_text",
    "has_words",
    "no_words",
    "normalise_text",
    "read_document",
    "read_written",
    "seen_text",
]

PAGE_GAP = "\n\n"
"""What lies between the texts of two pages of a document."""

_SYMBOLS = ("Sc", "Sm", "So")
_DRAWING = frozenset(map(chr, [*range(0x2500, 0x2600), 0xFFFC, 0xFFFD]))  # lines, boxes, gaps
_BYTES_PER_CHARACTER = 4
_MARKS_PER_LETTER = 30  # the most in stream-safe text: Unicode Standard Annex 15, D4
_NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def read_document(
    source: Media, limits: Limits = DEFAULT_LIMITS, encoding: str | None = None
) -> str:
    """Read the text of a document, normalised by `normalise_text`.

    Args:
        source: the file or payload.
        limits: what is too large.
        encoding: what a text is in that is not Unicode; found out where it is None.

    Raises:
        UnsupportedMediaError: not a document, encrypted, or in an encoding that cannot be told.
        CorruptMediaError: damaged, truncated, or not what its name or `encoding` says.
        EmptyMediaError: no words, as in a PDF without a text layer.
        MediaTooLargeError: over the limits of bytes, of pages or of characters.
    """
    name = media_name(source)
    with open_media(source, limits) as file:
        file_format = identify(file, source)
        if file_format.modality is not Modality.TEXT:
            raise UnsupportedMediaError(name, f"is {file_format.article}, not a text")
        if file_format.name in OFFICE_FORMATS:
            from anysense.embed.media.office.pages import office_pages

            pages = office_pages(file, file_format, name, limits, clean_words)
            return normalise_text(PAGE_GAP.join(page.text for page in pages), name)
        if file_format.name != "PDF":
            written = read_written(file, file_format, name, limits, encoding)
            return normalise_text(seen_text(written, file_format, name).text, name)
        from anysense.embed.media.document.pdf import pdf_texts

        text = PAGE_GAP.join(fold_text(page) for page in pdf_texts(file, name, limits))
    if not has_words(text):
        raise EmptyMediaError(
            name, "is a PDF document without a text layer, such as a scan: recognise its text first"
        )
    return text


def normalise_text(text: str, name: str = "<text>") -> str:
    """Bring a text to the form in which it is searched and stored.

    Unicode's NFC; one kind of line break; no control characters, byte order marks or halves of
    surrogate pairs, which no tokenizer and no database takes.

    Raises:
        EmptyMediaError: it has no words; see `has_words`.
    """
    text = text if _never_says_anything(text) else fold_text(text)
    if not has_words(text):
        raise no_words(text, name)
    return text


def drop_data(text: str) -> str:
    """A text without what is no words in it: data URIs, and long runs of other data.

    A long one that will be refused, as nothing in it could become a word, is left as it is.
    """
    if _never_says_anything(text):
        return text
    return drop_wordless(drop_data_uris(text))


def fold_text(text: str) -> str:
    """What `normalise_text` does to a text, or to a part of one; it may be empty."""
    text = change(text, _clean, joins_line)
    return text if text.isascii() else change(text, _compose, joins_letter)


def clean_words(text: str) -> str:
    """A text without the data in it, in the form in which it is stored; it may be empty."""
    return fold_text(drop_data(text))


def has_words(text: str) -> bool:
    """Whether a text says anything: it has a letter, a digit, or a sign with a meaning of its own.

    Those are emoji, currencies, arrows and the like; not punctuation, nor what lines and boxes are
    drawn with.
    """
    return any(_says_something(character) for character in _different(text))


def no_words(text: str, name: str) -> EmptyMediaError:
    """The error of a text for which `has_words` is false."""
    is_blank = all(c.isspace() or unicodedata.category(c) in ("Cc", "Cf") for c in _different(text))
    what = "nothing but white space" if is_blank else "no words, only punctuation or data"
    return EmptyMediaError(name, f"holds {what}")


def _clean(text: str) -> str:
    text = _NEWLINES.sub("\n", text)
    text = _CONTROLS.sub(" ", text)
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text.replace("\ufeff", ""))


def _compose(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", _limit_marks(text))


def _different(text: str) -> Iterator[str]:
    """The characters of a text, in no order; of each part of it every one once."""
    for at in range(0, len(text), PART):
        yield from set(text[at : at + PART])


def _never_says_anything(text: str) -> bool:
    """Whether a text is long and has nothing that could be a word, or a part of a sign.

    An equals sign says nothing, but becomes another sign with a stroke through it.
    """
    if len(text) <= PART:
        return False
    return not any(unicodedata.category(character)[0] in "LNS" for character in _different(text))


def _says_something(character: str) -> bool:
    category = unicodedata.category(character)
    if category[0] in "LN":
        return True
    return category in _SYMBOLS and character not in _DRAWING and not character.isascii()


def read_written(
    file: BinaryIO, file_format: Format, name: str, limits: Limits, encoding: str | None
) -> str:
    data = file.read(limits.text_characters * _BYTES_PER_CHARACTER + 1)
    if len(data) <= limits.text_characters * _BYTES_PER_CHARACTER:
        charset = declared_charset(data) if file_format.name == "HTML" else None
        text = decode_text(data, name, charset, encoding)
        if len(text) <= limits.text_characters:
            return text
    raise MediaTooLargeError(
        name, f"has over {limits.text_characters:,} characters, the limit for one document"
    )


class SeenText(NamedTuple):
    """What is seen of a text.

    Attributes:
        text: the words.
        structure: what they are made of, as far as that is known by now.
        said: what it says of itself, as metadata.
    """

    text: str
    structure: Structure | None = None
    said: Mapping[str, Any] = MappingProxyType({})


def seen_text(written: str, file_format: Format, name: str) -> SeenText:
    """What is written in a text or seen of a page, without the data in it."""
    if file_format.name == "Markdown":
        said, start = part_front_matter(written, name)
        text = clean_words(written[start:]) if start else ""
        if has_words(text):  # if it says nothing but that, that is its text
            return SeenText(text, said=said)
    if file_format.name != "HTML":
        return SeenText(clean_words(written))
    from anysense.embed.media.document.html import html_page

    with decoding(name, file_format.article):
        return SeenText(*html_page(written, clean_words))


def _limit_marks(text: str) -> str:
    """Drop the combining marks of a letter past the 30th.

    Normalisation sorts them in a time that grows with the square of their number, so a megabyte of
    nothing else would take hours. A longer run has one of them at a multiple of 31, so looking
    there shows most texts to be fine.
    """
    step = _MARKS_PER_LETTER + 1
    if not any(unicodedata.combining(character) for character in text[::step]):
        return text
    characters: list[str] = []
    run = 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= _MARKS_PER_LETTER:
            characters.append(character)
    return "".join(characters)
