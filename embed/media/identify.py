"""What a file or payload is: its modality, its format and its MIME type, told by its content.

A mislabelled file is read as what it is: a ``.jpg`` that holds a WAV recording is a recording. Text
alone has no signature: it is told by its name, or, without a name that says otherwise, by being
nothing but text. A file whose name says image or audio while its content is text is refused, as it
is most often the error page of a failed download.

What is text is never taken for data because of the letters that it begins with or that occur in it.
Before a recording there may be tags of any size, which say nothing about what follows.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError, MediaError, UnsupportedMediaError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.files import (
    TRANSPORT_SUFFIXES,
    VIDEO_SUFFIXES,
    check_size,
    media_name,
    media_suffix,
    open_file,
    open_media,
)
from anysense.embed.media.formats.animation import animated_format
from anysense.embed.media.formats.front_tags import content_start
from anysense.embed.media.formats.markup import is_page
from anysense.embed.media.formats.packed import packed_format_name
from anysense.embed.media.formats.plaintext import could_be_text, is_text
from anysense.embed.media.formats.scripts import foreign_script, is_pdf, is_rtf, is_svg
from anysense.embed.media.signatures import (
    HEAD_BYTES,
    HTML_FORMAT,
    MARKDOWN_FORMAT,
    MP3_FORMAT,
    OFFICE_FORMATS,
    PDF_FORMAT,
    RAW_FORMAT,
    RAW_SUFFIXES,
    SVG_FORMAT,
    TEXT_FORMAT,
    VIDEO_FORMATS,
    Format,
    aac_format_within,
    foreign_format,
    format_of,
    is_raw_tiff,
    mpeg_format_within,
    pnm_format,
)
from anysense.embed.types import Kind, Modality

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.embed.media.files import Media

__all__ = [
    "ANIMATED_SUFFIXES",
    "DOCUMENT_SUFFIXES",
    "MEDIA_SUFFIXES",
    "RAW_SUFFIXES",
    "format_of_media",
    "identify",
    "is_transport_stream",
    "media_type",
    "modality_of_path",
    "named_modalities",
    "named_modality",
    "sniff",
    "warn_of_path",
]

_log = logging.getLogger("anysense")

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
    ".jpg .jpeg .jpe .jfif .png .apng .webp .gif .tif .tiff .bmp .dib .heic .heif .hif .avif .jxl"
    " .svg .jp2 .j2k .jpf .jpx .jpc .j2c .ppm .pgm .pbm .pnm .psd"
)
_AUDIO_SUFFIXES = (
    ".wav .wave .flac .ogg .oga .opus .spx .mp3 .m4a .m4b .aac .aif .aiff .aifc .au .caf .w64 .rf64"
    " .weba .mka .mp2 .mp1 .mpa .m2a .wma .amr .awb .ape .wv .tta .mpc .dsf .dff"
)
_VIDEO_SUFFIXES = sorted(VIDEO_SUFFIXES - TRANSPORT_SUFFIXES)

ANIMATED_SUFFIXES = (".apng", ".gif", ".png", ".webp")
"""Of the pictures that may have several frames, which makes them videos."""

DOCUMENT_SUFFIXES = frozenset([".docx", ".epub", ".odt", ".pptx", ".rtf", ".xlsx"])
"""Of the files that an extra reads: see `anysense.embed.media.extras`."""

MEDIA_SUFFIXES: Mapping[str, Modality] = MappingProxyType(
    dict.fromkeys((*_IMAGE_SUFFIXES.split(), *sorted(RAW_SUFFIXES)), Modality.IMAGE)
    | dict.fromkeys(_AUDIO_SUFFIXES.split(), Modality.AUDIO)
    | dict.fromkeys(_VIDEO_SUFFIXES, Modality.IMAGE)
    | dict.fromkeys((*_TEXT_FORMATS, ".pdf", *sorted(DOCUMENT_SUFFIXES)), Modality.TEXT)
)
"""The suffixes, lower case and with the dot, of the files that a folder scan picks up.

Each with the modality of most of what such a file holds.
"""

_PNM_SUFFIXES = (".ppm", ".pgm", ".pbm", ".pnm")
_MPEG_SUFFIXES = (".mp3", ".mp2", ".mp1", ".mpa", ".m2a")
_FURTHER_MODALITIES = {
    ".pdf": frozenset({Modality.IMAGE}),  # its pages
    **dict.fromkeys(_VIDEO_SUFFIXES, frozenset({Modality.AUDIO})),
}


def named_modality(path: str) -> Modality | None:
    """What the suffix of a path says that a file is; None if it does not say."""
    return MEDIA_SUFFIXES.get(os.path.splitext(path)[1].lower())  # noqa: PTH122 - of many files


def named_modalities(path: str) -> frozenset[Modality]:
    """The modalities that a file may yield, by the suffix of its path; empty if it does not say.

    Without the words in or beside a picture or a sound: see
    `anysense.embed.media.pieces.Recognition.reads`.
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


def warn_of_path(text: str, use: str) -> None:
    """Say that a path is taken for words, where nobody has said that it is meant so.

    Args:
        text: any text; of one that is no path of a file nothing is said.
        use: what its name is used for, and what to do if that is not meant.
    """
    if modality_of_path(text) is not None:
        _log.warning("%s is a file, and its name is %s.", text, use)


def sniff(source: Media, limits: Limits = DEFAULT_LIMITS) -> Modality:
    """What a file or payload is, by its content.

    Raises:
        MediaError: it cannot be opened, or is no format that anysense reads; see `identify`.
    """
    return format_of_media(source, limits).modality


