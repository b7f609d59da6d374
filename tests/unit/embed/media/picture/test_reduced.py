"""JPEGs decoded at a fraction of their size: as small as may be, and else as if they were not."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import PIL.Image
import pytest
from media_files import photo, saved

from anysense.embed.errors import CorruptMediaError, MediaError, MediaTooLargeError
from anysense.embed.limits import Limits
from anysense.embed.media.image import read_image
from anysense.embed.media.picture.budget import PIXELS
from anysense.embed.media.picture.scans import is_one_scan
from anysense.embed.media.pieces import Piece, ReadOptions, read_pieces


def large(width: int = 1200, height: int = 900) -> PIL.Image.Image:
    """A picture of soft blots, of which no two parts are alike."""
    blots = np.random.default_rng(0).integers(0, 256, (height // 60, width // 60, 3), np.uint8)
    return PIL.Image.fromarray(blots).resize((width, height), PIL.Image.Resampling.BICUBIC)


def pieces(data: bytes, *sides: int | None) -> list[Piece]:
    _, found = read_pieces(data, ReadOptions(sides=frozenset(sides)))
    return list(found)


def pixels(piece: Piece) -> Any:
    assert isinstance(piece.content, PIL.Image.Image)
    return np.asarray(piece.content)


@pytest.mark.parametrize(
    ("side", "size"),
    [
        (None, (1200, 900)),
        (900, (1200, 900)),
        (451, (1200, 900)),
        (450, (600, 450)),
        (225, (300, 225)),
        (112, (150, 113)),
        (1, (150, 113)),
    ],
)
def test_a_jpeg_has_as_few_pixels_as_may_be(side: int | None, size: tuple[int, int]) -> None:
    data = saved(large(), "JPEG")
    assert read_image(data, side=side).size == size
    [piece] = pieces(data, side)
    assert pixels(piece).shape == (*size[::-1], 3)


@pytest.mark.parametrize("file_format", ["PNG", "WebP", "TIFF", "BMP", "GIF"])
def test_others_are_decoded_whole_for_everyone(file_format: str) -> None:
    [piece] = pieces(saved(large(), file_format), 100, 400, None)
    assert pixels(piece).shape == (900, 1200, 3)
    assert all(piece.is_for(side) for side in (100, 400, None))


KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "baseline": ("RGB", {}),
    "4:4:4": ("RGB", {"subsampling": 0}),
    "progressive": ("RGB", {"progressive": True}),
    "grey": ("L", {}),
    "CMYK": ("CMYK", {}),
    "with restarts": ("RGB", {"restart_marker_rows": 1}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_smaller_picture_shows_the_same(kind: str) -> None:
    mode, options = KINDS[kind]
    data = saved(large().convert(mode), "JPEG", quality=90, **options)
    small, whole = read_image(data, side=200), read_image(data)
    assert (small.mode, small.size) == ("RGB", (300, 225))
    differences = np.abs(np.subtract(small, whole.reduce(4), dtype=np.float32))
    assert differences.mean() < 1.5


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_smaller_picture_is_upright(orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    data = saved(photo().resize((1280, 960)), "JPEG", exif=exif.tobytes())
    small, whole = read_image(data, side=200), read_image(data)
    assert small.size == tuple(side // 4 for side in whole.size)
    assert np.abs(np.subtract(small, whole.reduce(4), dtype=np.float32)).mean() < 1.5


def test_whoever_needs_less_gets_what_they_would_get_alone() -> None:
    data = saved(large(), "JPEG")
    together = pieces(data, None, 420, 400, 200)
    assert [pixels(piece).shape[0] for piece in together] == [900, 450, 225]
    assert [sorted(p.sides or (), key=str) for p in together] == [[None], [400, 420], [200]]
    for piece in together:
        for side in piece.sides or ():
            [alone] = pieces(data, side)
            assert np.array_equal(pixels(piece), pixels(alone))


def test_the_words_in_a_file_are_read_once() -> None:
    exif = PIL.Image.Exif()
    exif[0x010E] = "A lighthouse in the evening"
    data = saved(large(), "JPEG", exif=exif.tobytes())
    found = [piece.content for piece in pieces(data, None, 400)]
    assert found[2:] == ["A lighthouse in the evening"]


@pytest.mark.parametrize("kind", ["baseline", "progressive", "grey", "4:4:4"])
@pytest.mark.parametrize("ending", [b"", b"\xff\xd9", bytes(200)])
def test_a_cut_jpeg_is_read_as_if_it_were_decoded_whole(kind: str, ending: bytes) -> None:
    mode, options = KINDS[kind]
    data = saved(large().convert(mode), "JPEG", quality=90, **options)
    complete = []
    for share in (0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99, 1.0):
        cut = data[: int(len(data) * share)] + ending
        try:
            [whole] = pieces(cut, None)
        except CorruptMediaError:
            with pytest.raises(CorruptMediaError):
                pieces(cut, 200)
            continue
        [small] = pieces(cut, 200)
        assert small.is_complete == whole.is_complete
        if not whole.is_complete:
            assert np.array_equal(pixels(small), pixels(whole))
        complete.append(whole.is_complete)
    assert False in complete
    assert True in complete


def outcome(data: bytes, side: int | None) -> str:
    """That a picture is read, or why not."""
    try:
        read_image(data, side=side)
    except MediaError as error:
        return str(error)
    return ""


def test_damage_within_is_refused_or_read_as_before() -> None:
    data = bytearray(saved(large(), "JPEG"))
    rng = np.random.default_rng(1)
    outcomes = set()
    for at in (*rng.integers(0, 700, 60), *rng.integers(700, len(data), 20)):  # tables, codes
        broken = data.copy()
        broken[at] ^= 0xFF
        assert outcome(bytes(broken), 200) == outcome(bytes(broken), None)
        outcomes.add(outcome(bytes(broken), 200))
    assert len(outcomes) > 1


def test_limits_are_of_the_picture_as_it_is_stored() -> None:
    data = saved(large(), "JPEG")
    with pytest.raises(MediaTooLargeError, match="1200 x 900 pixels"):
        read_image(data, Limits(image_pixels=1_000_000), side=100)


@pytest.mark.parametrize(
    ("options", "share"), [({}, 6_000_000), ({"progressive": True}, 24_000_000)]
)
def test_the_budget_counts_what_is_decoded(
    options: dict[str, Any], share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    monkeypatch.setattr(PIXELS, "take", taken.append)
    monkeypatch.setattr(PIXELS, "give", lambda pixels: None)
    data = saved(PIL.Image.new("RGB", (6000, 4000), "red"), "JPEG", **options)
    assert read_image(data, side=2000).size == (3000, 2000)
    assert taken == [share]  # libjpeg holds all of a progressive one


def test_what_is_in_one_scan_is_told() -> None:
    plain, grey = saved(large(), "JPEG"), saved(large().convert("L"), "JPEG")
    assert is_one_scan(io.BytesIO(plain))
    assert is_one_scan(io.BytesIO(grey))
    assert not is_one_scan(io.BytesIO(saved(large(), "JPEG", progressive=True)))
    at = plain.index(b"\xff\xda")
    assert plain[at + 4] == 3
    of_one_component = plain[: at + 4] + b"\x01" + plain[at + 5 :]
    assert not is_one_scan(io.BytesIO(of_one_component))
    assert not is_one_scan(io.BytesIO(plain[:at]))
