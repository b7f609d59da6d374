"""RAW photos of cameras, by LibRaw: the picture that the camera has put in, or half the pixels.

Nearly every RAW file holds a JPEG of what its camera made of it, mostly of all its pixels. That is
what people know of the photo, and is read in no time. Where it is small, as in some DNGs, the
sensor's own values are read, each group of four as one pixel.
"""

from __future__ import annotations

import io
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError, MediaTooLargeError
from anysense.embed.media.extras import RAW

if TYPE_CHECKING:
    from PIL.Image import Exif
    from rawpy import RawPy

    from anysense.embed.limits import Limits

__all__ = ["developed"]

_MOST_BYTES = 512 * 1024**2
_LARGE_ENOUGH = 1024
"""Pixels along the longer side of a JPEG that stands for its photo, or half of what that has."""
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
        MediaTooLargeError: it has too many bytes or pixels.
        CorruptMediaError: LibRaw does not know its camera, or it is damaged.
    """
    RAW.check(name, "a RAW photo")
    import rawpy

    if file.seek(0, io.SEEK_END) > _MOST_BYTES:
        raise MediaTooLargeError(name, "is a RAW photo of over 512 MiB")
    file.seek(0)
    exif = _exif_of(file)
    file.seek(0)
    try:
        with rawpy.imread(file) as raw:
            _check_pixels(raw, name, limits)
            preview = _preview(raw)
            if preview is not None:
                exif[_ORIENTATION] = _ORIENTATIONS.get(raw.sizes.flip, 1)
                return io.BytesIO(_with_exif(preview, exif))
            return _half_size(raw, exif)
    except rawpy.LibRawError as error:
        reason = error.args[0] if error.args else error
        detail = reason.decode() if isinstance(reason, bytes) else str(reason)
        raise CorruptMediaError(
            name, f"looks like a RAW photo, but is damaged or of a camera not known ({detail})"
        ) from error


def _check_pixels(raw: RawPy, name: str, limits: Limits) -> None:
    width, height = raw.sizes.raw_width, raw.sizes.raw_height
    if width * height > limits.image_pixels:
        raise MediaTooLargeError(
            name,
            f"has {width} x {height} pixels, over the limit of {limits.image_pixels:,} for one "
            "image",
        )


def _preview(raw: RawPy) -> bytes | None:
    """The JPEG in a RAW file, if it is sound and large enough to stand for the photo."""
    import rawpy
    from PIL.JpegImagePlugin import JpegImageFile

    try:
        thumbnail = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if thumbnail.format != rawpy.ThumbFormat.JPEG or not isinstance(thumbnail.data, bytes):
        return None
    least = min(_LARGE_ENOUGH, max(raw.sizes.width, raw.sizes.height) // 2)
    try:
        with JpegImageFile(io.BytesIO(thumbnail.data)) as picture:
            is_large_enough = max(picture.size) >= least
    except Exception:  # Pillow raises anything where one is broken
        return None
    return thumbnail.data if is_large_enough else None


def _with_exif(jpeg: bytes, exif: Exif) -> bytes:
    """A JPEG with these EXIF data, before those that it has."""
    segment = exif.tobytes()
    head = b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment
    return jpeg[:2] + head + jpeg[2:] if jpeg[:2] == _JPEG_START else jpeg


def _half_size(raw: RawPy, exif: Exif) -> BinaryIO:
    """The sensor's own values, upright, as a TIFF."""
    from PIL import Image

    pixels = raw.postprocess(half_size=True, use_camera_wb=True, output_bps=8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "TIFF", exif=exif)
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
