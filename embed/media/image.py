"""Pictures as 8-bit RGB, whatever they were stored as.

The first frame of an animation that shows nearly all, and the first page of a TIFF that shows
anything, where the very first shows nothing; turned upright as EXIF says; transparency on white.
Colour profiles are not applied, as in the preprocessing that CLIP models were trained with.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.errors import CorruptMediaError, MediaTooLargeError, UnsupportedMediaError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.extras import JPEG_XL
from anysense.embed.media.files import decoding, media_name, open_media
from anysense.embed.media.identify import identify
from anysense.embed.media.picture.budget import Share
from anysense.embed.media.picture.counted import CountedReads
from anysense.embed.media.picture.greys import deep_to_grey
from anysense.embed.media.picture.reduced import Need
from anysense.embed.media.picture.scans import count_scans, is_one_scan, may_have_scans
from anysense.embed.media.picture.standing_in import stand_in
from anysense.embed.media.picture.stripes import stripes
from anysense.embed.media.pieces import Piece, ReadOptions, captions
from anysense.embed.media.quiet import quiet_decoders, quiet_libtiff
from anysense.embed.types import Kind, Modality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL.Image import Image

    from anysense.embed.media.files import Media
    from anysense.embed.media.picture.stored import StoredPicture

__all__ = [
    "as_rgb",
    "picture_pieces",
    "picture_pixels",
    "picture_plugin",
    "picture_turn",
    "read_image",
    "read_small",
    "within_pillows_limit",
]

# The plugins are called by name: Image.open would try them in turn, applies a limit of its own that
# is global to the process, and knows only the plugins that someone registered.
_PLUGINS = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "TIFF": ("anysense.embed.media.picture.plugins.planes", "PlanarTiffImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIC": ("pillow_heif", "HeifImageFile"),
    "JPEG XL": ("anysense.embed.media.picture.plugins.jpeg_xl", "JpegXLImageFile"),
    "JPEG 2000": ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile"),
    "PNM": ("PIL.PpmImagePlugin", "PpmImageFile"),
    "PSD": ("PIL.PsdImagePlugin", "PsdImageFile"),
}
logging.getLogger("PIL").addHandler(logging.NullHandler())  # or Python prints what it logs
_ORIENTATION = 0x0112  # EXIF 2.32, 4.6.4
_PHOTOS = frozenset({"JPEG", "HEIF", "AVIF"})
"""Formats, by Pillow's names, in which cameras keep pictures, and few programs what they show."""
_SCAN_PASSES = 25
"""How often a JPEG of the largest size may be passed over by its scans."""


def read_image(source: Media, limits: Limits = DEFAULT_LIMITS, side: int | None = None) -> Image:
    """Read a picture as 8-bit RGB.

    Of one that lost its end it is what is there, with grey in place of the rest.

    Args:
        source: the picture.
        limits: what is too large.
        side: how many pixels are needed along the shorter side, if not all: a JPEG is decoded at
            the least fraction of its size that has as many.

    Raises:
        UnsupportedMediaError: not a picture, or of a format that is not read here.
        CorruptMediaError: damaged, not what its name says, or cut so that too little is there.
        MediaTooLargeError: over the limits of bytes or of pixels; known before it is decoded.
    """
    share = Share()
    try:
        with _decoded(source, limits, share, Need(frozenset({side}))) as stored:
            return _shown(stored, limits, media_name(source))
    finally:
        share.leave()


def read_small(source: Media, side: int, limits: Limits = DEFAULT_LIMITS) -> Image:
    """Read a picture as 8-bit RGB of at most `side` pixels along its longer side, to look at.

    Raises:
        MediaError: as for `read_image`.
    """
    picture = read_image(source, limits, side)
    picture.thumbnail((side, side))
    return picture


def picture_pixels(source: Media, limits: Limits = DEFAULT_LIMITS) -> int:
    """Width times height of a picture, by its header.

    Raises:
        MediaError: as for `read_image`; what only shows in the pixels goes unnoticed.
    """
    name = media_name(source)
    with open_media(source, limits) as file:
        file_format = identify(file, source)
        if file_format.kind is not Kind.IMAGE:
            raise UnsupportedMediaError(name, f"is {file_format.article}, not an image")
        file, file_format = stand_in(file, file_format, name, limits)
        plugin = picture_plugin(file_format.name, name)
        with quiet_decoders(), decoding(name, file_format.article), within_pillows_limit(name):
            file.seek(0)
            with plugin(file) as image:
                return image.width * image.height


def picture_pieces(source: Media, options: ReadOptions) -> Iterator[Piece]:
    """A picture with what its file says, the words in it, and those in there of what it shows.

    Where encoders need it in sizes that are decoded apart, it is a piece for each of these.

    Raises:
        MediaError: as for `read_image`.
        UsageError: what recognises words is not installed.
    """
    from anysense.embed.media.descriptions import picture_descriptions
    from anysense.embed.media.metadata.photo import photo_facts
    from anysense.embed.media.ocr.words import SHORTER_SIDE, picture_words

    name, texts, words = media_name(source), list[str](), list[Piece]()
    said: dict[str, Any] = {}
    is_read = options.takes_words_of_pictures
    every = options.sides | {SHORTER_SIDE} if is_read else options.sides
    sides = every
    while sides:
        need, share = Need(sides), Share()
        try:
            with _decoded(source, options.limits, share, need) as stored:
                if sides == every:
                    said = photo_facts(stored.image)
                    texts = picture_descriptions(stored.image) if options.takes_captions else []
                pictures = [_shown(stored, options.limits, name)]
                is_complete = stored.is_complete
                is_photo = stored.image.format in _PHOTOS
            del stored  # or this, waiting for its next turn, would keep what nobody else needs
            if is_read and SHORTER_SIDE in need.met:
                words = list(picture_words(pictures[0], name, is_photo=is_photo))
            if need.met & options.sides:
                yield Piece(
                    Modality.IMAGE,
                    pictures.pop(),
                    is_complete=is_complete,
                    leave=share.leave,
                    said=said,
                    sides=need.met,
                )
        finally:
            share.leave()
        sides -= need.met
    yield from words
    yield from captions(texts, name, options)


