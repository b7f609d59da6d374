"""The first frame that shows something stands for an animation."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import PIL.Image
import pytest
from media_files import photo, saved

from anysense.embed.limits import Limits
from anysense.embed.media.image import read_image

FORMATS: dict[str, dict[str, Any]] = {
    "GIF": {"duration": 100},
    "WEBP": {"duration": 100, "lossless": True},
    "PNG": {"duration": 100},
    "AVIF": {"duration": 100},
    "TIFF": {},
}
CLEAR = PIL.Image.new("RGBA", (64, 48), (0, 0, 0, 0))
BLACK = PIL.Image.new("RGB", (64, 48), "black")
GREY = PIL.Image.new("RGB", (64, 48), (90, 90, 90))


def animation(file_format: str, *frames: PIL.Image.Image) -> bytes:
    first, *rest = frames
    return saved(first, file_format, save_all=True, append_images=rest, **FORMATS[file_format])


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("first", [[CLEAR], [BLACK], [CLEAR, BLACK.convert("RGBA")], [BLACK, GREY]])
def test_frames_that_show_nothing_are_passed_over(
    file_format: str, first: list[PIL.Image.Image]
) -> None:
    data = animation(file_format, *first, photo().convert(first[0].mode))
    shown = np.asarray(read_image(data)).astype(int)
    assert np.abs(shown - np.asarray(photo())).mean() < 4


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_picture_of_plain_frames_is_its_first(file_format: str) -> None:
    shown = np.asarray(read_image(animation(file_format, BLACK, GREY)))
    assert shown.max() < 4


@pytest.mark.parametrize("file_format", [f for f in FORMATS if f != "TIFF"])
def test_an_animation_that_fades_in_or_is_drawn_is_what_it_becomes(file_format: str) -> None:
    white = PIL.Image.new("RGB", (64, 48), "white")
    drawn = [white.copy() for _ in range(5)]
    for at, frame in enumerate(drawn):
        frame.paste(photo().crop((0, 0, 64, 12 * at)))
    faded = [PIL.Image.blend(BLACK, photo(), at / 8) for at in range(9)]
    for frames, far in ((drawn, 4), (faded, 80)):
        shown = np.asarray(read_image(animation(file_format, *frames, photo()))).astype(int)
        assert np.abs(shown - np.asarray(photo())).mean() < far


def test_a_title_page_stands_for_its_document() -> None:
    title = PIL.Image.new("RGB", (64, 48), "white")
    title.paste("black", (20, 20, 40, 24))
    shown = read_image(animation("TIFF", PIL.Image.new("RGB", (64, 48), "white"), title, photo()))
    assert np.array_equal(np.asarray(shown), np.asarray(title))


def test_pages_may_have_other_sizes_and_be_too_large() -> None:
    data = animation("TIFF", BLACK, photo(200, 150))
    assert read_image(data).size == (200, 150)
    assert read_image(data, Limits(image_pixels=10_000)).size == (64, 48)


def test_a_first_frame_is_read_whatever_follows_it() -> None:
    data = animation("GIF", BLACK, photo())
    assert read_image(data[: len(data) - 50]).size == (64, 48)


def test_few_frames_are_looked_at() -> None:
    frames = [PIL.Image.new("L", (500, 500), at % 200) for at in range(300)]
    started = time.perf_counter()
    assert np.asarray(read_image(animation("GIF", *frames, photo(500, 500)))).max() < 4
    assert time.perf_counter() - started < 10
