"""What a file or payload is: its modality, its kind and its MIME type, told by its content.

A mislabelled file is read as what it is: a ``.jpg`` that holds a WAV recording is a recording. Text
alone has no signature: it is told by its name, or, without a name that says otherwise, by being
nothing but text. A file whose name says image or audio while its content is text is refused, as it
is most often the error page of a failed download.
"""

from __future__ import annotations

import codecs
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError, UnsupportedMediaError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.files import open_source, source_name, source_suffix
from anysense.embed.media.signatures import (
    HEAD_BYTES,
    Kind,
    foreign_kind,
    has_mpeg_frames,
    html_kind,
    kind_of,
    markdown_kind,
    mp3_kind,
    text_kind,
)
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["MEDIA_SUFFIXES", "identify", "media_type", "sniff"]

_TEXT_KINDS = {
    ".txt": text_kind,
    ".text": text_kind,
    ".md": markdown_kind,
    ".markdown": markdown_kind,
    ".html": html_kind,
    ".htm": html_kind,
    ".xhtml": html_kind,
}
_IMAGE_SUFFIXES = (
    ".jpg .jpeg .jpe .jfif .png .webp .gif .tif .tiff .bmp .dib .heic .heif .hif .avif"
)
_AUDIO_SUFFIXES = (
    ".wav .wave .flac .ogg .oga .opus .mp3 .m4a .m4b .aac .aif .aiff .aifc .au .caf .w64 .rf64"
    " .weba .mka"
)

MEDIA_SUFFIXES: Mapping[str, Modality] = MappingProxyType(
    dict.fromkeys(_IMAGE_SUFFIXES.split(), Modality.IMAGE)
    | dict.fromkeys(_AUDIO_SUFFIXES.split(), Modality.AUDIO)
    | dict.fromkeys((*_TEXT_KINDS, ".pdf"), Modality.TEXT)
)
"""The suffixes, lower case and with the dot, of the files that a folder scan picks up."""


def sniff(source: Path | bytes, limits: Limits = DEFAULT_LIMITS) -> Modality:
    """What a file or payload is, by its content.

    Raises:
        MediaError: it cannot be opened, or is no kind of file that anysense reads; see `identify`.
    """
    return _identify_alone(source, limits).modality


def media_type(source: Path | bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    """The MIME type of a file or payload, by its content; for text, by its name.

    Raises:
        MediaError: as for `sniff`.
    """
    return _identify_alone(source, limits).media_type


def identify(file: BinaryIO, source: Path | bytes) -> Kind:
    """The kind of an opened source; leaves the file at its beginning.

    Raises:
        UnsupportedMediaError: a kind of file that anysense does not read.
        CorruptMediaError: its content is not what its name says, nor anything else that is read.
    """
    head = file.read(HEAD_BYTES)
    file.seek(0)
    name, suffix = source_name(source), source_suffix(source)
    kind = kind_of(head)
    if kind is not None:
        return kind
    foreign = foreign_kind(head)
    if foreign is not None:
        raise UnsupportedMediaError(name, f"is {foreign}, which anysense does not read")
    expected = MEDIA_SUFFIXES.get(suffix)
    if suffix == ".mp3" and has_mpeg_frames(head):
        return mp3_kind
    if expected is None or expected is Modality.TEXT:
        return _text_kind(head, name, suffix)
    what = "text" if _is_text(head) else "nothing that anysense can read"
    raise CorruptMediaError(name, f"is named like a {suffix} file, but holds {what}")


def _identify_alone(source: Path | bytes, limits: Limits) -> Kind:
    with open_source(source, limits) as file:
        kind = identify(file, source)
        if kind.container in ("mov", "matroska"):
            # These containers mostly hold videos; only their list of streams tells.
            from anysense.embed.media.audio.decoders import check_is_sound

            check_is_sound(file, kind, source_name(source))
        return kind


def _text_kind(head: bytes, name: str, suffix: str) -> Kind:
    if suffix in _TEXT_KINDS and b"\0" not in head:
        return _TEXT_KINDS[suffix]  # it may be in an encoding other than UTF-8
    if suffix not in MEDIA_SUFFIXES and b"\0" not in head and _is_html(head):
        return html_kind
    if _is_text(head) and suffix != ".pdf":
        return _TEXT_KINDS.get(suffix, text_kind)
    if suffix in MEDIA_SUFFIXES:
        raise CorruptMediaError(
            name, f"is named like a {suffix} file, but holds nothing that anysense can read"
        )
    raise UnsupportedMediaError(name, "is no kind of file that anysense reads")


def _is_html(head: bytes) -> bool:
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head"))


def _is_text(head: bytes) -> bool:
    """Whether these bytes can begin a text in UTF-8, or in UTF-16 or 32 with a byte order mark."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        return True
    try:
        # Not final: the head may end within a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return False
    return _CONTROLS.search(text) is None


_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # ESC colours logs
