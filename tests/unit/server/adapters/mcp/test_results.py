"""What of an item or a hit is told, and what is left out."""

from __future__ import annotations

from typing import Any

from anysense.adapters.mcp.answers import second_of
from anysense.adapters.mcp.results import (
    FoundItem,
    found_item,
    full_item,
    item_uri,
    text_of_item,
)
from anysense.embed.types import Kind, Modality, Origin, Unit
from anysense.index.hits.hit import Hit, HitSegment


def passage(
    start: float | None, end: float | None, text: str | None, **more: Any
) -> dict[str, Any]:
    return {
        "space": "one",
        "start": start,
        "end": end,
        "text": text,
        "page": None,
        "origin": "content",
        **more,
    }


def item(*segments: dict[str, Any]) -> dict[str, Any]:
    facts = {"id": "a", "kind": "text", "source": "a.txt", "metadata": {}}
    return {**facts, "added_at": 1.0, "aliases": [], "segments": list(segments)}


def test_passages_that_overlap_touch_or_lie_apart_make_one_text() -> None:
    text = text_of_item(
        item(
            passage(0, 9, "one two t"),
            passage(8, 13, "three"),
            passage(14, 18, "four"),
            passage(21, 25, "five"),
        )
    )
    assert text == "one two three four\nfive"


def test_the_passages_of_one_encoder_are_the_text() -> None:
    passages = [passage(0, 3, "one"), passage(0, 3, "one", space="other")]
    assert text_of_item(item(*passages)) == "one"


def test_pages_are_marked_and_captions_are_no_text() -> None:
    text = text_of_item(
        item(
            passage(None, None, None),
            passage(0, 3, "one", page=1),
            passage(10, 13, "two", page=3),
            passage(14, 19, "three", page=3),
            passage(0, 4, "said", origin="caption"),
        )
    )
    assert text == "[page 1]\none\n\n[page 3]\ntwo three"


def test_a_text_that_is_one_segment_without_a_place_is_whole() -> None:
    assert text_of_item(item(passage(None, None, "all of it"))) == "all of it"


def test_captions_are_told_once_and_up_to_a_length() -> None:
    said = [passage(0, 1, f"{number} " + "x" * 3000, origin="caption") for number in range(5)]
    full = full_item(item(*said, *said), 0)
    assert [one.text[0] for one in full.said_of_it] == ["0", "1", "2"]
    assert full.said_left_out == 2
    assert (full.text, full.text_length, full.next_offset) == (None, 0, None)


def test_a_long_passage_of_a_hit_is_cut_with_a_mark() -> None:
    hit = {
        **item(),
        **passage(0, 5000, "x" * 5000),
        "modality": "text",
        "score": 2.0,
        "unit": "characters",
        "segments": [],
        "moments": [],
    }
    found = found_item(1, hit)
    assert found.text is not None
    assert len(found.text) == 1000
    assert found.text.endswith("x…")
    assert (found.start, found.end, found.frame) == (0, 5000, None)


def film(*segments: HitSegment) -> FoundItem:
    """What is told of a video of these segments, of which the first leads."""
    best, *others = segments
    hit = Hit(**vars(best), id="a", kind=Kind.VIDEO, source="a.mp4", segments=tuple(others))
    return found_item(1, hit.to_dict())


def segment(modality: Modality, score: float, *seconds: float, **more: Any) -> HitSegment:
    place = dict(zip(("start", "end"), seconds, strict=False))
    if place:
        more["unit"] = Unit.SECONDS
    return HitSegment(modality, score, 0.3, "native", "tiny", **place, **more)


def test_the_seconds_of_a_hit_are_those_of_its_moment() -> None:
    found = film(
        segment(Modality.TEXT, 5.0, 13, 16, origin=Origin.TRANSCRIPT, text="rain"),
        segment(Modality.AUDIO, 4.0, 10, 20),
        segment(Modality.IMAGE, 3.0, 12, 13),
        segment(Modality.AUDIO, 2.9, 40, 50),
        segment(Modality.TEXT, 2.0, origin=Origin.CAPTION, text="a storm"),
    )
    assert (found.start, found.end, found.unit, found.frame) == (10, 20, Unit.SECONDS, 12)
    assert (found.score, found.modality, found.text) == (5.0, Modality.TEXT, "rain")
    assert second_of(found) == 12
    assert [(p.start, p.end, p.unit, p.score, p.modality) for p in found.other_places] == [
        (40, 50, Unit.SECONDS, 2.9, Modality.AUDIO),
        (None, None, None, 2.0, Modality.TEXT),
    ]


def test_a_moment_that_shows_nothing_is_shown_from_its_start() -> None:
    assert second_of(film(segment(Modality.AUDIO, 4.0, 10, 20))) == 10


def test_a_hit_by_its_caption_has_its_moments_as_other_places() -> None:
    found = film(
        segment(Modality.TEXT, 5.0, origin=Origin.CAPTION, text="a storm"),
        segment(Modality.IMAGE, 3.0, 12, 13),
        segment(Modality.AUDIO, 2.0, 10, 20),
    )
    assert (found.start, found.end, found.unit, found.frame) == (None, None, None, None)
    assert second_of(found) is None
    assert [(p.start, p.end) for p in found.other_places] == [(10, 20)]


def test_an_id_in_an_address_keeps_no_sign_that_means_something_there() -> None:
    assert item_uri("a/b ?#é") == "anysense://item/a%2Fb%20%3F%23%C3%A9"
