"""In which format some bytes are, by their first few: the registry of every format that is read.

A name is not trusted where the content can tell. What is text has no signature of its own, and what
is here is not looked for in texts; see `anysense.embed.media.identify` for how they are recognised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from anysense.embed.media.formats.mpeg import (
    LAYERS,
    adts_frame_length,
    has_adts_frames,
    has_frames,
    mpeg_frame_length,
)
from anysense.embed.types import Kind, Modality

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "ANIMATED_FORMATS",
    "HEAD_BYTES",
    "HTML_FORMAT",
    "MARKDOWN_FORMAT",
    "MP3_FORMAT",
    "OFFICE_FORMATS",
    "PDF_FORMAT",
    "PNM_FORMAT",
    "RAW_FORMAT",
    "RAW_SUFFIXES",
    "SVG_FORMAT",
    "TEXT_FORMAT",
    "TRANSPORT_PACKETS",
    "VIDEO_FORMATS",
    "Format",
    "aac_format_within",
    "foreign_format",
    "format_of",
    "is_raw_tiff",
    "mpeg_format_within",
    "pnm_format",
]

HEAD_BYTES = 65536
"""How much of the beginning of a file `format_of` may look at."""


@dataclass(frozen=True)
class Format:
    """A format of files.

    Attributes:
        name: the field's name of it, such as ``JPEG``.
        article: the name with its article and noun, as a sentence takes it: ``a JPEG image``.
        kind: what an item of it is.
        media_type: its MIME type.
        container: FFmpeg's name of the demuxer that reads it, for sounds and videos; an animated
            picture has none.
    """

    name: str
    article: str
    kind: Kind
    media_type: str
    container: str = ""

    @property
    def modality(self) -> Modality:
        """What most of it is, and what it is taken for as a query."""
        return self.kind.modality


def _image(name: str, media_type: str, article: str = "a") -> Format:
    return Format(name, f"{article} {name} image", Kind.IMAGE, media_type)


def _audio(name: str, media_type: str, container: str, article: str = "a") -> Format:
    return Format(name, f"{article} {name} recording", Kind.AUDIO, media_type, container)


def _video(name: str, media_type: str, container: str, article: str = "a") -> Format:
    return Format(name, f"{article} {name} video", Kind.VIDEO, media_type, container)


def _text(name: str, media_type: str, article: str) -> Format:
    return Format(name, article, Kind.TEXT, media_type)


TEXT_FORMAT = _text("text", "text/plain", "a text")
MARKDOWN_FORMAT = _text("Markdown", "text/markdown", "a Markdown text")
HTML_FORMAT = _text("HTML", "text/html", "an HTML page")
PDF_FORMAT = Format("PDF", "a PDF document", Kind.DOCUMENT, "application/pdf")
_OFFICE = "application/vnd.openxmlformats-officedocument."
OFFICE_FORMATS = {
    file_format.name: file_format
    for file_format in (
        Format("DOCX", "a Word document", Kind.DOCUMENT, f"{_OFFICE}wordprocessingml.document"),
        Format(
            "PPTX",
            "a PowerPoint presentation",
            Kind.DOCUMENT,
            f"{_OFFICE}presentationml.presentation",
        ),
        Format("XLSX", "an Excel workbook", Kind.DOCUMENT, f"{_OFFICE}spreadsheetml.sheet"),
        Format("EPUB", "an EPUB book", Kind.DOCUMENT, "application/epub+zip"),
        Format(
            "ODT",
            "an OpenDocument text",
            Kind.DOCUMENT,
            "application/vnd.oasis.opendocument.text",
        ),
        Format("RTF", "an RTF document", Kind.DOCUMENT, "application/rtf"),
    )
}
"""The documents of office programs and e-books, by their names."""
_WAV = _audio("WAV", "audio/wav", "wav")
_RF64 = _audio("RF64", "audio/wav", "wav", "an")
MP3_FORMAT = _audio("MP3", "audio/mpeg", "mp3", "an")
_MP2 = _audio("MP2", "audio/mpeg", "mp3", "an")
_MP1 = _audio("MP1", "audio/mpeg", "mp3", "an")
_OF_LAYER = {3: MP3_FORMAT, 2: _MP2, 1: _MP1}
_AAC = _audio("AAC", "audio/aac", "aac", "an")
_MP4 = _audio("MP4", "audio/mp4", "mov", "an")
_M4A = _audio("M4A", "audio/mp4", "mov", "an")
_OGG = _audio("Ogg", "audio/ogg", "ogg", "an")
_OGG_VIDEO = _video("Ogg", "video/ogg", "ogg", "an")
_AIFF = _audio("AIFF", "audio/aiff", "aiff", "an")
_AVI = _video("AVI", "video/x-msvideo", "avi", "an")
_TRANSPORT = Format(
    "MPEG-TS", "a video (MPEG transport stream)", Kind.VIDEO, "video/mp2t", "mpegts"
)
_TIFF = _image("TIFF", "image/tiff")
RAW_FORMAT = Format("RAW", "a RAW photo", Kind.IMAGE, "image/x-dcraw")
SVG_FORMAT = Format("SVG", "an SVG drawing", Kind.IMAGE, "image/svg+xml")
PNM_FORMAT = _image("PNM", "image/x-portable-anymap")
_JPEG_XL = _image("JPEG XL", "image/jxl")
_JPEG_2000 = _image("JPEG 2000", "image/jp2")
_PSD = Format("PSD", "a Photoshop document", Kind.IMAGE, "image/vnd.adobe.photoshop")
_AMR = _audio("AMR", "audio/amr", "amr", "an")
_MUSEPACK = "audio/x-musepack"
_AVIF = _image("AVIF", "image/avif", "an")
_HEIC = _image("HEIC", "image/heic")

ANIMATED_FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "GIF": Format("animated GIF", "an animated GIF", Kind.VIDEO, "image/gif"),
        "WebP": Format("animated WebP", "an animated WebP", Kind.VIDEO, "image/webp"),
        "PNG": Format("APNG", "an animated PNG", Kind.VIDEO, "image/png"),
    }
)
"""What pictures of these formats are if they have several frames, by the names of the formats."""

_PREFIXES: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", _image("JPEG", "image/jpeg")),
    (b"\x89PNG\r\n\x1a\n", _image("PNG", "image/png")),
    (b"GIF87a", _image("GIF", "image/gif")),
    (b"GIF89a", _image("GIF", "image/gif")),
    (b"II*\0", _TIFF),
    (b"MM\0*", _TIFF),
    (b"II+\0\x08\0\0\0", _TIFF),  # BigTIFF
    (b"MM\0+\0\x08\0\0", _TIFF),
    (b"\0\0\0\x0cJXL \r\n\x87\n", _JPEG_XL),
    (b"\xff\x0a", _JPEG_XL),
    (b"\0\0\0\x0cjP  \r\n\x87\n", _JPEG_2000),
    (b"\xff\x4f\xff\x51", _JPEG_2000),
    (b"8BPS\0\x01", _PSD),
    (b"IIRO", RAW_FORMAT),  # Olympus
    (b"IIRS", RAW_FORMAT),
    (b"MMOR", RAW_FORMAT),
    (b"IIU\0", RAW_FORMAT),  # Panasonic, Leica
    (b"II\x1a\0\0\0HEAPCCDR", RAW_FORMAT),  # Canon's first
    (b"FUJIFILMCCD-RAW", RAW_FORMAT),
    (b"FOVb", RAW_FORMAT),  # Sigma
    (b"\0MRM", RAW_FORMAT),  # Minolta
    (b"fLaC", _audio("FLAC", "audio/flac", "flac")),
    (b"riff\x2e\x91\xcf\x11", _audio("W64", "audio/x-w64", "w64")),
    (b".snd\0", _audio("AU", "audio/basic", "au", "an")),
    (b"caff\0\x01\0\0", _audio("CAF", "audio/x-caf", "caf")),
    (b"#!AMR\n", _AMR),
    (b"#!AMR-WB\n", _AMR),
    (b"wvpk", _audio("WavPack", "audio/x-wavpack", "wv")),
    (b"MAC ", _audio("Monkey's Audio", "audio/x-ape", "ape")),
    (b"TTA1", _audio("TTA", "audio/x-tta", "tta")),
    (b"MPCK", _audio("Musepack", _MUSEPACK, "mpc8")),
    (b"MP+", _audio("Musepack", _MUSEPACK, "mpc")),
    (b"DSD \x1c\0\0\0", _audio("DSF", "audio/x-dsf", "dsf")),
    (b"FRM8\0\0\0\0", _audio("DSDIFF", "audio/x-dff", "iff")),
    (b"\x1a\x45\xdf\xa3", _audio("WebM", "audio/webm", "matroska")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _audio("WMA", "audio/x-ms-wma", "asf")),
    (b"FLV\x01", _video("FLV", "video/x-flv", "flv", "an")),
    (b"\0\0\x01\xba", _video("MPEG", "video/mpeg", "mpeg", "an")),
    (b"\0\0\x01\xb3", _video("MPEG", "video/mpeg", "mpegvideo", "an")),
)

VIDEO_FORMATS: Mapping[str, tuple[tuple[bytes, Format], ...]] = MappingProxyType(
    {
        "mov": (
            (b"ftypqt  ", _video("QuickTime", "video/quicktime", "mov")),
            (b"ftyp", _video("MP4", "video/mp4", "mov", "an")),
            (b"", _video("QuickTime", "video/quicktime", "mov")),
        ),
        "matroska": (
            (b"webm", _video("WebM", "video/webm", "matroska")),
            (b"", _video("Matroska", "video/x-matroska", "matroska")),
        ),
        "asf": ((b"", _video("WMV", "video/x-ms-wmv", "asf")),),
    }
)
"""What files are whose container may hold a recording, too, if they hold a video.

