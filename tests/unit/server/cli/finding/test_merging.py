"""One list from the hits of several folders."""

from __future__ import annotations

from anysense.embed.types import Kind, Modality
from anysense.index.hits.hit import Hit
from anysense.index.hits.hits import Hits
from anysense.server.cli.finding.merging import merged


def hits(*scores: tuple[str, float], no_match: bool = False, kind: str = "text") -> Hits:
    modality = Modality(kind)
    return Hits(
        [Hit(s, Kind(kind), modality, score, 0.5, "native", s, "space") for s, score in scores],
        no_match=no_match,
    )


def sources(found: Hits) -> list[str]:
    return [hit.source for hit in found]


A = hits(("a", 3.0), ("b", 1.0))
B = hits(("c", 2.0), ("a", 2.5), ("d", 0.5), no_match=True)


def test_scores_decide_and_each_file_stands_once() -> None:
    whole = merged([A, B], k=10)
    assert sources(whole) == ["a", "c", "b", "d"]
    assert whole[0].score == 3.0
    assert sources(merged([A, B], k=2, offset=1)) == ["c", "b"]


def test_there_is_a_match_if_one_folder_has_one() -> None:
    assert not merged([A, B], k=1).no_match
    assert merged([B, B], k=1).no_match


def test_other_ways_to_merge_go_by_rank() -> None:
    assert sources(merged([A, B], k=10, fusion="rrf")) == ["a", "c", "b", "d"]
    low = hits(("x", 0.1), ("y", 0.05))
    assert sources(merged([A, low], k=10, fusion="round_robin")) == ["a", "x", "b", "y"]


def test_no_modality_has_more_than_its_share() -> None:
    pictures = hits(("p", 1.5), ("q", 1.2), kind="image")
    assert sources(merged([A, pictures], k=10, per_modality_k=1)) == ["a", "p"]
