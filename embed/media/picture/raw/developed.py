"""RAW photos of cameras: the picture that the camera has put in, or half the pixels.

Nearly every RAW file holds a JPEG of what its camera made of it, mostly of all its pixels. That is
what people know of the photo, and is read in no time. Where it is small, as in some DNGs, the
sensor's own values are read, each group of four as one pixel.

LibRaw knows the files of a thousand cameras, prints what it does not like of them to the standard
error stream, and has no limit of time. So it runs in a process of its own, which starts in 0.15 s.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.errors import CorruptMediaError, MediaError, MediaTooLargeError
from anysense.embed.media.extras import RAW
from anysense.embed.media.own_process import KILLED, answer_of, python_command
from anysense.embed.media.picture.raw.facts import jpeg_exif, raw_exif

if TYPE_CHECKING:
    from PIL.Image import Exif

    from anysense.embed.limits import Limits

__all__ = ["developed"]

_DEVELOPER = "anysense.embed.media.picture.raw.developer"
_MOST_BYTES = 512 * 1024**2
_MOST_SECONDS = 60.0
_MOST_MEMORY = 4 * 1024**3
"""Address space: at the most pixels LibRaw takes sixteen bytes for each, and then some."""
_ORIENTATIONS = {0: 1, 3: 3, 5: 8, 6: 6}
"""From LibRaw's turns to EXIF's."""
_ORIENTATION, _XMP = 0x0112, 0x02BC
_JPEG_START = b"\xff\xd8"
_EXIF_START, _XMP_START = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_BEFORE_PICTURE = {bytes([code]) for code in range(0xE0, 0xF0)}
_MOST_OF_SEGMENT = 0xFFFF - 2


def developed(file: BinaryIO, name: str, limits: Limits) -> BinaryIO:
    """A RAW photo as a JPEG or a TIFF, with what the file says of when and where it was taken.

    Raises:
        UnsupportedMediaError: the extra is not installed.
        MediaTooLargeError: it has too many bytes or pixels, or takes too long or too much memory.
        CorruptMediaError: LibRaw does not know its camera, or it is damaged.
        MediaError: the process that reads it cannot be started, or was killed.
        AbandonedError, DeadlineError: nobody waits for it any more.
    """
    RAW.check(name, "a RAW photo")
    if file.seek(0, io.SEEK_END) > _MOST_BYTES:
        raise MediaTooLargeError(name, "is a RAW photo of over 512 MiB")
    exif = raw_exif(file)
    file.seek(0)
    message, data = _answer(file, name, limits)
    if message.get("is_large"):
        raise MediaTooLargeError(
            name,
            f"has {message['width']} x {message['height']} pixels, over the limit of "
            f"{limits.image_pixels:,} for one image",
        )
    if "refused" in message:
        raise _damaged(name, message["refused"])
    if message.get("jpeg"):
        if not data.startswith(_JPEG_START):
            raise _damaged(name, "what it shows is no JPEG")
        if not exif:
            exif = jpeg_exif(data)
        exif[_ORIENTATION] = _ORIENTATIONS.get(message["flip"], 1)
        return io.BytesIO(_with_exif(data, exif))
    return _as_tiff((message["width"], message["height"]), data, exif)


def _answer(file: BinaryIO, name: str, limits: Limits) -> tuple[dict[str, Any], bytes]:
    """What the process says of a photo, and the bytes that belong to it."""
    options = {"pixels": limits.image_pixels, "memory_bytes": _MOST_MEMORY}
    try:
        ended = answer_of(python_command(_DEVELOPER, json.dumps(options)), file, _MOST_SECONDS)
    except OSError as error:  # too many processes or files, a full disk, no Python
        reason = f"is a RAW photo that cannot be read now ({error.strerror or error})"
        raise MediaError(name, reason) from error
    if ended is None:
        raise MediaTooLargeError(name, "is a RAW photo that takes too long to read")
    status, answer = ended
    if status == KILLED:
        raise MediaError(name, "is a RAW photo whose reading was killed by the system")
    line, _, data = answer.partition(b"\n")
    if status != 0:
        raise _damaged(name, "LibRaw fails to read it, or lacks the memory for it")
    return json.loads(line), data


def _damaged(name: str, detail: str) -> CorruptMediaError:
    return CorruptMediaError(
        name, f"looks like a RAW photo, but is damaged or of a camera not known ({detail})"
    )


def _with_exif(jpeg: bytes, exif: Exif) -> bytes:
    """A JPEG with these EXIF data in place of its own, and this XMP, if there is one that fits."""
    packet = _XMP_START + exif.pop(_XMP, b"")
    added = {_EXIF_START: exif.tobytes()}
    if len(_XMP_START) < len(packet) <= _MOST_OF_SEGMENT:
        added[_XMP_START] = packet
    segments = (b"\xff\xe1" + (len(data) + 2).to_bytes(2, "big") + data for data in added.values())
    return b"".join((jpeg[:2], *segments, _without(jpeg, tuple(added))))


def _without(jpeg: bytes, starts: tuple[bytes, ...]) -> bytes:
    """What follows the start marker of a JPEG, but for the segments that begin so."""
    parts, at = list[bytes](), 2
    while jpeg[at : at + 1] == b"\xff" and jpeg[at + 1 : at + 2] in _BEFORE_PICTURE:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if not jpeg.startswith(starts, at + 4):
            parts.append(jpeg[at:end])
        at = end
    return b"".join((*parts, jpeg[at:]))


def _as_tiff(size: tuple[int, int], rows: bytes, exif: Exif) -> BinaryIO:
    from PIL import Image

    exif[_ORIENTATION] = 1  # or one in the XMP would turn it again
    out = io.BytesIO()
    Image.frombytes("RGB", size, rows).save(out, "TIFF", exif=exif)
    out.seek(0)
    return out