By FFmpeg's name of their demuxer: what their first bytes have in them, and the format.
"""

_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive, or a document packed as one"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"8BPS\0\x02", "a Photoshop document"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document"),
    (b"\0\0\x01\0", "an icon"),
    (b"MThd\0\0\0\x06", "a MIDI score"),
    (b"ADIF", "an AAC recording without frames (ADIF)"),
)

_IMAGE_BRANDS = {
    b"avif": _AVIF,
    b"avis": _AVIF,
    b"heic": _HEIC,
    b"heix": _HEIC,
    b"hevc": _HEIC,
    b"hevx": _HEIC,
    b"heim": _HEIC,
    b"heis": _HEIC,
}
_QUICKTIME_BOXES = {b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot"}
_AUDIO_BRANDS = {b"M4A ", b"M4B ", b"M4P "}
_PNM_HEADER = re.compile(rb"P[1-6](?:\s|#[^\r\n]*)+\d{1,9}(?:\s|#[^\r\n]*)+\d{1,9}\s")
_DNG_VERSION = 0xC612
_TIFF_SUFFIXES = (".tif", ".tiff")
RAW_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "iiq", "kdc", "mef", "mos"),
        *("mrw", "nef", "nrw", "orf", "pef", "raf", "rw2", "rwl", "sr2", "srf", "srw", "x3f"),
    )
)
"""Of the photos of cameras, as the extra `raw` reads them."""
TRANSPORT_PACKETS = ((0, 188), (4, 192))  # where the mark of the first is, and their length
_THEORA = b"\x80theora"  # how the first packet of such pictures begins
_OGG_HEADS = 4096  # bytes, in which the first packets of all streams are
_BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}


def format_of(head: bytes) -> Format | None:
    """The format of data that begins with these bytes; None where no signature fits.

    Args:
        head: the first `HEAD_BYTES` of the file, or all of it, which is no text.
    """
    for prefix, file_format in _PREFIXES:
        if head.startswith(prefix):
            return file_format
    if head.startswith(b"OggS\0"):
        return _OGG_VIDEO if _THEORA in head[:_OGG_HEADS] else _OGG
    if any(_has_packets(head, *layout) for layout in TRANSPORT_PACKETS):
        return _TRANSPORT
    return (
        _riff_format(head)
        or _brand_format(head)
        or _bmp_format(head)
        or pnm_format(head)
        or (None if foreign_format(head) else _mpeg_format(head))
    )


def foreign_format(head: bytes) -> str | None:
    """What this data is, in words, if it is in a format that is known but not read."""
    for prefix, what in _FOREIGN:
        if head.startswith(prefix):
            return what
    if head[257:262] == b"ustar":
        return "a tar archive"
    return None


def mpeg_format_within(head: bytes) -> Format | None:
    """The format of the MPEG frames that lie anywhere in these bytes, as after padding or junk."""
    return next((_OF_LAYER[layer] for layer in LAYERS if has_frames(head, layer)), None)


def aac_format_within(head: bytes) -> Format | None:
    """The format of AAC whose frames lie anywhere in these bytes, as in a piece of a broadcast."""
    return _AAC if has_adts_frames(head) else None


def _has_packets(head: bytes, start: int, length: int) -> bool:
    places = range(start, start + 4 * length, length)
    return all(head[at : at + 1] in (b"G", b"") for at in places) and len(head) > places[2]


def _riff_format(head: bytes) -> Format | None:
    outer, inner = head[:4], head[8:12]
    if outer in (b"RIFF", b"RIFX") and inner == b"WAVE":  # RIFX: in big-endian order
        return _WAV
    if outer in (b"RF64", b"BW64") and inner == b"WAVE":  # EBU Tech 3306, ITU-R BS.2088
        return _RF64
    if outer == b"RIFF" and inner == b"WEBP":
        return _image("WebP", "image/webp")
    if outer == b"RIFF" and inner == b"AVI ":
        return _AVI
    if outer == b"FORM" and inner in (b"AIFF", b"AIFC"):
        return _AIFF
    return None


def _brand_format(head: bytes) -> Format | None:
    """ISO base media files (ISO/IEC 14496-12) name their brands in the first box."""
    if head[4:8] in _QUICKTIME_BOXES:  # of before there were brands
        return _MP4
    if head[4:8] != b"ftyp":
        return None
    size = min(int.from_bytes(head[:4], "big"), 256)
    if head[8:12] == b"crx ":  # Canon's CR3
        return RAW_FORMAT
    major, others = head[8:12], [head[at : at + 4] for at in range(16, size - 3, 4)]
    for brand in (major, *others):
        if brand in _IMAGE_BRANDS:
            return _IMAGE_BRANDS[brand]
    if major in (b"mif1", b"msf1"):
        return _HEIC
    return _M4A if major in _AUDIO_BRANDS else _MP4


def _bmp_format(head: bytes) -> Format | None:
    # "BM" also begins words, so the header must make sense too.
    header = int.from_bytes(head[14:18], "little")
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and header in _BMP_HEADERS:
        return _image("BMP", "image/bmp")
    return None


def pnm_format(head: bytes) -> Format | None:
    """The format of Netpbm's pictures, which may look like a text; None if it is not that."""
    return PNM_FORMAT if _PNM_HEADER.match(head) else None


