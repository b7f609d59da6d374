"""In which format some bytes are, by their first few: the registry of every format that is read.

A name is not trusted where the content can tell. Only plain text has no signature of its own; see
`anysense.embed.media.identify` for how it is recognised.
"""

from __future__ import annotations

from dataclasses import dataclass

from anysense.embed.types import Kind, Modality

__all__ = [
    "HEAD_BYTES",
    "HTML_FORMAT",
    "MARKDOWN_FORMAT",
    "MP3_FORMAT",
    "TEXT_FORMAT",
    "Format",
    "foreign_format",
    "format_of",
    "has_mpeg_frames",
    "mpeg_frame_length",
    "syncsafe",
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
        container: FFmpeg's name of the demuxer that reads it, for sounds.
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


def _text(name: str, media_type: str, article: str) -> Format:
    return Format(name, article, Kind.TEXT, media_type)


TEXT_FORMAT = _text("text", "text/plain", "a text")
MARKDOWN_FORMAT = _text("Markdown", "text/markdown", "a Markdown text")
HTML_FORMAT = _text("HTML", "text/html", "an HTML page")
_PDF = Format("PDF", "a PDF document", Kind.DOCUMENT, "application/pdf")
_WAV = _audio("WAV", "audio/wav", "wav")
MP3_FORMAT = _audio("MP3", "audio/mpeg", "mp3", "an")
_AAC = _audio("AAC", "audio/aac", "aac", "an")
_MP4 = _audio("MP4", "audio/mp4", "mov", "an")
_M4A = _audio("M4A", "audio/mp4", "mov", "an")
_FLAC = _audio("FLAC", "audio/flac", "flac")
_AIFF = _audio("AIFF", "audio/aiff", "aiff", "an")
_TIFF = _image("TIFF", "image/tiff")
_AVIF = _image("AVIF", "image/avif", "an")
_HEIC = _image("HEIC", "image/heic")

_PREFIXES: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", _image("JPEG", "image/jpeg")),
    (b"\x89PNG\r\n\x1a\n", _image("PNG", "image/png")),
    (b"GIF87a", _image("GIF", "image/gif")),
    (b"GIF89a", _image("GIF", "image/gif")),
    (b"II*\0", _TIFF),
    (b"MM\0*", _TIFF),
    (b"II+\0\x08\0\0\0", _TIFF),  # BigTIFF
    (b"MM\0+\0\x08\0\0", _TIFF),
    (b"fLaC", _FLAC),
    (b"OggS\0", _audio("Ogg", "audio/ogg", "ogg", "an")),
    (b"RF64", _audio("RF64", "audio/wav", "wav", "an")),
    (b"BW64", _audio("BW64", "audio/wav", "wav")),
    (b"riff\x2e\x91\xcf\x11", _audio("W64", "audio/x-w64", "w64")),
    (b".snd\0", _audio("AU", "audio/basic", "au", "an")),
    (b"caff\0\x01\0\0", _audio("CAF", "audio/x-caf", "caf")),
    (b"\x1a\x45\xdf\xa3", _audio("WebM", "audio/webm", "matroska")),
)

_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive, or a document packed as one (docx, epub, odt)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 image"),
    (b"\0\0\x01\0", "an icon"),
    (b"FLV\x01", "a video (FLV)"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file"),
    (b"\0\0\x01\xba", "a video (MPEG)"),
    (b"\0\0\x01\xb3", "a video (MPEG)"),
    (b"MThd", "a MIDI score"),
    (b"#!AMR", "an AMR recording"),
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
_AUDIO_BRANDS = {b"M4A ", b"M4B ", b"M4P "}
_BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}


def format_of(head: bytes) -> Format | None:
    """The format of a file that begins with these bytes; None where no signature fits.

    Args:
        head: the first `HEAD_BYTES` of the file, or all of it.
    """
    for prefix, file_format in _PREFIXES:
        if head.startswith(prefix):
            return file_format
    return (
        _riff_format(head)
        or _brand_format(head)
        or _bmp_format(head)
        or _pdf_format(head)
        or _tagged_format(head)
        or _mpeg_format(head, frames=2)
    )


