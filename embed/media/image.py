"""Pictures as 8-bit RGB, whatever they were stored as.

The first frame of an animation, the first page of a TIFF; turned upright as EXIF says; transparency
on white. Colour profiles are not applied, as in the preprocessing that CLIP models were trained
with.
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError, MediaTooLargeError, UnsupportedMediaError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.files import decoding, media_name, open_media
from anysense.embed.media.identify import identify
from anysense.embed.media.pieces import Piece, ReadOptions, captions
from anysense.embed.media.quiet import quiet_decoders, quiet_libtiff
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PIL.Image import Image

__all__ = ["as_rgb", "picture_pieces", "read_image"]

# The plugins are called by name: Image.open would try them in turn, applies a limit of its own that
# is global to the process, and knows only the plugins that someone registered.
_PLUGINS = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIC": ("pillow_heif", "HeifImageFile"),
}
_ORIENTATION = 0x0112  # EXIF 2.32, 4.6.4
_SCAN_PASSES = 25
"""How often a progressive JPEG of the largest size may be passed over by its scans."""


def read_image(source: Path | bytes, limits: Limits = DEFAULT_LIMITS) -> Image:
    """Read a picture as 8-bit RGB.

    Raises:
        UnsupportedMediaError: not a picture, or of a format that is not read here.
        CorruptMediaError: damaged, truncated, or not what its name says.
        MediaTooLargeError: over the limits of bytes or of pixels; known before it is decoded.
    """
    with _decoded(source, limits) as image:
        return as_rgb(image)


def picture_pieces(source: Path | bytes, options: ReadOptions) -> Iterator[Piece]:
    """A picture, and the words in its file that say what it shows.

    Raises:
        MediaError: as for `read_image`.
    """
    from anysense.embed.media.descriptions import picture_descriptions

    with _decoded(source, options.limits) as image:
        texts = picture_descriptions(image) if options.takes_captions else []
        picture = as_rgb(image)
    yield Piece(Modality.IMAGE, picture)
    yield from captions(texts, media_name(source), options)


@contextmanager
def _decoded(source: Path | bytes, limits: Limits) -> Iterator[Image]:
    """A picture as it is stored, with its pixels."""
    name = media_name(source)
    with open_media(source, limits) as file:
        file_format = identify(file, source)
        if file_format.modality is not Modality.IMAGE:
            raise UnsupportedMediaError(name, f"is {file_format.article}, not an image")
        plugin = _plugin(file_format.name, name)
        with (
            quiet_decoders(),
            decoding(name, file_format.article),
            _open(plugin, file, name) as image,
        ):
            _check_pixels(image, name, limits)
            if file_format.name == "TIFF":
                quiet_libtiff()
            if file_format.name == "JPEG":
                _check_scans(image, file, name, limits)
            image.load()
            yield image


def as_rgb(image: Image) -> Image:
    """Convert a picture of any of Pillow's modes to 8-bit RGB, upright, with transparency on white.

    A picture that is all that already is returned as it is.
    """
    orientation = _orientation(image)
    return _upright(_flatten(image), orientation)


def _flatten(image: Image) -> Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _deep_to_grey(image).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    import PIL.Image

    # Pillow has no direct way from greys with premultiplied alpha.
    rgba = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
    if rgba.getchannel("A").getextrema() == (255, 255):
        return rgba.convert("RGB")
    background = PIL.Image.new("RGB", image.size, "white")
    background.paste(rgba, mask=rgba.getchannel("A"))
    return background


def _plugin(format_name: str, name: str) -> Callable[[BinaryIO], Image]:
    module, attribute = _PLUGINS[format_name]
    try:
        plugin: Callable[[BinaryIO], Image] = getattr(import_module(module), attribute)
    except ImportError as error:
        raise UnsupportedMediaError(
            name,
            f"is a {format_name} image, which needs the package '{module.split('.')[0]}' "
            "on this machine",
        ) from error
    return plugin


def _open(plugin: Callable[[BinaryIO], Image], file: BinaryIO, name: str) -> Image:
    from PIL.Image import DecompressionBombError

    try:
        return plugin(file)  # reads the header
    except DecompressionBombError as error:  # some plugins apply Pillow's limit themselves
        raise MediaTooLargeError(name, "has more pixels than Pillow reads") from error


def _check_pixels(image: Image, name: str, limits: Limits) -> None:
    pixels = image.width * image.height
    if pixels == 0:
        raise CorruptMediaError(name, "is an image without pixels")
    if pixels > limits.image_pixels:
        raise MediaTooLargeError(
            name,
            f"has {image.width} x {image.height} pixels, over the limit of "
            f"{limits.image_pixels:,} for one image",
        )


def _check_scans(image: Image, file: BinaryIO, name: str, limits: Limits) -> None:
    """Refuse a progressive JPEG of thousands of scans: each passes over the whole picture.

    A marker cannot occur within the coded data, so counting it counts the scans and at most a
    thumbnail's few more.
    """
    if "progressive" not in image.info:
        return
    at = file.tell()
    file.seek(0)
    scans = sum(chunk.count(b"\xff\xda") for chunk in iter(lambda: file.read(1 << 20), b""))
    file.seek(at)
    if scans * image.width * image.height > _SCAN_PASSES * limits.image_pixels:
        raise MediaTooLargeError(name, f"is a progressive JPEG of {scans} scans, far too many")


def _orientation(image: Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # the pixels are fine whatever parsing broken EXIF raises
        return 1


def _upright(image: Image, orientation: int) -> Image:
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    if orientation not in turns:
        return image
    upright = image.transpose(turns[orientation])
    upright.info.clear()  # it still holds the orientation, by which it would be turned again
    return upright


def _deep_to_grey(image: Image) -> Image:
    """Map greys of more than 8 bits to 8, where Pillow would cut all above 255.

    16-bit greys are scaled from their full range, so 65535 is white. Integers beyond it and floats
    have no agreed range: floats within [0, 1] are scaled from that, values within [0, 255] are
    kept, and others are stretched from their least to their greatest. What is no finite number
    becomes black.
    """
    import numpy as np
    import PIL.Image

    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return PIL.Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))
    values = values.astype(np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        values = np.where(finite, values, values[finite].min() if finite.any() else 0.0)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 255:
        scale = 255.0 if image.mode == "F" and high <= 1 else 1.0
    elif low >= 0 and high <= 65535 and image.mode == "I":
        scale = 1 / 257
    else:
        values, scale = values - low, 255 / (high - low) if high > low else 0.0
    return PIL.Image.fromarray(np.rint(values * scale).astype(np.uint8))
