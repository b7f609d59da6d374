"""Pictures of every format and mode come out as upright 8-bit RGB, and bad ones as one sentence."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest
from media_files import photo, saved, sndfile, tone

from anysense.embed.errors import (
    CorruptMediaError,
    MediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.limits import Limits
from anysense.embed.media.image import as_rgb, read_image, read_small

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 200, 20), (20, 20, 220), (255, 255, 255)
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF"]


def corners(picture: Image) -> list[tuple[int, ...]]:
    """Upper left, upper right, lower left, lower right: inside each quarter."""
    wide, high = picture.width * 3 // 4, picture.height * 3 // 4
    low, left = picture.height // 4, picture.width // 4
    places = [(left, low), (wide, low), (left, high), (wide, high)]
    return [tuple(np.asarray(picture)[y, x].tolist()) for x, y in places]


def assert_corners(picture: Image, expected: list[tuple[int, int, int]], within: int = 8) -> None:
    assert picture.mode == "RGB"
    assert np.abs(np.subtract(corners(picture), expected)).max() <= within, corners(picture)


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_is_read_from_a_file_and_from_its_bytes(
    file_format: str, tmp_path: Path
) -> None:
    data = saved(photo(), file_format)
    path = tmp_path / "picture.anything"
    path.write_bytes(data)
    picture = read_image(path)
    assert picture.size == (64, 48)
    assert_corners(picture, [RED, GREEN, BLUE, WHITE])
    assert read_image(data).tobytes() == picture.tobytes()


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(file_format: str, orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    # What a camera held that way stores: the upright picture, turned by the inverse.
    inverse = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    turn = inverse.get(orientation)
    stored = photo() if turn is None else photo().transpose(PIL.Image.Transpose(turn))
    picture = read_image(saved(stored, file_format, exif=exif.tobytes()))
    assert picture.size == (64, 48)
    assert_corners(picture, [RED, GREEN, BLUE, WHITE])
    assert picture.getexif().get(0x0112, 1) == 1  # or someone would turn it again


def test_broken_exif_leaves_the_picture_readable() -> None:
    broken = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(range(40))
    assert_corners(read_image(saved(photo(), "JPEG", exif=broken)), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_transparency_shows_white(file_format: str) -> None:
    picture = photo().convert("RGBA")
    picture.putalpha(0)
    picture.paste((220, 20, 20, 255), (0, 0, 32, 24))
    picture.paste((0, 0, 0, 128), (32, 0, 64, 24))
    expected = [RED, (127, 127, 127), WHITE, WHITE]
    assert_corners(read_image(saved(picture, file_format, lossless=True)), expected)


def test_opaque_alpha_changes_nothing() -> None:
    assert_corners(read_image(saved(photo().convert("RGBA"), "PNG")), [RED, GREEN, BLUE, WHITE], 0)


@pytest.mark.parametrize("mode", ["LA", "La", "PA", "RGBa"])
def test_every_mode_with_alpha_is_flattened(mode: str) -> None:
    picture = photo().convert("RGBA")
    picture.paste((0, 0, 0, 0), (32, 0, 64, 24))
    step = {"La": "LA", "RGBa": "RGBA", "PA": "P"}.get(mode, mode)
    picture = picture.convert(step) if mode != "PA" else picture.convert("RGB").convert("P")
    if mode == "PA":
        picture = picture.convert("PA")
        picture.putalpha(photo().convert("RGBA").getchannel("A").point(lambda _: 0))
    else:
        picture = picture.convert(mode)
    shown = corners(as_rgb(picture))
    assert as_rgb(picture).mode == "RGB"
    assert shown[1] == WHITE
    assert shown[0] == (WHITE if mode == "PA" else shown[0])


@pytest.mark.parametrize("file_format", ["GIF", "PNG"])
def test_palettes_may_have_a_transparent_colour(file_format: str) -> None:
    picture = PIL.Image.new("P", (64, 48), 0)
    picture.putpalette([*RED, *GREEN, *BLUE, 0, 0, 0])
    picture.paste(1, (32, 0, 64, 24))
    picture.paste(2, (0, 24, 32, 48))
    picture.paste(3, (32, 24, 64, 48))
    assert_corners(read_image(saved(picture, file_format)), [RED, GREEN, BLUE, (0, 0, 0)], 0)
    assert_corners(
        read_image(saved(picture, file_format, transparency=3)), [RED, GREEN, BLUE, WHITE], 0
    )


def test_palette_with_several_alphas() -> None:
    picture = PIL.Image.new("P", (64, 48), 0)
    picture.putpalette([*RED, 0, 0, 0])
    picture.paste(1, (32, 0, 64, 24))
    data = saved(picture, "PNG", transparency=bytes([255, 128]))
    assert_corners(read_image(data), [RED, (127, 127, 127), RED, RED], 1)


def test_one_grey_may_be_transparent() -> None:
    picture = photo().convert("L")
    grey = picture.getpixel((50, 10))
    shown = read_image(saved(picture, "PNG", transparency=grey))
    assert corners(shown)[1] == WHITE
    assert corners(shown)[0] == (picture.getpixel((10, 10)),) * 3


@pytest.mark.parametrize("file_format", ["JPEG", "TIFF"])
def test_cmyk(file_format: str) -> None:
    picture = photo().convert("CMYK")
    assert_corners(read_image(saved(picture, file_format, quality=100)), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "LAB"])
def test_other_colour_spaces(mode: str) -> None:
    if mode == "LAB":
        from PIL import ImageCms

        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        picture = ImageCms.profileToProfile(photo(), srgb, lab, outputMode="LAB")
        assert picture is not None
        assert_corners(read_image(saved(picture, "TIFF")), [RED, GREEN, BLUE, WHITE])
    else:
        picture = photo().convert(mode)
    assert_corners(as_rgb(picture), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_16_bit_greys_are_scaled_not_cut(file_format: str) -> None:
    greys = np.zeros((48, 64), np.uint16)
    greys[:24, 32:], greys[24:, :32], greys[24:, 32:] = 257 * 40, 257 * 128, 65535
    picture = PIL.Image.fromarray(greys)
    assert picture.mode == "I;16"
    expected = [(0,) * 3, (40,) * 3, (128,) * 3, WHITE]
    assert corners(read_image(saved(picture, file_format))) == expected


def test_16_bit_greys_of_the_other_byte_order() -> None:
    greys = np.full((8, 8), 257 * 99, np.uint16)
    picture = PIL.Image.frombytes("I;16B", (8, 8), greys.astype(">u2").tobytes())
    assert np.asarray(as_rgb(picture)).tolist() == [[[99] * 3] * 8] * 8


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG built by hand, for what Pillow does not write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_16_bit_rgb_and_alpha() -> None:
    colours = struct.pack(">HHH", 257 * 220, 257 * 20, 257 * 20)
    assert corners(read_image(png(4, 4, 16, 2, (b"\0" + colours * 4) * 4))) == [RED] * 4
    half = colours + struct.pack(">H", 0)
    assert corners(read_image(png(4, 4, 16, 6, (b"\0" + half * 4) * 4))) == [WHITE] * 4


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "BMP"])
def test_one_bit(file_format: str) -> None:
    picture = PIL.Image.new("1", (64, 48), 1)
    picture.paste(0, (0, 0, 32, 24))
    assert corners(read_image(saved(picture, file_format))) == [(0, 0, 0), WHITE, WHITE, WHITE]


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(0.0, 1.0, 255), (0.0, 100.0, 100), (-5.0, 1000.0, 255), (7.0, 7.0, 7)],
)
def test_floats_are_scaled_by_their_range(low: float, high: float, shown: int) -> None:
    values = np.full((48, 64), high, np.float32)
    values[:24, :32] = low
    found = corners(read_image(saved(PIL.Image.fromarray(values), "TIFF")))
    assert found[3] == (shown,) * 3
    assert found[0] == ((shown,) * 3 if low == high else (0, 0, 0))


def test_floats_that_are_no_numbers_are_black() -> None:
    values = np.full((48, 64), 1.0, np.float32)
    values[:24, :32], values[24:, :32] = np.nan, 0.5
    found = corners(read_image(saved(PIL.Image.fromarray(values), "TIFF")))
    assert found[3] == WHITE
    nothing = PIL.Image.fromarray(np.full((8, 8), np.nan, np.float32))
    assert corners(read_image(saved(nothing, "TIFF"))) == [(0, 0, 0)] * 4


@pytest.mark.parametrize(("high", "shown"), [(200, 200), (65535, 255), (1 << 30, 255)])
def test_32_bit_integers_are_scaled_by_their_range(high: int, shown: int) -> None:
    values = np.zeros((48, 64), np.int32)
    values[24:, 32:] = high
    found = corners(read_image(saved(PIL.Image.fromarray(values), "TIFF")))
    assert found == [(0, 0, 0)] * 3 + [(shown,) * 3]


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "TIFF", "PNG", "AVIF"])
def test_the_first_of_several_frames_is_read(file_format: str) -> None:
    second = PIL.Image.new("RGB", (64, 48), "black")
    data = saved(photo(), file_format, save_all=True, append_images=[second])
    assert_corners(read_image(data), [RED, GREEN, BLUE, WHITE])


def test_progressive_jpeg() -> None:
    assert_corners(read_image(saved(photo(), "JPEG", progressive=True)), [RED, GREEN, BLUE, WHITE])


def test_an_opened_picture_gives_what_its_file_gives(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "photo.jpg"
    path.write_bytes(saved(photo(), "JPEG", exif=exif))
    with PIL.Image.open(path) as picture:
        assert as_rgb(picture).tobytes() == read_image(path).tobytes()
    assert as_rgb(read_image(path)).size == (48, 64)  # not turned twice


def test_rgb_passes_through_as_it_is() -> None:
    picture = photo()
    assert as_rgb(picture) is picture


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_what_cannot_be_shown_of_truncated_pictures_is_refused(
    file_format: str, share: float, tmp_path: Path
) -> None:
    if share > 0.1 and file_format in ("JPEG", "PNG", "GIF", "TIFF", "BMP"):
        return  # they are read as far as they are there
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    data = saved(PIL.Image.fromarray(noise), file_format)
    path = tmp_path / "cut.img"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CorruptMediaError, match="damaged or truncated") as caught:
        read_image(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_pixel_limit_holds_for_every_format(file_format: str) -> None:
    data = saved(photo(), file_format)
    with pytest.raises(MediaTooLargeError, match="64 x 48 pixels"):
        read_image(data, Limits(image_pixels=64 * 48 - 1))
    assert read_image(data, Limits(image_pixels=64 * 48)).size == (64, 48)


def test_a_bomb_is_refused_by_its_header_alone() -> None:
    # Nearly 2^60 pixels, of which not one is there: decoding them could only fail otherwise.
    with pytest.raises(MediaTooLargeError, match="over the limit"):
        read_image(png(1 << 30, 1 << 30, 8, 2, b""))


def test_a_picture_over_pillows_own_limit_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 1000)
    assert read_image(saved(photo(), "PNG")).size == (64, 48)
    if int(PIL.__version__.split(".")[0]) >= 13:  # since when this plugin applies it by itself
        with pytest.raises(MediaTooLargeError, match="Pillow"):
            read_image(saved(photo(), "WEBP"))


def with_scans(count: int, *, progressive: bool) -> bytes:
    """A JPEG whose first scan is there so many times, of one colour alone if it is not progressive.

    Such scans may be empty: the coded data of all but the last are.
    """
    data = saved(photo(), "JPEG", progressive=progressive)
    start = data.index(b"\xff\xda")
    if progressive:
        scan = data[start : data.index(b"\xff", start + 2)]
    else:
        scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00"
    return data[:start] + scan * count + data[start:]


@pytest.mark.parametrize("progressive", [True, False])
def test_a_jpeg_of_countless_scans_is_refused(progressive: bool) -> None:
    limits = Limits(image_pixels=64 * 48)
    with pytest.raises(MediaTooLargeError, match="scans"):
        read_image(with_scans(200, progressive=progressive), limits)
    with pytest.raises(MediaTooLargeError, match="scans"):
        read_small(with_scans(200, progressive=progressive), 16, limits)
    assert read_image(with_scans(10, progressive=progressive), limits).size == (64, 48)


@pytest.mark.parametrize(
    ("file_format", "start", "part"),
    [
        ("JPEG", b"\xff\xdb", b"\xff\xe5\x00\x02"),
        ("GIF", b"\x2c\x00\x00\x00\x00", b"!\xfe\x01a\x00"),
    ],
)
def test_a_picture_of_countless_parts_is_refused(
    file_format: str, start: bytes, part: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anysense.embed.media.picture.counted.MOST_READS", 20_000)
    data = saved(photo(), file_format)
    place = data.index(start)
    for count, is_read in ((1000, True), (20_000, False)):
        many = data[:place] + part * count + data[place:]
        if is_read:
            assert read_image(many).size == (64, 48)
            continue
        with pytest.raises(MediaTooLargeError, match="too many parts"):
            read_image(many)
        if file_format == "JPEG":
            with pytest.raises(MediaTooLargeError, match="too many parts"):
                read_small(many, 16)


@pytest.mark.parametrize("progressive", [True, False])
def test_what_only_looks_like_scans_is_none(progressive: bool) -> None:
    data = saved(photo(), "JPEG", progressive=progressive)
    preview = b"\xff\xe2" + (2 + 2 * 1000).to_bytes(2, "big") + b"\xff\xda" * 1000
    data = data[:2] + preview + data[2:] + b"\xff\xda" * 100_000  # and a video
    assert read_image(data, Limits(image_pixels=64 * 48)).size == (64, 48)


def test_images_without_pixels_are_refused() -> None:
    with pytest.raises(MediaError):
        read_image(png(0, 4, 8, 2, b""))


def test_what_is_no_picture_is_named() -> None:
    with pytest.raises(UnsupportedMediaError, match="is a WAV recording, not an image"):
        read_image(sndfile(tone()))
