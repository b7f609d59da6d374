"""One vector for one query: that of indexing, and nothing too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from media_files import ffmpeg, sndfile, tone, write
from tiny import TEXT_IMAGE, TinyEncoder
from video_files import Scene, colour, film, tones
from watched import Watched, sound

from anysense.embed.errors import EmptyMediaError, EncoderError, MediaTooLargeError
from anysense.embed.limits import Limits
from anysense.embed.pipeline.query import encode_query
from anysense.embed.pipeline.stream import MediaSource, encode_sources
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from pathlib import Path


def test_a_query_is_the_vector_that_indexing_gives(files: list[Path]) -> None:
    encoder = TinyEncoder()
    results = encode_sources([encoder], [MediaSource(p.name, p) for p in files[:3]])
    for result in results:
        assert result.kind is not None
        vector = encode_query(encoder, result.kind.modality, result.source.content)
        if len(result.segments) == 1:
            assert np.array_equal(vector, result.segments[0].vector)
        mean = np.mean([s.vector for s in result.segments], axis=0, dtype=np.float64)
        assert np.allclose(vector, mean / np.linalg.norm(mean), atol=1e-6)
    assert np.allclose(
        encode_query(encoder, Modality.TEXT, "red"), encode_query(encoder, Modality.TEXT, b"red")
    )


def test_queries_that_cannot_be_encoded() -> None:
    encoder = TinyEncoder("one", TEXT_IMAGE, 24)
    with pytest.raises(EncoderError, match="'one' does not take audio"):
        encode_query(encoder, Modality.AUDIO, sound(1))
    with pytest.raises(MediaTooLargeError, match="limit of 100,000 characters for a query"):
        encode_query(encoder, Modality.TEXT, "x" * 100_001)
    with pytest.raises(MediaTooLargeError, match="limit of 9 characters for a query"):
        encode_query(encoder, Modality.TEXT, b"ten signs.", limits=Limits(query_text_characters=9))
    with pytest.raises(EmptyMediaError, match="the query"):
        encode_query(encoder, Modality.TEXT, " ")


def test_a_sound_to_search_by_is_short(tmp_path: Path) -> None:
    encoder, limits = Watched(), Limits(query_audio_seconds=25)
    long = tmp_path / "long.flac"
    long.write_bytes(sndfile(tone(26.0), 44100, "FLAC", "PCM_16"))
    said = "is longer than the limit of 25 seconds for a query; search by a part of it"
    for content in (long, long.read_bytes(), sound(26.0)):
        with pytest.raises(MediaTooLargeError, match=said):
            encode_query(encoder, Modality.AUDIO, content, limits=limits)
    assert encoder.waiting == 0  # known before a sample was decoded
    unstated = ffmpeg(tone(26.0), file_format="adts")
    with pytest.raises(MediaTooLargeError, match=said):
        encode_query(encoder, Modality.AUDIO, unstated, limits=limits)
    exact = sndfile(tone(25.0), 44100, "FLAC", "PCM_16")  # not at the encoder's rate
    assert encode_query(encoder, Modality.AUDIO, exact, limits=limits).shape == (32,)
    [indexed] = encode_sources([encoder], [MediaSource(0, long)], limits=limits)
    assert len(indexed.segments) == 3  # an item may be as long as it likes


def test_a_video_is_searched_by_its_frames_and_by_its_sound(tmp_path: Path) -> None:
    encoder = TinyEncoder()
    path = write(tmp_path, "film.mp4", film([Scene(colour("red"), 2.0, tones((110, 2.0)))]))
    seen = encode_query(encoder, Modality.IMAGE, path)
    heard = encode_query(encoder, Modality.AUDIO, path)
    assert seen @ encode_query(encoder, Modality.TEXT, "red") > 0.5
    assert heard @ encode_query(encoder, Modality.TEXT, "low") > 0.5
    assert abs(seen @ heard) < 0.3


def test_a_long_video_is_no_query(tmp_path: Path) -> None:
    path = write(tmp_path, "film.mp4", film([Scene(colour("red"), 4.0, tones((110, 4.0)))]))
    limits = Limits(query_video_seconds=2.0, query_audio_seconds=2.0)
    for modality in (Modality.IMAGE, Modality.AUDIO):
        with pytest.raises(MediaTooLargeError, match="longer than the limit of 2 seconds"):
            encode_query(TinyEncoder(), modality, path, limits=limits)
