"""A picture that lost its end is read as far as it is there, and says so."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest
from media_files import photo, saved

from anysense.embed.errors import CorruptMediaError, MediaError
from anysense.embed.media.image import read_image
from anysense.embed.media.pieces import ReadOptions, read_pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHOLE = 200, 160  # pixels


def noise(width: int = WHOLE[0], height: int = WHOLE[1]) -> PIL.Image.Image:
    """A picture of which no two parts are alike, of soft blots that a JPEG keeps."""
    blots = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return PIL.Image.fromarray(blots).resize((width, height), PIL.Image.Resampling.BICUBIC)


def piece(data: bytes) -> tuple[NDArray[np.uint8], bool]:
    """The pixels of a picture, and whether it is complete."""
    _, pieces = read_pieces(data, ReadOptions())
    first = next(pieces)
    assert isinstance(first.content, PIL.Image.Image)
    return np.asarray(first.content), first.is_complete


FORMATS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 90},
    "JPEG 4:4:4": {"quality": 90, "subsampling": 0},
    "JPEG with restarts": {"quality": 90, "restart_marker_rows": 1},
    "JPEG grey": {"quality": 90},
    "PNG": {},
    "GIF": {"interlace": 0},
    "BMP": {},
    "TIFF": {},
}


def example(name: str) -> bytes:
    picture = noise().convert("L") if "grey" in name else noise()
    return saved(picture, name.split()[0], **FORMATS[name])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("share", [0.6, 0.8, 0.97])
def test_what_is_there_is_read_and_the_rest_is_grey(name: str, share: float) -> None:
    data = example(name)
    whole, _ = piece(data)
    part, is_complete = piece(data[: int(len(data) * share)])
    assert not is_complete
    assert part.shape == whole.shape
    alike = (np.abs(part.astype(int) - whole) <= 2).all(axis=(1, 2)).mean()
    assert share - 0.25 < alike < share + 0.15
    # The rows of a BMP begin with the last one.
    missing = part[:4, -16:] if name == "BMP" else part[-4:, -16:]
    assert np.abs(missing.astype(int) - 128).max() <= 1


@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_of_which_a_tenth_is_there_is_refused_with_the_share(name: str) -> None:
    data = example(name)
    with pytest.raises(CorruptMediaError, match=r"truncated \(only \d+ % of it is there\)"):
        read_image(data[: len(data) // 5])


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("after", [b"", b"\0" * 5000])
def test_a_jpeg_without_its_end_marker_has_every_pixel(progressive: bool, after: bytes) -> None:
    data = saved(noise(), "JPEG", progressive=progressive)
    whole, _ = piece(data)
    for lost in (1, 2):
        part, is_complete = piece(data[:-lost] + after)
        assert is_complete
        assert np.array_equal(part, whole)
    for lost in (4, 10, 300):
        part, is_complete = piece(data[:-lost] + after)
        assert not is_complete
        assert not np.array_equal(part, whole)


def test_a_jpeg_whose_end_was_made_up_is_not_complete() -> None:
    data = saved(noise(), "JPEG")
    whole = piece(data + b"\xff\xd9")
    assert whole[1]
    part, is_complete = piece(data[: len(data) * 3 // 4] + b"\xff\xd9")
    assert not is_complete
    assert np.array_equal(part[:80], whole[0][:80])


def test_a_jpeg_may_be_followed_by_another_instead_of_its_end() -> None:
    data = saved(noise(), "JPEG")
    for lost, is_complete in ((2, True), (300, False)):
        part = piece(data[:-lost] + saved(photo(), "JPEG"))
        assert part[1] is is_complete
        assert np.array_equal(part[0][:100], np.asarray(read_image(data))[:100])


def test_a_picture_that_ends_in_grey_is_complete() -> None:
    picture = noise()
    picture.paste((128, 128, 128), (0, 120, *WHOLE))
    assert piece(saved(picture, "JPEG"))[1]
    assert piece(saved(picture, "JPEG")[:-2])[1]
    assert piece(saved(PIL.Image.new("L", (64, 64), 128), "JPEG"))[1]


@pytest.mark.parametrize("share", [0.35, 0.5, 0.7, 0.9])
def test_a_progressive_jpeg_is_coarse_where_scans_are_lost(share: float) -> None:
    picture = noise(400, 320)
    data = saved(picture, "JPEG", progressive=True, quality=90)
    part, is_complete = piece(data[: int(len(data) * share)])
    assert not is_complete
    assert np.abs(part.astype(int) - np.asarray(picture)).mean() < 30


def test_every_cut_of_a_progressive_jpeg_is_read_or_refused_in_words() -> None:
    data = saved(noise(128, 96), "JPEG", progressive=True)
    for end in range(3, len(data), 7):
        with suppress(MediaError):
            assert piece(data[:end])[0].shape == (96, 128, 3)


def interlaced(picture: PIL.Image.Image) -> bytes:
    """A PNG in Adam7 passes, which Pillow does not write."""
    import struct
    import zlib

    pixels = np.asarray(picture)
    rows = b""
    for left, top, across, down in (
        *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)),
        (0, 1, 1, 2),
    ):
        for row in pixels[top::down, left::across]:
            rows += b"\0" + row.tobytes()
    head = struct.pack(">IIBBBBB", *picture.size, 8, 2, 0, 0, 1)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks
    )


def test_interlaced_pictures_are_coarse_where_passes_are_lost() -> None:
    picture = noise(320, 240)
    for data in (interlaced(picture), saved(picture, "GIF", interlace=1)):
        whole, is_complete = piece(data)
        assert is_complete
        part, is_complete = piece(data[: int(len(data) * 0.6)])
        assert not is_complete
        assert np.abs(part.astype(int) - whole).mean() < 30
        with pytest.raises(CorruptMediaError, match="only"):
            read_image(data[: len(data) // 50])


def test_a_png_that_lacks_only_its_last_chunk_is_complete() -> None:
    data = saved(noise(), "PNG")
    for lost in (1, 4, 12):
        assert piece(data[:-lost])[1]
    part, is_complete = piece(data[: len(data) * 3 // 4] + bytes(50_000))  # a hole in its place
    assert not is_complete
    assert np.array_equal(part[:100], np.asarray(noise())[:100])


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "I;16"])
def test_every_mode_of_a_cut_png_is_filled_with_grey(mode: str) -> None:
    picture = noise().convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = PIL.Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    data = saved(picture, "PNG")
    part, is_complete = piece(data[: len(data) * 7 // 10])
    assert not is_complete
    assert np.array_equal(part[-1], np.full((WHOLE[0], 3), 128))
    assert np.array_equal(part[:60], np.asarray(read_image(data))[:60])


@pytest.mark.parametrize("orientation", [3, 6])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF"])
def test_a_cut_picture_is_turned_upright(file_format: str, orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    data = saved(noise(), file_format, exif=exif.tobytes())
    part, is_complete = piece(data[: len(data) * 3 // 4])
    assert not is_complete
    whole = np.asarray(read_image(data))
    assert part.shape == whole.shape
    there = part[-40:] if orientation == 3 else part[:, -40:]
    expected = whole[-40:] if orientation == 3 else whole[:, -40:]
    assert np.abs(there.astype(int) - expected).max() <= 2


def test_words_of_a_cut_picture_are_read() -> None:
    exif = PIL.Image.Exif()
    exif[0x010E] = "Waves break on the beach"
    data = saved(noise(), "JPEG", exif=exif.tobytes())
    _, pieces = read_pieces(data[: len(data) * 3 // 4], ReadOptions())
    assert "Waves break on the beach" in [p.content for p in pieces]


def test_damage_is_no_cut() -> None:
    data = bytearray(saved(noise(), "PNG"))
    data[len(data) // 2] ^= 1
    with pytest.raises(CorruptMediaError, match="damaged or truncated"):
        read_image(bytes(data))


def test_cutting_asks_nothing_of_the_rest_of_the_process() -> None:
    import PIL.ImageFile

    data = saved(photo(), "JPEG")
    piece(data[:-2])
    assert PIL.ImageFile.LOAD_TRUNCATED_IMAGES is False
    with PIL.Image.open(io.BytesIO(data[:-100])) as picture, pytest.raises(OSError, match="trunc"):
        picture.load()
