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
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.errors import CorruptMediaError, MediaError, MediaTooLargeError
from anysense.embed.media.extras import RAW
from anysense.embed.media.own_process import KILLED, answer_of, python_command

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
_ORIENTATION, _EXIF_IFD, _GPS_IFD = 0x0112, 0x8769, 0x8825
_KEPT = (0x010E, 0x010F, 0x0110, 0x0132)  # description, maker, model, time
_KEPT_OF_EXIF = (0x9003, 0x9004, 0x9011, 0x9012, 0x9286)  # times with offsets, comment
_JPEG_START = b"\xff\xd8"


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
    file.seek(0)
    exif = _exif_of(file)
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
    """A JPEG with these EXIF data, before those that it has."""
    segment = exif.tobytes()
    head = b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment
    return jpeg[:2] + head + jpeg[2:]


def _as_tiff(size: tuple[int, int], rows: bytes, exif: Exif) -> BinaryIO:
    from PIL import Image

    out = io.BytesIO()
    Image.frombytes("RGB", size, rows).save(out, "TIFF", exif=exif)
    out.seek(0)
    return out


def _exif_of(file: BinaryIO) -> Exif:
    """What a RAW file says of when, where and with what it was taken, if it is built as a TIFF."""
    from PIL.Image import Exif

    kept, found = Exif(), Exif()
    with suppress(Exception):  # Pillow raises anything where they are broken, or no TIFF
        found.load_from_fp(file, 0)
        kept.update({tag: found[tag] for tag in _KEPT if tag in found})
        taken = found.get_ifd(_EXIF_IFD)
        kept.get_ifd(_EXIF_IFD).update({tag: taken[tag] for tag in _KEPT_OF_EXIF if tag in taken})
        kept.get_ifd(_GPS_IFD).update(found.get_ifd(_GPS_IFD))
        kept.tobytes()
        return kept
    return Exif()
