"""Segments of the same seconds are one moment, and so are neighbours that match as well."""

from __future__ import annotations

import json
from typing import Any

import pytest

from anysense.embed.types import Kind, Modality, Origin, Unit
from anysense.index.hits.hit import Hit, HitSegment
from anysense.index.hits.moments import Moment

SEEN, HEARD, SAID = Modality.IMAGE, Modality.AUDIO, Modality.TEXT
FACTS: dict[str, Any] = {"raw_score": 0.3, "route": "native", "space": "tiny"}


def segment(
    start: float, end: float, score: float, modality: Modality = SEEN, **more: Any
) -> HitSegment:
    place = {"start": start, "end": end, "unit": Unit.SECONDS}
    return HitSegment(modality, score, **FACTS, **{**place, **more})


def film(*segments: HitSegment, kind: Kind = Kind.VIDEO) -> Hit:
    """A hit of these segments, of which the first leads."""
    best, *others = segments
    return Hit(**vars(best), id="a", kind=kind, source="a.mp4", segments=tuple(others))


def spans(hit: Hit) -> list[tuple[float, float]]:
    return [(moment.start, moment.end) for moment in hit.moments]


def test_frames_and_sounds_and_words_of_the_same_seconds_are_one_moment() -> None:
    said = segment(13, 16, 3.2, SAID, origin=Origin.TRANSCRIPT, text="rain")
    hit = film(segment(12, 13, 4.0), segment(10, 20, 3.5, HEARD), said)
    assert hit.moments == (Moment(10, 20, 4.0, 12, (SEEN, HEARD, SAID)),)
    assert json.loads(json.dumps(hit.to_dict()))["moments"] == [
        {
            "start": 10,
            "end": 20,
            "score": 4.0,
            "frame": 12,
            "modalities": ["image", "audio", "text"],
        }
    ]


def test_a_window_of_sound_and_its_transcript_are_one_moment_of_a_recording() -> None:
    said = segment(31, 34.5, 5.0, SAID, origin=Origin.TRANSCRIPT)
    hit = film(said, segment(30, 40, 3.0, HEARD), kind=Kind.AUDIO)
    assert hit.moments == (Moment(30, 40, 5.0, None, (SAID, HEARD)),)


def test_a_transcript_that_lies_partly_in_a_window_widens_their_moment() -> None:
    said = segment(7, 14, 5.0, SAID, origin=Origin.TRANSCRIPT)
    assert spans(film(said, segment(10, 20, 3.0, HEARD), kind=Kind.AUDIO)) == [(7, 20)]
    assert spans(film(segment(0, 10, 6.0, HEARD), said, kind=Kind.AUDIO)) == [(0, 14)]


def test_a_transcript_that_is_longer_than_a_window_is_one_moment_with_all_that_it_covers() -> None:
    said = segment(4, 33, 5.0, SAID, origin=Origin.TRANSCRIPT)
    windows = [segment(10 * at, 10 * at + 10, 3.0 + at / 10, HEARD) for at in range(4)]
    hit = film(said, *windows, kind=Kind.AUDIO)
    assert hit.moments == (Moment(0, 40, 5.0, None, (SAID, HEARD)),)


def test_two_transcripts_in_a_window_are_one_moment_with_it_and_not_without_it() -> None:
    first = segment(10.2, 12.5, 5.0, SAID, origin=Origin.TRANSCRIPT)
    second = segment(16.0, 19.5, 4.0, SAID, origin=Origin.TRANSCRIPT)
    window = segment(10, 20, 3.0, HEARD)
    assert spans(film(first, second, window, kind=Kind.AUDIO)) == [(10, 20)]
    assert spans(film(first, second, kind=Kind.AUDIO)) == [(10.2, 12.5), (16.0, 19.5)]


def test_a_window_that_matches_much_worse_joins_the_first_transcript_and_not_both() -> None:
    """It belongs to the best moment that it overlaps, and a segment belongs to one."""
    first = segment(10.2, 12.5, 5.0, SAID, origin=Origin.TRANSCRIPT)
    second = segment(16.0, 19.5, 4.0, SAID, origin=Origin.TRANSCRIPT)
    hit = film(first, second, segment(10, 20, 1.0, HEARD), kind=Kind.AUDIO)
    assert hit.moments == (
        Moment(10.2, 12.5, 5.0, None, (SAID, HEARD)),
        Moment(16.0, 19.5, 4.0, None, (SAID,)),
    )


def test_what_is_said_over_frames_of_two_scenes_is_one_moment_with_them() -> None:
    """Of the frames the best is shown, whichever scene it is of."""
    said = segment(13, 27, 5.0, SAID, origin=Origin.TRANSCRIPT)
    hit = film(said, segment(24, 25, 4.0), segment(12, 16, 3.0), segment(20, 30, 2.6, HEARD))
    assert hit.moments == (Moment(12, 30, 5.0, 24, (SAID, SEEN, HEARD)),)


def test_what_only_touches_a_moment_widens_it_and_what_is_far_from_it_does_not() -> None:
    said = segment(20, 25, 5.0, SAID, origin=Origin.TRANSCRIPT)
    assert spans(film(said, segment(10, 20, 3.0, HEARD), kind=Kind.AUDIO)) == [(10, 25)]
    assert spans(film(said, segment(0, 10, 3.0, HEARD), kind=Kind.AUDIO)) == [(20, 25), (0, 10)]


def test_neighbours_that_match_as_well_are_one_moment_and_others_begin_their_own() -> None:
    hit = film(segment(13, 14, 4), segment(14, 16, 3), segment(12, 13, 2), segment(40, 41, 3.9))
    assert spans(hit) == [(12, 16), (40, 41)]
    assert [moment.frame for moment in hit.moments] == [13, 40]


def test_a_frame_between_that_is_not_told_does_not_part_a_scene() -> None:
    assert spans(film(segment(10, 11, 4), segment(13, 14, 3))) == [(10, 14)]
    assert spans(film(segment(10, 11, 4), segment(13.1, 14, 3))) == [(10, 11), (13.1, 14)]


def test_what_matches_much_worse_widens_nothing() -> None:
    hit = film(segment(12, 13, 4), segment(13, 14, 1.9), segment(10, 20, 1.5, HEARD))
    assert spans(hit) == [(12, 13), (13, 14)]
    assert hit.moments[0].modalities == (SEEN, HEARD)


def test_segments_that_join_reach_further_ones() -> None:
    """The third is near the first only by way of the second, which scores less than it."""
    hit = film(segment(0, 10, 4, HEARD), segment(20, 30, 3.5, HEARD), segment(10, 20, 3, HEARD))
    assert spans(hit) == [(0, 30)]


def test_a_moment_is_no_longer_than_a_clip_may_be() -> None:
    parts = [segment(30 * at, 30 * at + 30, 3, SAID) for at in range(6)]
    assert spans(film(*parts)) == [(0, 120), (120, 180)]
    assert spans(film(segment(0, 500, 3, SAID))) == [(0, 500)]


@pytest.mark.parametrize(
    ("start", "end", "unit"),
    [(None, None, None), (3.0, 9.0, Unit.CHARACTERS), (None, None, Unit.SECONDS)],
)
def test_what_has_no_seconds_is_of_no_moment(
    start: float | None, end: float | None, unit: Unit | None
) -> None:
    named = HitSegment(SAID, 5.0, **FACTS, start=start, end=end, unit=unit)
    assert film(named).moments == ()
    assert spans(film(named, segment(3, 4, 2))) == [(3, 4)]
