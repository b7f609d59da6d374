"""Small pictures, which are cheap to come by where the format allows it."""

from __future__ import annotations

import numpy as np
import pytest
from media_files import photo, saved
from PIL import Image

from anysense.embed.errors import UnsupportedMediaError
from anysense.embed.media.image import read_image, read_small
from anysense.embed.media.picture.budget import PIXELS


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF"])
def test_a_small_picture_looks_like_the_whole_one(file_format: str) -> None:
    data = saved(photo().resize((1280, 960)), file_format)
    small, whole = read_small(data, 160), read_image(data)
    assert (small.mode, small.size) == ("RGB", (160, 120))
    whole.thumbnail((160, 160))
    differences = np.abs(np.subtract(small, whole, dtype=np.float32))
    assert differences.mean() < 3


def test_a_large_jpeg_is_decoded_at_a_fraction(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    monkeypatch.setattr(PIXELS, "take", taken.append)
    monkeypatch.setattr(PIXELS, "give", taken.remove)
    data = saved(Image.new("RGB", (6000, 4000), "red"), "JPEG")
    assert read_small(data, 320).size == (320, 213)
    assert taken == []


def test_a_jpeg_that_was_cut_is_small_as_far_as_it_is_there() -> None:
    data = saved(photo().resize((1280, 960)), "JPEG")
    assert read_small(data[: len(data) * 8 // 10], 160).size == (160, 120)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(UnsupportedMediaError, match="not an image"):
        read_small(b"%PDF-1.7 and more", 160)