@contextmanager
def _decoded(source: Media, limits: Limits, share: Share, need: Need) -> Iterator[StoredPicture]:
    """A picture as it is stored, with its pixels, for which it waits until there is a share."""
    from anysense.embed.media.metadata.packets import PACKET, stored_packet
    from anysense.embed.media.picture.loading import load_picture

    name = media_name(source)
    with open_media(source, limits) as file:
        file_format = identify(file, source)
        if file_format.kind is not Kind.IMAGE:
            raise UnsupportedMediaError(name, f"is {file_format.article}, not an image")
        file, file_format = stand_in(file, file_format, name, limits)
        plugin = picture_plugin(file_format.name, name)
        if file_format.name == "TIFF":
            quiet_libtiff()

        def open_image(content: BinaryIO) -> Image:
            image = open_header(content)
            share.take(image.width * image.height)
            return image

        def open_reduced(content: BinaryIO) -> Image:
            image = open_header(content)
            pixels = image.width * image.height
            need.reduce(image)
            if need.reduction > 1:
                at = content.tell()
                if is_one_scan(content):
                    pixels = image.width * image.height
                content.seek(at)
            share.take(pixels)
            return image

        def open_header(content: BinaryIO) -> Image:
            content.seek(0)
            image = plugin(CountedReads(content, name))
            _check_pixels(image, name, limits)
            _check_scans(image, content, name, limits)
            return image

        with (
            quiet_decoders(),
            decoding(name, file_format.article),
            within_pillows_limit(name),
        ):
            stored = load_picture(file, open_image, open_reduced, file_format, name, need)
            packet = stored_packet(file, file_format.name)
            if packet is not None:
                stored.image.info[PACKET] = packet
            with stored.image:
                yield stored


def _shown(stored: StoredPicture, limits: Limits, name: str) -> Image:
    """What a stored picture shows, in 8-bit RGB and upright."""
    from anysense.embed.media.picture.frames import first_that_shows

    orientation = picture_turn(stored.image)
    if not stored.is_complete:
        return _upright(stored.fill(_flatten(stored.image)), orientation)
    check_pixels = partial(_check_pixels, name=name, limits=limits)
    picture = first_that_shows(stored.image, _flatten, check_pixels, limits.image_pixels)
    return _upright(picture, orientation)


def as_rgb(image: Image) -> Image:
    """Convert a picture of any of Pillow's modes to 8-bit RGB, upright, with transparency on white.

    A picture that is all that already is returned as it is.
    """
    orientation = picture_turn(image)
    return _upright(_flatten(image), orientation)


def _flatten(image: Image) -> Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return deep_to_grey(image).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    return _on_white(image)


def _on_white(image: Image) -> Image:
    """A picture with transparency on white; stripe by stripe, as copies of all of it are large."""
    import PIL.Image

    picture = PIL.Image.new("RGB", image.size, "white")
    for box in stripes(image):
        part = image.crop(box)
        # Pillow has no direct way from greys with premultiplied alpha.
        rgba = (part.convert("LA") if part.mode == "La" else part).convert("RGBA")
        picture.paste(rgba, box, mask=rgba.getchannel("A"))
    return picture


def picture_plugin(format_name: str, name: str) -> Callable[[BinaryIO | CountedReads], Image]:
    """What opens a picture of a format as Pillow does.

    Args:
        format_name: of the picture.
        name: what errors call it.

    Raises:
        UnsupportedMediaError: the package that reads it is not installed.
    """
    module, attribute = _PLUGINS[format_name]
    if format_name == "JPEG XL":
        JPEG_XL.check(name, "a JPEG XL image")
    try:
        plugin: Callable[[BinaryIO | CountedReads], Image] = getattr(
            import_module(module), attribute
        )
    except ImportError as error:
        raise UnsupportedMediaError(
            name,
            f"is a {format_name} image, which needs the package '{module.split('.')[0]}' "
            "on this machine",
        ) from error
    return plugin


@contextmanager
def within_pillows_limit(name: str) -> Iterator[None]:
    """Say what is wrong where Pillow applies its own limit of pixels, as some of its parts do.

    Raises:
        MediaTooLargeError: so it does.
    """
    from PIL.Image import DecompressionBombError

    try:
        yield
    except DecompressionBombError as error:
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
    """Refuse a JPEG of thousands of scans, each of which passes over the whole picture.

    One that is not progressive may have as many: whatever its components, they may be repeated.
    """
    if image.format != "JPEG":
        return
    most = _SCAN_PASSES * limits.image_pixels // (image.width * image.height)
    at = file.tell()
    # A marker cannot occur within the coded data, so there are no more scans than its bytes; but
    # they may occur by chance in a preview, or in a video behind the picture.
    if may_have_scans(file, most) and count_scans(file, most) > most:
        raise MediaTooLargeError(name, "is a JPEG of far too many scans")
    file.seek(at)


def picture_turn(image: Image) -> int:
    """The orientation that the EXIF of a picture states, from 1, which is upright, to 8."""
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