def media_type(source: Media, limits: Limits = DEFAULT_LIMITS) -> str:
    """The MIME type of a file or payload, by its content; for text, by its name.

    Raises:
        MediaError: as for `sniff`.
    """
    return format_of_media(source, limits).media_type


def identify(file: BinaryIO, source: Media) -> Format:
    """The format of an opened source; leaves the file at its beginning.

    Raises:
        UnsupportedMediaError: a format that anysense does not read.
        CorruptMediaError: its content is not what its name says, nor anything else that is read.
    """
    head = file.read(HEAD_BYTES)
    file.seek(0)
    name, suffix = media_name(source), media_suffix(source)
    is_whole = len(head) < HEAD_BYTES
    is_like_text = could_be_text(head, is_whole=is_whole)
    file_format = foreign = None
    packed = packed_format_name(file, head)
    if packed is not None:
        return OFFICE_FORMATS[packed]
    if not is_like_text:
        file_format, foreign = _data_format(file, head, suffix)
    if file_format is None and foreign is None:
        written = _written_format(file, head, suffix, could_be_text=is_like_text)
        if written is not None:
            return written
        foreign = foreign_script(head, suffix)
    if foreign is not None:
        raise UnsupportedMediaError(name, f"is {foreign}, which anysense does not read")
    file_format = file_format or _named_format(head, suffix)
    return file_format or _text_format(head, name, suffix, is_whole=is_whole)


def _written_format(
    file: BinaryIO, head: bytes, suffix: str, *, could_be_text: bool
) -> Format | None:
    """The format of a document that is written in letters, if it is one that is read."""
    hint = suffix if suffix in (*_TEXT_FORMATS, ".pdf") else ""
    if is_pdf(file, head, hint, could_be_text=could_be_text):
        return PDF_FORMAT
    if is_rtf(file, head, suffix):
        return OFFICE_FORMATS["RTF"]
    return SVG_FORMAT if is_svg(file, head, suffix) else None


def _named_format(head: bytes, suffix: str) -> Format | None:
    """The format of what shows in its content only to those who know its name, or has none."""
    if suffix in _MPEG_SUFFIXES:
        return mpeg_format_within(head)
    if suffix in _PNM_SUFFIXES or (not suffix and not is_text(head, is_whole=False)):
        return pnm_format(head)
    return aac_format_within(head) if suffix == ".aac" else None


def format_of_media(source: Media, limits: Limits = DEFAULT_LIMITS) -> Format:
    """The format of a file or payload, by its content.

    Raises:
        MediaError: as for `sniff`.
    """
    with open_media(source, limits) as file:
        file_format = identify(file, source)
        if file_format.container in VIDEO_FORMATS:
            # These containers mostly hold videos; only their list of streams tells.
            from anysense.embed.media.video.tracks import format_of_tracks

            file_format = format_of_tracks(file, file_format, media_name(source))
        file_format = animated_format(file, file_format) or file_format
        if file_format.kind is not Kind.VIDEO or not file_format.container:
            check_size(media_name(source), file.seek(0, os.SEEK_END), limits.file_bytes)
            file.seek(0)
        return file_format


def is_transport_stream(path: str) -> bool:
    """Whether the file at a path is a video, whose suffix programs in TypeScript have, too."""
    try:
        with open_file(Path(path)) as file:
            return is_transport_head(file.read(HEAD_BYTES))
    except (MediaError, OSError):
        return False


def is_transport_head(head: bytes) -> bool:
    """Whether a file that begins with these bytes, a thousand or more, is such a video."""
    file_format = format_of(head)
    return file_format is not None and file_format.container == "mpegts"


def _data_format(file: BinaryIO, head: bytes, suffix: str) -> tuple[Format | None, str | None]:
    """The format of a file that is no text, or, in words, what it is that is not read, or neither.

    With tags in front, what follows them says what it is, if it is a recording.
    """
    start = content_start(file)
    if start == 0:
        is_tagged = head[:3] == b"ID3"  # by a tag that goes on past the end of the file
        file_format = format_of(head) or (MP3_FORMAT if is_tagged else None)
        if file_format is not None and file_format.name == "TIFF" and is_raw_tiff(head, suffix):
            file_format = RAW_FORMAT
        return file_format, None if file_format is not None else foreign_format(head)
    file.seek(start)
    rest = file.read(HEAD_BYTES)
    file.seek(0)
    file_format = format_of(rest)
    if file_format is not None and file_format.kind is Kind.AUDIO:
        return file_format, None
    foreign = foreign_format(rest)
    if foreign is not None:
        return None, foreign
    return mpeg_format_within(rest) or MP3_FORMAT, None


def _text_format(head: bytes, name: str, suffix: str, *, is_whole: bool) -> Format:
    """The format of what has no signature: a text, or else an error says what it is not."""
    modality = MEDIA_SUFFIXES.get(suffix, Modality.TEXT)
    if suffix in _TEXT_FORMATS and b"\0" not in head:
        return _TEXT_FORMATS[suffix]  # it may be in an encoding other than UTF-8
    if suffix not in MEDIA_SUFFIXES and b"\0" not in head and is_page(head):
        return HTML_FORMAT
    has_text = is_text(head, is_whole=is_whole)
    is_document = suffix == ".pdf" or suffix in DOCUMENT_SUFFIXES
    if has_text and modality is Modality.TEXT and not is_document:
        return _TEXT_FORMATS.get(suffix, TEXT_FORMAT)
    if suffix in MEDIA_SUFFIXES:
        is_misnamed_text = has_text and modality is not Modality.TEXT
        what = "text" if is_misnamed_text else "nothing that anysense can read"
        raise CorruptMediaError(name, f"is named like a {suffix} file, but holds {what}")
    raise UnsupportedMediaError(name, "is no kind of file that anysense reads")
