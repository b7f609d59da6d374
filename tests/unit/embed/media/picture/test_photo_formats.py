"""Photos of cameras, JPEG XL, JPEG 2000 and the formats of programs: read as what they show."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from raw_files import dng_bytes

from anysense.embed.errors import (
    CorruptMediaError,
    MediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.limits import Limits
from anysense.embed.media import extras
from anysense.embed.media.identify import format_of_media
from anysense.embed.media.image import picture_pixels, read_image, read_small

if TYPE_CHECKING:
    from pathlib import Path

GREEN = (10, 200, 30)
BLUE = (0, 0, 250)
FEW = Limits(image_pixels=1000)


def written(
    file_format: str, size: tuple[int, int] = (50, 40), mode: str = "RGB", **how: object
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, GREEN if mode == "RGB" else 200).save(out, file_format, **how)
    return out.getvalue()


def jpeg_xl(size: tuple[int, int] = (50, 40), **how: object) -> bytes:
    pytest.importorskip("pillow_jxl")
    return written("JXL", size, **how)


def is_near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 12 for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("how", [{"lossless": True}, {"use_container": True}])
@pytest.mark.parametrize("size", [(64, 64), (100, 37), (640, 480), (513, 7), (8, 1)])
def test_jpeg_xl(size: tuple[int, int], how: dict[str, bool]) -> None:
    data = jpeg_xl(size, **how)
    assert format_of_media(data).media_type == "image/jxl"
    assert picture_pixels(data) == size[0] * size[1]
    picture = read_image(data)
    assert picture.size == size
    assert is_near(picture.getpixel((0, 0)), GREEN)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_cut_jpeg_xl_is_said_to_be_cut_and_nothing_of_libjxl(share: float) -> None:
    pytest.importorskip("pillow_jxl")
    out = io.BytesIO()
    Image.effect_noise((64, 64), 80).convert("RGB").save(out, "JXL")
    data = out.getvalue()
    with pytest.raises(CorruptMediaError, match=r"but is damaged or truncated$"):
        read_image(data[: int(len(data) * share)])


def test_a_jpeg_in_jpeg_xl(tmp_path: Path) -> None:
    pytest.importorskip("pillow_jxl")
    (tmp_path / "a.jpg").write_bytes(written("JPEG"))
    with Image.open(tmp_path / "a.jpg") as jpeg:
        out = io.BytesIO()
        jpeg.save(out, "JXL", lossless_jpeg=True)
    assert is_near(read_image(out.getvalue()).getpixel((0, 0)), GREEN)


def test_jpeg_xl_is_measured_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    pillow_jxl = pytest.importorskip("pillow_jxl")
    data = jpeg_xl()
    monkeypatch.setattr(pillow_jxl, "Decoder", None)
    with pytest.raises(MediaTooLargeError, match="50 x 40 pixels"):
        read_image(data, FEW)


@pytest.mark.parametrize(
    ("file_format", "mode", "how"),
    [
        ("JPEG2000", "RGB", {}),
        ("JPEG2000", "L", {"no_jp2": True}),
        ("PPM", "RGB", {}),
        ("PPM", "L", {}),
        ("PPM", "1", {}),
    ],
)
def test_formats_of_programs(file_format: str, mode: str, how: dict[str, bool]) -> None:
    data = written(file_format, mode=mode, **how)
    assert read_image(data).size == (50, 40)
    with pytest.raises(MediaTooLargeError, match="50 x 40 pixels"):
        read_image(data, FEW)


@pytest.mark.parametrize("kind", ["P2", "P3"])
def test_netpbm_in_letters_is_told_by_its_name(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.ppm").write_text(f"{kind}\n# made\n2 1\n255\n1 0 0 0 1 0\n")
    assert read_image(tmp_path / "a.ppm").size == (2, 1)
    (tmp_path / "a.txt").write_bytes((tmp_path / "a.ppm").read_bytes())
    assert format_of_media(tmp_path / "a.txt").name == "text"


def test_a_raw_photo_is_the_jpeg_of_its_camera() -> None:
    pytest.importorskip("rawpy")
    picture = read_image(dng_bytes(preview=BLUE))
    assert picture.size == (48, 24)
    assert is_near(picture.getpixel((5, 5)), BLUE)
    assert read_image(dng_bytes(preview=BLUE, orientation=6)).size == (24, 48)


@pytest.mark.parametrize("data", [dng_bytes(), dng_bytes(preview=BLUE, preview_side=8)])
def test_without_a_large_one_it_is_half_of_its_pixels(data: bytes) -> None:
    pytest.importorskip("rawpy")
    picture = read_image(data)
    assert picture.size == (32, 32)
    red, green, _ = picture.getpixel((5, 5))  # type: ignore[misc]
    assert red > 2 * green
    assert read_small(data, 16).size == (16, 16)


def test_a_raw_photo_is_measured_first() -> None:
    pytest.importorskip("rawpy")
    with pytest.raises(MediaTooLargeError, match="64 x 64 pixels"):
        read_image(dng_bytes(), FEW)


def test_a_tiff_that_is_named_like_a_raw_photo_is_none(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    (tmp_path / "a.nef").write_bytes(written("TIFF"))
    with pytest.raises(CorruptMediaError, match="RAW photo, but is damaged or of a camera not"):
        read_image(tmp_path / "a.nef")
    assert format_of_media(written("TIFF")).name == "TIFF"


def test_a_motion_photo_is_its_picture() -> None:
    film = (24).to_bytes(4, "big") + b"ftypmp42" + bytes(12) + bytes(range(256)) * 40
    picture = read_image(written("JPEG", (64, 48)) + film)
    assert picture.size == (64, 48)
    assert is_near(picture.getpixel((60, 40)), GREEN)


@pytest.mark.parametrize(
    ("data", "command"),
    [
        (dng_bytes(), r"a RAW photo, which needs an extra: pip install 'anysense\[raw\]'"),
        (b"\xff\x0a" + bytes(60), r"a JPEG XL image, .*\[jxl\]"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", r"an SVG drawing, .*\[svg\]"),
    ],
)
def test_without_its_extra_a_picture_says_so(
    monkeypatch: pytest.MonkeyPatch, data: bytes, command: str
) -> None:
    monkeypatch.setattr(extras, "has_packages", lambda names: False)
    with pytest.raises(UnsupportedMediaError, match=command):
        read_image(data)


@pytest.mark.parametrize(
    "whole", [written("JPEG2000"), written("PPM"), dng_bytes(), dng_bytes()[:4000]]
)
def test_what_is_cut_short_is_an_error_of_a_sentence(whole: bytes) -> None:
    for length in (20, 100, len(whole) // 2):
        with pytest.raises(MediaError) as error:
            read_image(whole[:length])
        assert "\n" not in str(error.value)
