"""Animated pictures are videos without sound, of the frames that people see."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from animations import ANIMATED, COLOURS, animation, card, gif, gif_frame
from PIL import Image
from video_files import IMAGE, of, pieces_of, places, seen

from anysense.embed.clips import Clip, VideoInput
from anysense.embed.errors import CorruptMediaError, EmptyMediaError, MediaTooLargeError
from anysense.embed.limits import Limits
from anysense.embed.media.pieces import Piece, ReadOptions, read_pieces
from anysense.embed.media.video.clips.cutting import cut_video
from anysense.embed.media.video.facts import is_heard, stated_length
from anysense.embed.media.video.still import read_still
from anysense.embed.types import Kind, Modality

if TYPE_CHECKING:
    from collections.abc import Sequence

CARDS = [card(name) for name in COLOURS]
BLACK = Image.new("RGB", (64, 48), "black")


def moving(file_format: str, seconds: Sequence[float] | float = 1.0, **more: Any) -> bytes:
    return animation(file_format, CARDS, seconds, **more)


def frames_of(data: bytes, **options: object) -> list[Piece]:
    return of(pieces_of(data, **options), IMAGE)


def picture(piece: Piece) -> Image.Image:
    assert isinstance(piece.content, Image.Image)
    return piece.content


def corner(image: Image.Image, at: tuple[int, int] = (2, 2)) -> tuple[int, ...]:
    pixel = image.getpixel(at)
    assert isinstance(pixel, tuple)
    return pixel


@pytest.mark.parametrize("file_format", ANIMATED)
def test_frames_have_their_seconds(file_format: str) -> None:
    pieces = pieces_of(moving(file_format, [1.0, 2.5, 1.5]))
    assert {piece.modality for piece in pieces} == {Modality.IMAGE}
    # One is taken of each second, as of any video: the first that begins in it.
    assert [seen(piece) for piece in pieces] == list(COLOURS)
    assert places(pieces) == [(0.0, 1.0), (1.0, 3.5), (3.5, 5.0)]
    assert all(piece.is_complete for piece in pieces)


@pytest.mark.parametrize("file_format", ANIMATED)
def test_what_is_over_soon_is_more_than_its_first_frame(file_format: str) -> None:
    pieces = frames_of(moving(file_format, 0.2))
    assert [seen(piece) for piece in pieces] == list(COLOURS)
    assert places(pieces) == [(0.0, 0.2), (0.2, 0.4), (0.4, 0.6)]
    many = [card(COLOURS[at % 3]) for at in range(40)]
    assert len(frames_of(animation(file_format, many, 0.02))) == 4
    assert len(frames_of(animation(file_format, many, 0.1), video_fps=2.0)) == 8


@pytest.mark.parametrize("file_format", ANIMATED)
def test_blank_frames_are_left_out(file_format: str) -> None:
    data = animation(file_format, [BLACK, CARDS[0], BLACK, CARDS[2]], 1.0)
    assert places(frames_of(data)) == [(1.0, 2.0), (3.0, 4.0)]


@pytest.mark.parametrize("file_format", ANIMATED)
def test_what_begins_with_nothing_is_found_however_short(file_format: str) -> None:
    dark = [Image.new("RGB", (64, 48), (at, at, at)) for at in range(12)]
    [piece] = frames_of(animation(file_format, [*dark, CARDS[1]], 0.02))
    assert seen(piece) == "lime"
    with pytest.raises(EmptyMediaError, match=r"is an animated .* shows nothing but blank frames$"):
        pieces_of(animation(file_format, dark, 0.02))


@pytest.mark.parametrize("file_format", ANIMATED)
def test_transparency_is_white_as_in_still_pictures(file_format: str) -> None:
    clear = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    frames = []
    for at, name in enumerate(COLOURS):
        frames.append(clear.copy())
        frames[-1].paste(Image.new("RGBA", (30, 20), name), (10 * at, 10))
    more: dict[str, Any] = {"PNG": {"disposal": 1}, "GIF": {"disposal": 2}}.get(file_format, {})
    shown = [picture(piece) for piece in frames_of(animation(file_format, frames, 1.0, **more))]
    assert len(shown) == 3
    for at, (image, channel) in enumerate(zip(shown, range(3), strict=True)):
        assert image.mode == "RGB"
        assert corner(image) == (255, 255, 255)
        inside = corner(image, (10 * at + 15, 20))
        assert inside[channel] == 255
        assert sum(inside) == 255


def test_parts_are_laid_over_what_they_say() -> None:
    full = gif_frame(Image.new("L", (64, 48), 1), delay=100)
    patch = Image.new("L", (32, 24), 2)
    kept = gif_frame(patch, (0, 0), delay=100, disposal=1)
    gone = gif_frame(patch, (32, 24), delay=100, disposal=3)
    hole = Image.new("L", (8, 8), 0)
    last = gif_frame(hole, (0, 0), delay=100, transparent=0)
    shown = [picture(piece) for piece in frames_of(gif(full, kept, gone, last))]
    looks = [(corner(image, (10, 10)), corner(image, (50, 40))) for image in shown]
    red, lime = (255, 0, 0), (0, 255, 0)
    assert looks == [(red, red), (lime, red), (lime, lime), (lime, red)]


def test_a_picture_for_old_programs_is_no_frame() -> None:
    data = animation("PNG", [card("yellow"), *CARDS], 1.0, default_image=True)
    assert [seen(piece) for piece in frames_of(data)] == list(COLOURS)


@pytest.mark.parametrize("file_format", ANIMATED)
def test_clips_are_made_of_the_frames(file_format: str) -> None:
    wanted = VideoInput(seconds=2.0, frames=4)
    pieces = frames_of(moving(file_format), videos=frozenset({wanted}))
    assert all(isinstance(piece.content, Clip) for piece in pieces)
    assert places(pieces) == [(0.0, 2.0), (2.0, 3.0)]


@pytest.mark.parametrize("file_format", ANIMATED)
def test_the_frame_of_a_time_is_the_one_shown_then(file_format: str) -> None:
    data = moving(file_format, [0.5, 0.7, 0.3])
    times = {0.0: 0, 0.49: 0, 0.5: 1, 1.199: 2, 1.1: 1, 1.4: 2, 99.0: 2}
    for seconds, channel in times.items():
        assert corner(read_still(data, seconds, 320))[channel] == 255, seconds
    first = read_still(animation(file_format, [BLACK, *CARDS], 1.0), None, 32)
    assert first.size == (32, 24)
    assert corner(first)[0] == 255


@pytest.mark.parametrize("file_format", ANIMATED)
def test_a_part_of_it_is_a_video_that_browsers_play(file_format: str) -> None:
    out = io.BytesIO()
    cut_video(moving(file_format), 1.0, 2.5, out)
    data = out.getvalue()
    assert stated_length(data) == pytest.approx(1.5, abs=0.1)
    assert not is_heard(data)
    for seconds, channel in ((0.0, 1), (0.9, 1), (1.1, 2)):
        assert np.argmax(corner(read_still(data, seconds, 320))) == channel


@pytest.mark.parametrize("file_format", ANIMATED)
def test_it_says_how_long_it_is_and_is_not_heard(file_format: str) -> None:
    assert stated_length(moving(file_format, [0.5, 0.7, 0.3])) == pytest.approx(1.5)
    assert not is_heard(moving(file_format))
    options = ReadOptions(frozenset({Modality.AUDIO}))
    with pytest.raises(EmptyMediaError, match=r"is an animated .*, which has no sound"):
        list(read_pieces(moving(file_format), options)[1])


@pytest.mark.parametrize("file_format", ANIMATED)
def test_what_was_cut_is_read_as_far_as_it_goes(file_format: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (4, 48, 64, 3), dtype=np.uint8)
    frames = [Image.fromarray(pixels) for pixels in noise]
    data = animation(file_format, frames, 1.0)
    whole, cut = frames_of(data), frames_of(data[: int(0.6 * len(data))])
    assert (len(whole), len(cut)) == (4, 2)
    assert [piece.is_complete for piece in cut] == [True, False]
    for one, other in zip(whole, cut, strict=False):
        assert picture(one).tobytes() == picture(other).tobytes()


def test_a_damaged_frame_ends_it() -> None:
    data = bytearray(moving("PNG"))
    at = data.index(b"fdAT", data.index(b"fdAT") + 4)
    length = int.from_bytes(data[at - 4 : at], "big")
    data[at + 8 : at + 4 + length] = bytes(length - 4)
    data[at + 4 + length : at + 8 + length] = zlib.crc32(data[at : at + 4 + length]).to_bytes(4)
    pieces = frames_of(bytes(data))
    assert [seen(piece) for piece in pieces] == ["red", "lime"]
    assert not pieces[-1].is_complete


def test_a_file_without_a_sound_frame_is_refused() -> None:
    data = bytearray(moving("WEBP"))
    for at in (data.index(b"VP8L"),):
        data[at + 8 : at + 16] = bytes(8)
    with pytest.raises(CorruptMediaError, match="looks like an animated WebP, but is damaged"):
        pieces_of(bytes(data))


@pytest.mark.parametrize("file_format", ANIMATED)
@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(video_pixels=3000), "has frames of 64 x 48 pixels, over the limit of 3,000"),
        (Limits(video_seconds=2.0), "is longer than the limit of 2 s for one animated picture"),
        (Limits(video_frames=2), "has over 2 frames to be encoded"),
        (Limits(animation_pixels=1_000_000), "over 1,000,000 pixels together"),
    ],
)
def test_what_is_too_large_is_refused(file_format: str, limits: Limits, reason: str) -> None:
    with pytest.raises(MediaTooLargeError, match=reason):
        pieces_of(moving(file_format), limits=limits)


@pytest.mark.parametrize(
    ("far_away", "reason"),
    [(10_000, "has frames of 10008 x 10008 pixels"), (60_000, "has more pixels than Pillow reads")],
)
def test_a_frame_that_makes_the_canvas_huge_is_not_decoded(far_away: int, reason: str) -> None:
    small = gif_frame(Image.new("L", (8, 8), 1), delay=100)
    far = bytearray(gif_frame(Image.new("L", (8, 8), 2), (0, 0), delay=100))
    at = far.index(b",")
    far[at + 1 : at + 5] = far_away.to_bytes(2, "little") * 2
    with pytest.raises(MediaTooLargeError, match=reason):
        pieces_of(gif(small, bytes(far), size=(8, 8)))


def test_it_says_what_it_shows_and_when_it_was_taken() -> None:
    data = moving("GIF", comment=b"Waves break on the beach")
    texts = [piece.content for piece in pieces_of(data) if piece.modality is Modality.TEXT]
    assert texts == ["Waves break on the beach"]
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Kamera"
    pieces = frames_of(moving("WEBP", exif=exif.tobytes()))
    assert pieces[-1].said == {"camera": {"make": "Kamera"}}
    assert {picture(piece).size for piece in pieces} == {(48, 64)}


def test_where_only_words_are_wanted_no_frame_is_a_piece() -> None:
    options = ReadOptions(frozenset({Modality.TEXT}))
    data = moving("GIF", comment=b"Waves break on the beach")
    kind, pieces = read_pieces(data, options)
    assert (kind, [piece.modality for piece in pieces]) == (Kind.VIDEO, [Modality.TEXT])
    assert list(read_pieces(moving("PNG"), options)[1]) == []
