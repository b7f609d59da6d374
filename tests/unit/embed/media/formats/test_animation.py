"""Whether a picture has several frames, and for how long each is shown, without decoding it."""

from __future__ import annotations

import io

import pytest
from animations import ANIMATED, COLOURS, animation, card, gif, gif_frame
from media_files import photo, saved
from PIL import Image

from anysense.embed.media.formats.animation import Timing, timing_of
from anysense.embed.media.identify import format_of_media

NAMES = {"GIF": "GIF", "WEBP": "WebP", "PNG": "PNG"}
CARDS = [card(name) for name in COLOURS]
SPOT = gif_frame(Image.new("L", (8, 8), 1))


def timing(data: bytes, name: str = "GIF", most: int = 1000) -> Timing:
    found = timing_of(io.BytesIO(data), name, most)
    assert found is not None
    return found


@pytest.mark.parametrize("file_format", ANIMATED)
def test_what_has_several_frames_is_a_video_of_its_type(file_format: str) -> None:
    found = format_of_media(animation(file_format, CARDS, 0.2))
    assert (found.kind, found.container) == ("video", "")
    assert found.media_type == f"image/{file_format.lower()}"


@pytest.mark.parametrize("file_format", ANIMATED)
def test_what_has_one_frame_is_an_image(file_format: str) -> None:
    assert format_of_media(saved(photo(), file_format)).kind == "image"
    assert format_of_media(animation(file_format, CARDS[:1], 0.2)).kind == "image"
    assert format_of_media(saved(photo(), file_format)[:60] + bytes(500)).kind == "image"


def test_a_frame_that_the_file_animates_for_ever_is_an_image() -> None:
    loop = b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    assert format_of_media(gif(loop, SPOT)).kind == "image"
    data = animation("WEBP", CARDS, 0.2)
    second = data.index(b"ANMF", data.index(b"ANMF") + 4)
    alone = data[:second]
    alone = alone[:4] + (len(alone) - 8).to_bytes(4, "little") + alone[8:]
    assert format_of_media(alone).kind == "image"


@pytest.mark.parametrize("file_format", ANIMATED)
def test_each_frame_has_its_seconds(file_format: str) -> None:
    found = timing(animation(file_format, CARDS, [0.5, 1.25, 0.04]), NAMES[file_format])
    assert found.seconds == pytest.approx([0.5, 1.25, 0.04])
    assert found.is_whole


def test_no_time_is_the_one_that_browsers_take() -> None:
    frames = [gif_frame(Image.new("L", (8, 8), 1), delay=delay) for delay in (0, 1, 2, None)]
    assert timing(gif(*frames)).seconds == [0.1, 0.1, 0.02, 0.1]


@pytest.mark.parametrize("file_format", ANIMATED)
@pytest.mark.parametrize("share", [0.5, 0.7, 0.95])
def test_a_cut_file_has_the_frames_that_are_whole(file_format: str, share: float) -> None:
    noise = [Image.effect_noise((64, 48), 90 + at).convert("RGB") for at in range(8)]
    data = animation(file_format, noise, 0.2)
    found = timing(data[: int(len(data) * share)], NAMES[file_format])
    assert not found.is_whole
    assert share * 8 - 2 <= len(found.seconds) <= share * 8
    assert len(timing(data, NAMES[file_format]).seconds) == 8


def test_a_missing_last_byte_is_no_loss() -> None:
    assert timing(gif(SPOT, SPOT)[:-1]).is_whole


def test_junk_between_blocks_is_passed_over() -> None:
    comment = b"!\xfe\x05hello\x00"
    assert len(timing(gif(comment, SPOT, b"\0\0", comment, SPOT)).seconds) == 2


@pytest.mark.parametrize("file_format", ANIMATED)
def test_more_frames_than_asked_about_are_not_counted(file_format: str) -> None:
    data = animation(file_format, CARDS, 0.2)
    assert timing_of(io.BytesIO(data), NAMES[file_format], 2) is None
    assert len(timing(data, NAMES[file_format], 3).seconds) == 3