def is_raw_tiff(head: bytes, suffix: str) -> bool:
    """Whether what begins as a TIFF is a RAW photo: by a mark of Canon, of DNG, or by its name.

    Args:
        head: how it begins.
        suffix: of its name, in lower case.
    """
    if head[8:10] == b"CR" or suffix in RAW_SUFFIXES:
        return True
    order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
    start = int.from_bytes(head[4:8], order)
    count = int.from_bytes(head[start : start + 2], order)
    tags = (head[at : at + 2] for at in range(start + 2, start + 2 + 12 * min(count, 200), 12))
    return suffix not in _TIFF_SUFFIXES and _DNG_VERSION in (
        int.from_bytes(tag, order) for tag in tags
    )


def _mpeg_format(head: bytes) -> Format | None:
    """The format of a stream of frames of MPEG audio or AAC.

    The eleven bits of a sync word are too few to trust once, so the next frame must be where the
    first one ends; the layers that are rare must show one more.
    """
    for layer in LAYERS:
        frames = 2 if layer == 3 else 3
        if _has_stream(head, partial(mpeg_frame_length, layer=layer), frames):
            return _OF_LAYER[layer]
    return _AAC if _has_stream(head, adts_frame_length, frames=2) else None


def _has_stream(head: bytes, length_of: Callable[[bytes], int], frames: int) -> bool:
    at = 0
    for number in range(frames):
        length = length_of(head[at : at + 10])
        if length == 0:
            return False
        at += length
        if at >= len(head):
            return frames == 2 or number > 0
    return True
