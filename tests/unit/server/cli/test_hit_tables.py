"""A line of a hit says where in its item it matched: of a recording or a video, the moments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.embed.types import Kind, Modality, Origin, Unit
from anysense.index.hits.hit import Hit, HitSegment
from anysense.server.cli.tables import print_hits

if TYPE_CHECKING:
    import pytest

FACTS: dict[str, Any] = {"raw_score": 0.3, "route": "native", "space": "tiny"}


def segment(modality: Modality, start: float, end: float, score: float) -> HitSegment:
    return HitSegment(modality, score, **FACTS, start=start, end=end, unit=Unit.SECONDS)


def line_of(best: HitSegment, *others: HitSegment, capsys: pytest.CaptureFixture[str]) -> list[str]:
    film = Hit(**vars(best), id="a", kind=Kind.VIDEO, source="a.mp4", segments=others)
    print_hits([film])
    return capsys.readouterr().out.rstrip("\n").split("\t")


def test_the_moments_of_a_video_are_told_as_times(capsys: pytest.CaptureFixture[str]) -> None:
    seen, heard = Modality.IMAGE, Modality.AUDIO
    line = line_of(
        segment(seen, 72, 73.5, 4),
        segment(heard, 70, 80, 3),
        segment(seen, 3601, 3602, 2),
        HitSegment(Modality.TEXT, 1.5, **FACTS, origin=Origin.CAPTION, text="a film"),
        capsys=capsys,
    )
    assert line == [
        "4.00",
        "image",
        "1:10-1:20",
        "a.mp4",
        "",
        "image 1:00:01-1:00:02, text caption",
    ]


def test_a_video_found_by_its_words_tells_its_moments_as_well(
    capsys: pytest.CaptureFixture[str],
) -> None:
    caption = HitSegment(Modality.TEXT, 5, **{**FACTS, "route": "words"}, origin=Origin.CAPTION)
    line = line_of(caption, segment(Modality.IMAGE, 5, 6, 2), capsys=capsys)
    assert line[1:3] == ["text", "caption words"]
    assert line[-1] == "image 0:05-0:06"


def test_a_moment_that_was_found_by_what_is_said_tells_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    place: dict[str, Any] = {
        "start": 12,
        "end": 15,
        "unit": Unit.SECONDS,
        "origin": Origin.TRANSCRIPT,
    }
    said = HitSegment(Modality.TEXT, 5, **FACTS, **place, text="rain")
    line = line_of(said, segment(Modality.AUDIO, 10, 20, 3), capsys=capsys)
    assert line[1:] == ["text", "0:10-0:20, transcript", "a.mp4", "rain"]
