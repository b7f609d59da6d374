"""The words that describe a picture, out of the picture's own file.

People write them in a photo manager, which stores them as XMP, as IPTC-IIM or in EXIF, mostly the
same words in several of these; Windows has EXIF fields of its own; PNG has texts with keywords.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from anysense.embed.media.metadata.iptc import iptc_texts
from anysense.embed.media.metadata.stored import exif_data, iptc_records, xmp_packet
from anysense.embed.media.metadata.xmp import xmp_texts
from anysense.embed.media.phrases import decode_tag, descriptions
from anysense.embed.media.quiet import quiet_decoders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Exif, Image

__all__ = ["picture_descriptions"]

_IMAGE_DESCRIPTION, _MAKE, _EXIF_IFD, _USER_COMMENT = 0x010E, 0x010F, 0x8769, 0x9286
_WINDOWS_FIELDS = (0x9C9B, 0x9C9F, 0x9C9C, 0x9C9E)  # XPTitle, XPSubject, XPComment, XPKeywords
_PNG_KEYWORDS = ("Title", "Description", "Comment")
_CODING_MAKERS = ("HUAWEI", "HONOR")
"""Makers of cameras that write what a picture was taken with as one word into its description."""


def picture_descriptions(image: Image) -> list[str]:
    """What the metadata of a picture says that it shows, each text once; most often nothing.

    Titles, captions, comments, alternative texts, and keywords as one text. The defaults of cameras
    and programs are left out, and texts over 4,000 characters: see `is_description`. Broken
    metadata is passed over: this never raises an error.

    Args:
        image: as Pillow opened it: a converted or turned copy lacks what is read here. Texts that
            follow the pixels of a PNG are there only after `image.load()`.
    """
    texts: list[str] = []
    with quiet_decoders():
        for source in (_xmp, _iptc, _exif, _png_texts, _comment):
            with suppress(Exception):  # Pillow reads on demand, and broken data raises anything
                texts.extend(source(image))
    return descriptions(texts)


def _xmp(image: Image) -> Iterator[str]:
    packet = xmp_packet(image)
    if packet is not None:
        yield from xmp_texts(packet)


def _iptc(image: Image) -> Iterator[str]:
    records = iptc_records(image)
    if records is not None:
        yield from iptc_texts(records)


def _exif(image: Image) -> Iterator[str]:
    exif = exif_data(image)
    caption = _text(exif.get(_IMAGE_DESCRIPTION))
    maker = _text(exif.get(_MAKE)).upper()
    if not (maker.startswith(_CODING_MAKERS) and len(caption.split()) == 1):
        yield caption
    for field in _WINDOWS_FIELDS:
        yield _bytes(exif.get(field)).decode("utf-16-le", "ignore").replace(";", ", ")
    comment = _bytes(exif.get_ifd(_EXIF_IFD).get(_USER_COMMENT))
    yield _user_comment(comment, exif)


def _png_texts(image: Image) -> Iterator[str]:
    for keyword in _PNG_KEYWORDS if image.format == "PNG" else ():
        # An iTXt is UTF-8; a tEXt is Latin-1 by the standard, but many programs write UTF-8.
        yield _text(image.info.get(keyword))


def _comment(image: Image) -> Iterator[str]:
    """The comment of a JPEG or GIF, which has no stated encoding."""
    yield decode_tag(_bytes(image.info.get("comment")))


def _text(value: Any) -> str:
    """A text that Pillow has read as Latin-1, in the encoding that it seems to have."""
    if not isinstance(value, str):
        return decode_tag(_bytes(value))
    try:
        return decode_tag(value.encode("latin-1"))
    except UnicodeEncodeError:  # it was decoded rightly
        return value


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""


def _user_comment(value: bytes, exif: Exif) -> str:
    """The text after the eight bytes that name its character code (EXIF 2.32, 4.6.5)."""
    code, text = value[:8].rstrip(b"\0 ").upper(), value[8:]
    if code == b"UNICODE":
        return _utf16(text, exif)
    if code == b"JIS":
        return (b"\x1b$B" + text if b"\x1b" not in text else text).decode("iso2022_jp", "ignore")
    return decode_tag(text.strip(b"\0 ") if code in (b"", b"ASCII") else value)


def _utf16(text: bytes, exif: Exif) -> str:
    """UTF-16 of unknown byte order, or the UTF-8 that some programs write in its place.

    The standard leaves the byte order open: most follow the file, others do not. Where most letters
    are ASCII, every other byte is zero and tells.
    """
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return text.decode("utf-16", "ignore")
    high_first, low_first = text[::2].count(0), text[1::2].count(0)
    if high_first == low_first == 0 and decode_tag(text).isascii():
        return decode_tag(text)
    big = exif.endian == ">" if high_first == low_first else high_first > low_first
    return text.decode("utf-16-be" if big else "utf-16-le", "ignore").rstrip("\0")
