"""Frames of a video that show the same are one segment; others, and what lies apart, are not."""

from __future__ import annotations

import numpy as np
from formed import FormedEncoder
from tiny import TEXT_IMAGE, TinyEncoder
from video_files import Scene, colour, film, tones

from anysense.embed.pipeline.merging import merge_frames
from anysense.embed.pipeline.reading import MediaSource
from anysense.embed.pipeline.stream import Encoded, encode_sources
from anysense.embed.types import EncodedSegment, Modality, Place


def frame(start: float, end: float, angle: float, space: str = "a") -> EncodedSegment:
    """A frame whose vector has an angle, in degrees, to the first axis."""
    vector = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))], np.float32)
    return EncodedSegment(space, Modality.IMAGE, vector, Place.of_seconds(start, end))


def spans(*frames: EncodedSegment) -> list[tuple[float | None, float | None]]:
    return [(s.place.start, s.place.end) for s in merge_frames(frames, {"a", "b"})]


def test_neighbours_that_show_the_same_are_one_segment_that_begins_with_the_first() -> None:
    merged = merge_frames([frame(0, 1, 0), frame(1, 2, 20), frame(2, 3, 60)], {"a"})
    assert [s.place for s in merged] == [Place.of_seconds(0, 2), Place.of_seconds(2, 3)]
    np.testing.assert_array_equal(merged[0].vector, frame(0, 1, 0).vector)


def test_a_slow_change_is_told_in_steps() -> None:
    assert spans(*(frame(at, at + 1, 10 * at) for at in range(6))) == [(0, 3), (3, 6)]


def test_a_segment_is_no_longer_than_ten_seconds() -> None:
    assert spans(*(frame(at, at + 1, 0) for at in range(12))) == [(0, 10), (10, 12)]
    assert spans(frame(0, 30, 0), frame(30, 31, 0)) == [(0, 30), (30, 31)]


def test_what_lies_apart_is_not_one() -> None:
    assert spans(frame(0, 1, 0), frame(2, 3, 0)) == [(0, 1), (2, 3)]


def test_each_space_is_merged_by_its_own_vectors() -> None:
    frames = [frame(0, 1, 0), frame(0, 1, 0, "b"), frame(1, 2, 80), frame(1, 2, 5, "b")]
    assert spans(*frames) == [(0, 1), (0, 2), (1, 2)]
    assert len(merge_frames(frames, ())) == 4


def encoded(data: bytes, encoder: TinyEncoder) -> Encoded:
    [result] = encode_sources([encoder], [MediaSource("film", data)])
    assert result.error is None
    return result


def test_a_video_is_encoded_as_its_scenes_and_its_sound() -> None:
    scenes = [Scene(colour("red"), 3.0, tones((110, 3.0))), Scene(colour("blue"), 2.0)]
    data = film(scenes)
    result = encoded(data, TinyEncoder())
    places = [(s.modality.value, s.place.start, round(s.place.end or 0)) for s in result.segments]
    assert places == [("image", 0, 3), ("image", 3, 5), ("audio", 0, 5)]
    assert len(encoded(data, TinyEncoder("sees", TEXT_IMAGE)).segments) == 2


def test_an_encoder_of_clips_has_clips_of_a_video_and_another_its_scenes() -> None:
    data = film([Scene(colour("red"), 3.0), Scene(colour("blue"), 3.0)])
    [result] = encode_sources([FormedEncoder(), TinyEncoder()], [MediaSource("film", data)])
    places = [(s.space, s.place.start, round(s.place.end or 0)) for s in result.segments]
    assert sorted(places) == [
        *(("formed", 0, 4), ("formed", 4, 6)),
        *(("tiny", 0, 3), ("tiny", 3, 6)),
    ]
