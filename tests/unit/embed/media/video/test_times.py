"""Frames and sound keep their times, whatever cameras, programs and accidents do to a video."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from video_files import (
    AUDIO,
    CONTAINERS,
    IMAGE,
    RATE,
    SCENES,
    film,
    of,
    pieces_of,
    places,
    seen,
    tones,
)

from anysense.embed.errors import CorruptMediaError
from anysense.embed.types import Waveform

if TYPE_CHECKING:
    from anysense.embed.media.pieces import Piece

HALVES = {"mp4": {"movflags": "faststart"}, "mov": {"movflags": "faststart"}}
"""So that a file whose end is missing has its index."""


def starts(pieces: list[Piece]) -> list[float]:
    return [start for start, _ in places(of(pieces, IMAGE))]


def hertz(piece: Piece) -> float:
    """The strongest frequency of a sound."""
    assert isinstance(piece.content, Waveform)
    spectrum = np.abs(np.fft.rfft(piece.content.samples))
    return float(spectrum.argmax() / piece.content.seconds)


@pytest.mark.parametrize(
    ("container", "start"), [("mpegts", 0), ("mpegts", 50_000), ("matroska", 100), ("mp4", 7)]
)
def test_times_count_from_the_start_of_the_video(container: str, start: float) -> None:
    pieces = pieces_of(film(SCENES, container, start=start))
    assert starts(pieces) == pytest.approx(starts(pieces_of(film(SCENES))), abs=0.1)
    assert places(of(pieces, AUDIO))[0] == pytest.approx((0.0, 6.0), abs=0.1)
    assert all(piece.is_complete for piece in pieces)


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_frames_of_a_variable_rate_have_their_own_times(container: str) -> None:
    times = [0, 0.1, 0.2, 0.3, 2.0, 2.5, 2.6, 4.0, 4.01, 5.7]
    pieces = pieces_of(film(SCENES, container, times=times))
    assert places(of(pieces, IMAGE))[:3] == [(0, 2.0), (2.0, 4.0), (4.0, 5.7)]
    assert [seen(piece) for piece in of(pieces, IMAGE)] == ["red", "lime", "blue", "blue"]


@pytest.mark.parametrize("container", ["mp4", "matroska", "mpegts"])
def test_sound_that_comes_late_is_heard_late(container: str) -> None:
    pieces = pieces_of(film(SCENES, container, delay=3.0))
    assert places(of(pieces, AUDIO))[0] == pytest.approx((3.0, 9.0), abs=0.1)
    assert places(of(pieces, IMAGE))[-1] == pytest.approx((5.0, 6.0), abs=0.1)


def test_what_was_joined_goes_on_where_the_first_part_ends() -> None:
    data = film(SCENES, "mpegts") + film(SCENES[::-1], "mpegts", size=(160, 90))
    pieces = pieces_of(data)
    assert starts(pieces) == pytest.approx(range(12), abs=0.11)
    frames = [seen(piece) for piece in of(pieces, IMAGE)]
    assert frames == [f"{c}" for c in ("red", "lime", "blue", "blue", "lime", "red") for _ in "12"]
    sizes = {piece.content.size for piece in of(pieces, IMAGE)}  # type: ignore[union-attr]
    assert sizes == {(320, 180), (160, 90)}
    assert places(of(pieces, AUDIO))[-1][1] == pytest.approx(12.0, abs=0.15)


def test_parts_may_be_joined_whose_times_lie_hours_apart() -> None:
    data = film(SCENES, "mpegts") + film(SCENES, "mpegts", start=90_000)
    assert starts(pieces_of(data)) == pytest.approx(range(12), abs=0.11)


def test_silence_and_scraps_of_sound_are_left_out() -> None:
    for sound in (tones((0, 6.0)), tones((440, 0.02))):
        assert of(pieces_of(film(SCENES, "matroska", sounds=[sound])), AUDIO) == []


def test_what_is_not_decoded_is_not_missing() -> None:
    late = film(SCENES, "matroska", delay=5.0)
    slides = film(SCENES, "matroska", times=[0.0, 2.0, 4.0], sounds=[tones((440, 9.0))])
    for data in (late, slides):
        pieces = pieces_of(data, modalities=frozenset({IMAGE}))
        assert all(piece.is_complete for piece in pieces)


@pytest.mark.parametrize("container", ["mp4", "matroska"])
@pytest.mark.parametrize("default", [0, 1])
def test_the_sound_is_the_one_that_players_play(container: str, default: int) -> None:
    tracks = [tones((110, 6.0)), tones((3000, 6.0))]
    [sound] = of(pieces_of(film(SCENES, container, sounds=tracks, default=default)), AUDIO)
    assert hertz(sound) == pytest.approx((110, 3000)[default], rel=0.01)


@pytest.mark.parametrize(("turned", "corner"), [(90, (5, 310)), (-90, (170, 5)), (180, (310, 170))])
def test_frames_are_upright(turned: int, corner: tuple[int, int]) -> None:
    scene = SCENES[0]
    picture = scene.picture.copy()
    picture.paste((0, 0, 255), (0, 0, 40, 40))  # in the upper left corner of what is stored
    still = type(scene)(picture, 1.0)
    [frame] = pieces_of(film([still], turned=turned))
    pixel = frame.content.getpixel(corner)  # type: ignore[union-attr]
    assert pixel[2] > pixel[0]


def test_pixels_that_are_not_square_are_made_so() -> None:
    for aspect, size in ((Fraction(2), (512, 144)), (Fraction(1, 2), (320, 360))):
        frames = of(pieces_of(film(SCENES[:1], aspect=aspect), sides=frozenset({64})), IMAGE)
        assert frames[0].content.size == size  # type: ignore[union-attr]


def test_frames_are_as_large_as_encoders_need() -> None:
    data = film(SCENES[:1], size=(1280, 720))
    for sides, size in (({64}, (512, 288)), ({896}, (796, 448)), ({64, None}, (1024, 576))):
        frames = of(pieces_of(data, sides=frozenset(sides)), IMAGE)
        assert frames[0].content.size == size  # type: ignore[union-attr]


@pytest.mark.parametrize("container", sorted(CONTAINERS.keys() - {"mpegts", "mpeg"}))
def test_what_was_cut_short_is_read_as_far_as_it_is_there(container: str) -> None:
    data = film(SCENES, container, options=HALVES.get(container))
    pieces = pieces_of(data[: len(data) * 6 // 10])
    assert [piece.is_complete for piece in pieces].count(False) == 1
    assert [seen(piece) for piece in of(pieces, IMAGE)][:4] == ["red", "red", "lime", "lime"]
    [sound] = of(pieces, AUDIO)
    assert 3.0 < places([sound])[0][1] < 4.0


def test_an_mp4_that_lost_its_index_is_refused() -> None:
    data = film(SCENES)
    with pytest.raises(CorruptMediaError, match="damaged or truncated"):
        pieces_of(data[: len(data) // 2])


def test_a_gap_in_the_sound_is_silence() -> None:
    first, second = tones((440, 2.0)), tones((440, 2.0))
    before = film(SCENES[:1], "mpegts", sounds=[first])
    later = film(SCENES[2:], "mpegts", sounds=[second], start=3.5)
    [sound] = of(pieces_of(before + later), AUDIO)
    assert isinstance(sound.content, Waveform)
    assert sound.content.seconds == pytest.approx(5.5, abs=0.25)
    quiet = sound.content.samples[round(2.2 * RATE) : round(3.3 * RATE)]
    assert np.abs(quiet).max() < 1e-3
