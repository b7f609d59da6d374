"""A motion photo is its picture, with what is seen and heard in the video behind it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from media_files import saved
from motion_photos import boxed, by_length, by_mark, by_offset
from video_files import AUDIO, IMAGE, Scene, colour, film, of, places, tones

from anysense.embed.media.formats.motion import Motion, motion_of
from anysense.embed.media.image import read_image
from anysense.embed.media.picture.motion import has_motion
from anysense.embed.media.pieces import Piece, ReadOptions, read_pieces
from anysense.embed.types import WHOLE, Kind, Modality

if TYPE_CHECKING:
    from collections.abc import Callable

STILL = colour("red")
VIDEO = film([Scene(colour("red"), 1.0, tones((440, 1.0))), Scene(colour("blue"), 1.0)])
MAKERS = [by_offset, by_length, by_mark, boxed]


def pieces_of(data: bytes, **options: object) -> list[Piece]:
    kind, pieces = read_pieces(data, ReadOptions(**options))  # type: ignore[arg-type]
    assert kind is Kind.IMAGE
    return list(pieces)


@pytest.mark.parametrize("make", MAKERS)
def test_frames_and_sound_follow_the_picture(make: Callable[..., bytes]) -> None:
    data = make(STILL, VIDEO)
    assert has_motion(data)
    still, *rest = pieces_of(data)
    assert (still.place, still.modality) == (WHOLE, Modality.IMAGE)
    assert places(of(rest, IMAGE)) == [(0.0, 1.0), (1.0, 2.0)]
    assert len(of(rest, AUDIO)) == 1
    assert all(piece.is_complete for piece in rest)
    assert np.array_equal(np.asarray(still.content), np.asarray(read_image(data)))


@pytest.mark.parametrize("make", MAKERS)
def test_where_nobody_asks_for_it_the_picture_is_all(make: Callable[..., bytes]) -> None:
    data = make(STILL, VIDEO)
    assert len(pieces_of(data, motion=False)) == 1
    assert [p.modality for p in pieces_of(data, modalities=frozenset({AUDIO}))][1:] == [AUDIO]


def test_what_is_behind_the_video_is_none_of_it() -> None:
    data = by_mark(STILL, VIDEO)
    found = motion_of(io.BytesIO(data), "JPEG")
    assert found is not None
    assert found.stretch is not None
    assert data[found.stretch.start : found.stretch.end] == VIDEO


@pytest.mark.parametrize("offset", [0, 1, 5_000, 10**9, 10**11])
def test_a_lying_offset_costs_a_warning(offset: int, caplog: pytest.LogCaptureFixture) -> None:
    [still] = pieces_of(by_offset(STILL, VIDEO, offset))
    assert still.is_complete
    [record] = caplog.records
    assert "its video is left out: it is not where the picture says" in record.getMessage()


def test_a_broken_video_costs_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    damaged = bytearray(VIDEO)
    at = damaged.index(b"moov") + 8
    damaged[at : at + 200] = bytes(200)
    [still] = pieces_of(by_offset(STILL, bytes(damaged)))
    assert still.is_complete
    [record] = caplog.records
    assert record.getMessage().startswith("<bytes>: its video is left out: it ")


@pytest.mark.parametrize("file_format", ["JPEG", "HEIF", "AVIF", "PNG"])
def test_other_pictures_have_none(file_format: str, caplog: pytest.LogCaptureFixture) -> None:
    data = saved(STILL, file_format)
    assert not has_motion(data)
    assert not has_motion(data + VIDEO)  # of which nothing tells
    assert len(pieces_of(data)) == 1
    assert caplog.records == []


def test_a_mark_without_a_video_is_told() -> None:
    data = by_mark(STILL, b"nothing")
    assert motion_of(io.BytesIO(data), "JPEG") == Motion(None)
