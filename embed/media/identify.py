"""What a file or payload is: its modality, its format and its MIME type, told by its content.

A mislabelled file is read as what it is: a ``.jpg`` that holds a WAV recording is a recording. Text
alone has no signature: it is told by its name, or, without a name that says otherwise, by being
nothing but text. A file whose name says image or audio while its content is text is refused, as it
is most often the error page of a failed download.
"""

from __future__ import annotations

import codecs
import os
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError, UnsupportedMediaError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.files import media_name, media_suffix, open_media
from anysense.embed.media.signatures import (
    HEAD_BYTES,
    HTML_FORMAT,
    MARKDOWN_FORMAT,
    MP3_FORMAT,
    TEXT_FORMAT,
    Format,
    foreign_format,
    format_of,
    has_mpeg_frames,
)
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "MEDIA_SUFFIXES",
    "format_of_media",
    "identify",
    "media_type",
    "modality_of_path",
    "named_modalities",
    "named_modality",
    "sniff",
]

_TEXT_FORMATS = {
    ".txt": TEXT_FORMAT,
    ".text": TEXT_FORMAT,
    ".md": MARKDOWN_FORMAT,
    ".markdown": MARKDOWN_FORMAT,
    ".html": HTML_FORMAT,
    ".htm": HTML_FORMAT,
    ".xhtml": HTML_FORMAT,
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
    | dict.fromkeys((*_TEXT_FORMATS, ".pdf"), Modality.TEXT)
)
"""The suffixes, lower case and with the dot, of the files that a folder scan picks up.

Each with the modality of most of what such a file holds.
"""

_FURTHER_MODALITIES = {".pdf": frozenset({Modality.IMAGE})}  # its pages


def named_modality(path: str) -> Modality | None:
    """What the suffix of a path says that a file is; None if it does not say."""
    return MEDIA_SUFFIXES.get(os.path.splitext(path)[1].lower())  # noqa: PTH122 - of many files


def named_modalities(path: str) -> frozenset[Modality]:
    """The modalities that a file may yield, by the suffix of its path; empty if it does not say.

    Without the words in or beside a picture or a sound, which alone are no reason to read it.
    """
    modality = named_modality(path)
    if modality is None:
        return frozenset()
    suffix = os.path.splitext(path)[1].lower()  # noqa: PTH122 - of many files
    return _FURTHER_MODALITIES.get(suffix, frozenset()) | {modality}


def modality_of_path(text: str) -> Modality | None:
    """What the file holds that a text is the path of, by its suffix; None if it is no such path.

    For those who must not take a path for words without a word about it.
    """
    modality = named_modality(text)
    if modality is None or not os.path.isfile(os.path.expanduser(text)):  # noqa: PTH111, PTH113
        return None  # these take any text
    return modality


def sniff(source: Path | bytes, limits: Limits = DEFAULT_LIMITS) -> Modality:
    """What a file or payload is, by its content.

    Raises:
        MediaError: it cannot be opened, or is no format that anysense reads; see `identify`.
    """
    return format_of_media(source, limits).modality


def media_type(source: Path | bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    """The MIME type of a file or payload, by its content; for text, by its name.

    Raises:
        MediaError: as for `sniff`.
    """
    return format_of_media(source, limits).media_type


def identify(file: BinaryIO, source: Path | bytes) -> Format:
    """The format of an opened source; leaves the file at its beginning.

    Raises:
        UnsupportedMediaError: a format that anysense does not read.
        CorruptMediaError: its content is not what its name says, nor anything else that is read.
    """
    head = file.read(HEAD_BYTES)
    file.seek(0)
    name, suffix = media_name(source), media_suffix(source)
    file_format = format_of(head)
    if file_format is not None:
        return file_format
    foreign = foreign_format(head)
    if foreign is not None:
        raise UnsupportedMediaError(name, f"is {foreign}, which anysense does not read")
    modality = MEDIA_SUFFIXES.get(suffix)
    if suffix == ".mp3" and has_mpeg_frames(head):
        return MP3_FORMAT
    if modality is None or modality is Modality.TEXT:
        return _text_format(head, name, suffix)
    what = "text" if _is_text(head) else "nothing that anysense can read"
    raise CorruptMediaError(name, f"is named like a {suffix} file, but holds {what}")


def format_of_media(source: Path | bytes, limits: Limits = DEFAULT_LIMITS) -> Format:
    """The format of a file or payload, by its content.

    Raises:
        MediaError: as for `sniff`; a video is one that anysense does not read.
    """
    with open_media(source, limits) as file:
        file_format = identify(file, source)
        if file_format.container in ("mov", "matroska"):
            # These containers mostly hold videos; only their list of streams tells.
            from anysense.embed.media.audio.decoders import check_is_sound

            check_is_sound(file, file_format, media_name(source))
        return file_format


def _text_format(head: bytes, name: str, suffix: str) -> Format:
    if suffix in _TEXT_FORMATS and b"\0" not in head:
        return _TEXT_FORMATS[suffix]  # it may be in an encoding other than UTF-8
    if suffix not in MEDIA_SUFFIXES and b"\0" not in head and _is_html(head):
        return HTML_FORMAT
    if _is_text(head) and suffix != ".pdf":
        return _TEXT_FORMATS.get(suffix, TEXT_FORMAT)
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
