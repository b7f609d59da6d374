"""One list from several: an item stands in it once, whatever of it matched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest

from anysense import Hit
from anysense.embed.types import Kind, Modality, Origin, Place, Unit
from anysense.index.hits.hit import HitSegment
from anysense.index.ranking.fusion import FUSIONS, MATCHED_WELL, MOST_SEGMENTS, fuse
from anysense.index.ranking.match import Match, SegmentMatch
from anysense.index.types import Partition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.index.ranking.routes import Route


class Lead:
    """A route, as far as merging looks at it."""

    def __init__(self, modality: Modality) -> None:
        self.partition = Partition("tiny", modality)


ROUTES = {modality: cast("Route", Lead(modality)) for modality in Modality}


def segment(score: float, modality: Modality = Modality.TEXT, number: int = 0) -> SegmentMatch:
    return SegmentMatch(number, score, score / 10, ROUTES[modality])


def match(
    name: str,
    score: float,
    modality: Modality = Modality.TEXT,
    *others: SegmentMatch,
    raw_score: float = 0.0,
) -> Match:
    """A match of one route, with further segments of the same route; its item has a letter."""
    number = 100 + list(Modality).index(modality)
    return Match(ord(name), SegmentMatch(number, score, raw_score, ROUTES[modality]), others)


def names(matches: Sequence[Match]) -> list[str]:
    return [chr(found.item) for found in matches]


TEXTS = [match("a", 5.0), match("b", 3.0), match("c", 2.0)]
IMAGES = [match("c", 4.0, Modality.IMAGE), match("d", 1.5, Modality.IMAGE)]


@pytest.mark.parametrize("fusion", FUSIONS)
def test_an_item_stands_once_and_its_best_segment_leads(fusion: str) -> None:
    merged = fuse([TEXTS, IMAGES], fusion)
    assert sorted(names(merged)) == ["a", "b", "c", "d"]
    [both] = [found for found in merged if found.item == ord("c")]
    assert (both.modality, both.best.score) == (Modality.IMAGE, 4.0)
    assert [(s.route.partition.modality, s.score) for s in both.segments] == [(Modality.TEXT, 2.0)]
    assert all(found.segments == () for found in merged if found.item != ord("c"))
    assert fuse([IMAGES, TEXTS], fusion) == merged  # whichever route came first


def test_by_score_the_best_segment_decides() -> None:
    assert names(fuse([TEXTS, IMAGES], "calibrated")) == ["a", "c", "b", "d"]


def test_equal_scores_are_ordered_by_rank_then_cosine_then_age() -> None:
    first = [match("x", 2.0), match("w", 1.0, raw_score=0.1)]
    second = [match("y", 1.0), match("v", 1.0, raw_score=0.1), match("u", 1.0, raw_score=0.3)]
    assert names(fuse([first, second], "calibrated")) == ["x", "y", "v", "w", "u"]


def test_by_reciprocal_rank_two_lists_add_up() -> None:
    """Two second places are worth more than one first."""
    texts = [match("a", 9.0), match("c", 0.2)]
    images = [match("b", 8.0, Modality.IMAGE), match("c", 0.1, Modality.IMAGE)]
    merged = fuse([texts, images], "rrf")
    assert names(merged)[0] == "c"
    assert merged[0].best.score == 0.2
    assert names(fuse([texts, images], "calibrated"))[-1] == "c"


def test_in_turns_an_item_stands_at_its_first_turn() -> None:
    texts = [match("a", 5.0), match("b", 3.0), match("c", 2.0)]
    images = [match("c", 1.0, Modality.IMAGE), match("d", 0.5, Modality.IMAGE)]
    merged = fuse([images, texts], "round_robin")
    assert names(merged) == ["a", "c", "b", "d"]  # the list with the best score begins
    assert merged[1].modality == Modality.TEXT  # though an image brought it there


def test_further_segments_are_those_that_matched_well_best_first() -> None:
    texts = [match("a", 6.0, Modality.TEXT, segment(3.0, number=7), segment(0.99, number=8))]
    images = [match("a", 4.0, Modality.IMAGE, segment(MATCHED_WELL, Modality.IMAGE, 9))]
    [merged] = fuse([texts, images], "calibrated")
    assert [(s.score, s.route.partition.modality, s.id) for s in merged.segments] == [
        (4.0, Modality.IMAGE, 100 + list(Modality).index(Modality.IMAGE)),
        (3.0, Modality.TEXT, 7),
        (1.0, Modality.IMAGE, 9),
    ]


def test_a_segment_that_several_lists_found_is_told_once_with_its_best_score() -> None:
    by_vector = match("a", 2.0, Modality.TEXT, segment(1.5, number=7), segment(1.2, number=8))
    by_words = match("a", 5.0, Modality.TEXT, segment(1.1, number=7), segment(1.4, number=8))
    [merged] = fuse([[by_vector], [by_words]], "calibrated")
    assert merged.best == by_words.best
    assert [(s.id, s.score) for s in merged.segments] == [(7, 1.5), (8, 1.4)]


def test_so_many_further_segments_are_told_and_no_more() -> None:
    many = [segment(2.0 + i / 100, number=i) for i in range(MOST_SEGMENTS)][::-1]
    images = [match("a", 2.5, Modality.IMAGE)]
    [merged] = fuse([[match("a", 9.0, Modality.TEXT, *many)], images], "calibrated")
    assert len(merged.segments) == MOST_SEGMENTS == 8
    assert merged.segments[0].route.partition.modality == Modality.IMAGE
    assert [s.id for s in merged.segments[1:]] == [7, 6, 5, 4, 3, 2, 1]  # not the worst


def test_nothing_gives_nothing() -> None:
    for fusion in FUSIONS:
        assert fuse([], fusion) == []
        assert fuse([[], []], fusion) == []


def test_a_hit_says_of_each_segment_where_it_is_in_plain_values() -> None:
    box = (0.1, 0.2, 0.3, 0.4)
    page = HitSegment(
        Modality.IMAGE, 2.0, 0.2, "native", "tiny", 3, 4, Unit.PAGES, 3, origin=Origin.CONTENT
    )
    line = Hit(
        "a", Kind.IMAGE, Modality.TEXT, 3.0, 0.3, "bridged", "x", "tiny", box=box,
        origin=Origin.OCR, heading=("A", "B"), text="EXIT", metadata={"n": 1}, segments=(page,),
    )  # fmt: skip
    assert line.place == Place(box=box)
    assert page.place == Place.of_page(3)
    told = line.to_dict()
    assert json.loads(json.dumps(told)) == told
    assert (told["box"], told["heading"]) == (list(box), ["A", "B"])
    assert (told["kind"], told["modality"], told["origin"]) == ("image", "text", "ocr")
    assert told["segments"] == [
        {
            "modality": "image", "score": 2.0, "raw_score": 0.2, "route": "native",
            "space": "tiny", "start": 3, "end": 4, "unit": "pages", "page": 3, "box": None,
            "origin": "content", "heading": [], "text": None,
        }
    ]  # fmt: skip
    of_hits = {"id", "kind", "source", "metadata", "segments", "moments"}
    assert set(told["segments"][0]) == set(told) - of_hits