def foreign_format(head: bytes) -> str | None:
    """What these bytes are, in words, if they are in a format that is known but not read."""
    for prefix, what in _FOREIGN:
        if head.startswith(prefix):
            return what
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "a video (AVI)"
    if head[:1] == b"G" and head[188:189] == b"G" and head[376:377] == b"G":
        return "a video (MPEG transport stream)"
    if b"<svg" in head[:1024].lower() and head.lstrip()[:1] == b"<":
        return "an SVG drawing"
    return None


def _riff_format(head: bytes) -> Format | None:
    outer, inner = head[:4], head[8:12]
    if outer == b"RIFF" and inner == b"WAVE":
        return _WAV
    if outer == b"RIFF" and inner == b"WEBP":
        return _image("WebP", "image/webp")
    if outer == b"FORM" and inner in (b"AIFF", b"AIFC"):
        return _AIFF
    return None


def _brand_format(head: bytes) -> Format | None:
    """ISO base media files (ISO/IEC 14496-12) name their brands in the first box."""
    if head[4:8] != b"ftyp":
        return None
    size = min(int.from_bytes(head[:4], "big"), 256)
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


def _pdf_format(head: bytes) -> Format | None:
    return _PDF if b"%PDF-" in head[:1024] else None  # readers allow junk before it


def _tagged_format(head: bytes) -> Format | None:
    """A file with an ID3v2 tag in front: what follows the tag says what it is."""
    if head[:3] != b"ID3" or len(head) < 10 or head[3] > 9 or max(head[6:10]) > 127:
        return None
    rest = head[10 + syncsafe(head[6:10]) :]
    if rest.startswith(b"fLaC"):
        return _FLAC
    return _mpeg_format(rest.lstrip(b"\0"), frames=1) or MP3_FORMAT


def _mpeg_format(head: bytes, frames: int) -> Format | None:
    """MP3 and ADTS streams have no signature but the sync word of each frame.

    Eleven bits are too few to trust once, so the next frame must be where the first one ends.
    """
    for file_format, length_of in ((MP3_FORMAT, mpeg_frame_length), (_AAC, _adts_frame_length)):
        at = 0
        for _ in range(frames):
            length = length_of(head[at : at + 10])
            if length == 0:
                break
            at += length
            if at >= len(head):
                return file_format
        else:
            return file_format
    return None


def syncsafe(digits: bytes) -> int:
    """An integer of seven bits a byte, as ID3v2 tags write their size."""
    value = 0
    for digit in digits:
        value = value << 7 | digit & 127
    return value


def has_mpeg_frames(head: bytes) -> bool:
    """Whether three MP3 frames in a row lie anywhere in these bytes, as after padding or junk."""
    at = head.find(b"\xff")
    while at >= 0:
        length = mpeg_frame_length(head[at : at + 4])
        if length and at + length < len(head) and _mpeg_format(head[at:], frames=3):
            return True
        at = head.find(b"\xff", at + 1)
    return False


_BITRATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # MPEG-1 layer III
_BITRATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # MPEG-2 and 2.5
_RATES = (44100, 48000, 32000)


def mpeg_frame_length(header: bytes) -> int:
    """The bytes of the MPEG layer III frame that begins here; 0 if none does (ISO 11172-3)."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version = header[1] >> 3 & 3  # 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return 0
    padding = header[2] >> 1 & 1
    if version == 3:
        return 144_000 * _BITRATES_1[bitrate] // _RATES[rate] + padding
    return 72_000 * _BITRATES_2[bitrate] // (_RATES[rate] >> (1 if version == 2 else 2)) + padding


def _adts_frame_length(header: bytes) -> int:
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    if header[2] >> 2 & 15 > 12:  # no such sample rate
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length > 7 else 0
