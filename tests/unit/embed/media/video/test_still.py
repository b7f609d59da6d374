"""One frame of a video: the one shown at a time, upright and with square pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from media_files import photo
from video_files import CONTAINERS, Scene, colour, film

from anysense.embed.errors import CorruptMediaError, MediaTooLargeError
from anysense.embed.limits import DEFAULT_LIMITS
from anysense.embed.media.files import open_media
from anysense.embed.media.identify import identify
from anysense.embed.media.video.opened import open_video
from anysense.embed.media.video.seeking import frames_from
from anysense.embed.media.video.still import read_still
from anysense.embed.media.video.tracks import video_format

if TYPE_CHECKING:
    from PIL.Image import Image

NAMES = ("red", "lime", "blue", "yellow")
SCENES = [Scene(colour(name), 2.0) for name in NAMES]


def name_of(picture: Image) -> str:
    """Which of the scenes a picture is of."""
    pixel = picture.convert("RGB").getpixel((4, 4))
    assert isinstance(pixel, tuple)
    is_bright = tuple(value > 128 for value in pixel)
    bright = {(1, 0, 0): "red", (0, 1, 0): "lime", (0, 0, 1): "blue", (1, 1, 0): "yellow"}
    return bright[is_bright]


@pytest.mark.parametrize("file_format", sorted(CONTAINERS))
def test_the_frame_of_a_time_is_found_in_every_container(file_format: str) -> None:
    data = film(SCENES, file_format, rate=25)
    for number, name in enumerate(NAMES):
        for seconds in (2 * number, 2 * number + 1.9):
            assert name_of(read_still(data, seconds, 320)) == name, (file_format, seconds)
    assert name_of(read_still(data, 100.0, 320)) == "yellow"  # the last one stays


@pytest.mark.parametrize("file_format", ["mpegts", "matroska", "mp4"])
def test_times_count_from_where_the_video_begins(file_format: str) -> None:
    data = film(SCENES, file_format, start=60.0)
    assert [name_of(read_still(data, at + 0.5, 160)) for at in (0, 2, 4, 6)] == list(NAMES)


def test_a_time_in_thousandths_is_that_of_its_frame() -> None:
    """Frames at a third of a second: hits tell 2.333, which is before 2 1/3."""
    scenes = [Scene(colour("red"), 7 / 3), Scene(colour("blue"), 1.0)]
    data = film(scenes, "matroska", rate=3, times=[at / 3 for at in range(10)])
    assert name_of(read_still(data, 2.333, 160)) == "blue"
    assert name_of(read_still(data, 2.3, 160)) == "red"


def test_frames_are_upright_with_square_pixels_and_small() -> None:
    turned = film([Scene(photo(320, 180))], turned=90)
    assert read_still(turned, 0.5, 2048).size == (180, 320)
    wide = film([Scene(photo(320, 180))], aspect=Fraction(2, 1))
    assert read_still(wide, 0.5, 2048).size == (640, 180)
    assert read_still(wide, 0.5, 160).size == (160, 45)


def test_without_a_time_it_is_the_first_frame_that_shows_anything() -> None:
    dark = Scene(photo(320, 180).point(lambda _: 0), 3.0)
    assert name_of(read_still(film([dark, *SCENES]), None, 160)) == "red"
    assert read_still(film([dark]), None, 160).getextrema()[0][1] < 40


def test_the_way_to_a_frame_is_bounded() -> None:
    """Of a film with one key frame, sixty frames are decoded to come to its sixth second."""
    data = film(SCENES)
    with open_media(data) as file:
        file_format = video_format(file, identify(file, data))
        with (
            open_video(file, file_format, "a", DEFAULT_LIMITS) as video,
            pytest.raises(MediaTooLargeError, match="over 30 frames before 6 s"),
        ):
            next(frames_from(video, 6.0, "a", most=30))


def test_what_is_damaged_is_said() -> None:
    data = film(SCENES)
    with pytest.raises(CorruptMediaError):
        read_still(data[: len(data) // 2], 1.0, 160)  # without its index
