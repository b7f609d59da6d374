"""A query of several scenes: each finds its own, and chance finds no more than by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tiny
from PIL import Image
from specimen import IMAGES, record, vector
from video_files import RATE, SCENES, Scene, colour, film, tones

from anysense import Collection, Modality, NewItem, Term, Waveform
from anysense.embed.pipeline.covering import MOST_VECTORS
from anysense.index.evaluation.evaluate import evaluate
from anysense.index.evaluation.pairs import Pair
from anysense.index.ranking.matches import by_partition
from anysense.index.ranking.query import parse_query
from anysense.index.ranking.retriever import CollectionRetriever

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLOURS = {"red": (220, 20, 20), "green": (20, 220, 20), "blue": (20, 20, 220)}
TONES = {"low": 110.0, "middle": 440.0, "high": 3000.0}
FILM = film(SCENES)
SAME_FILM = film(SCENES, "matroska", "libx264", rate=12)


def pictures() -> Iterator[NewItem]:
    """Twelve of each colour, and as many dark ones."""
    for i in range(12):
        for name, rgb in {**COLOURS, "dark": (22, 20, 20)}.items():
            yield NewItem(Image.new("RGB", (16, 16), tuple(c - i for c in rgb)), id=f"{name}-{i}")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    tiny.register()
    with Collection.create(tmp_path_factory.mktemp("several") / "c", ["tiny"]) as collection:
        items = [
            *pictures(),
            *(NewItem(Waveform(tones((h, 2.0)), RATE), id=n) for n, h in TONES.items()),
            *(NewItem(f"a {name} thing", id=f"note-{name}") for name in (*COLOURS, "dark")),
            NewItem(FILM, id="film"),
            NewItem(film([Scene(colour("red"), 3.0, tones((110, 3.0)))]), id="other-film"),
        ]
        assert collection.add(items).failed == []
        collection.publish()
        yield collection


@pytest.fixture
def retriever(made: Collection) -> CollectionRetriever:
    return CollectionRetriever(made)


def plan(retriever: CollectionRetriever, query: Any, modality: Modality) -> list[Any]:
    routes = retriever.plan(query)
    return [route for route in routes if route.partition.modality is modality]


def test_each_scene_finds_its_own_and_what_is_of_none_is_last(
    retriever: CollectionRetriever,
) -> None:
    hits = retriever.retrieve(FILM, modalities=["image"], k=100)
    kinds = [hit.id.split("-")[0] for hit in hits]
    assert set(kinds[:-12]) == {*COLOURS, "film", "other"}
    assert set(kinds[-12:]) == {"dark"}
    firsts = [hit.score for colour in COLOURS for hit in hits if hit.id == f"{colour}-0"]
    assert max(firsts) - min(firsts) < 1.0
    notes = [hit.id for hit in retriever.retrieve(FILM, modalities=["text"], k=4)]
    assert notes[-1] == "note-dark"
    sounds = [hit.id for hit in retriever.retrieve(FILM, modalities=["audio"], k=3)]
    assert sounds[0] == "film"


def test_a_film_is_the_first_hit_of_its_own_file(retriever: CollectionRetriever) -> None:
    for options in ({}, {"modalities": ["image"]}, {"modalities": ["audio"]}, {"kinds": ["video"]}):
        hit = retriever.retrieve(FILM, k=3, **options)[0]
        assert hit.id == "film"
        assert hit.raw_score > 0.999
    [moment] = retriever.retrieve(FILM, k=1, modalities=["image"])[0].moments
    assert (moment.start, moment.end) == (0.0, 6.0)  # all of its scenes


def test_more_like_a_film_is_the_same_film_of_another_file(made: Collection) -> None:
    retriever = CollectionRetriever(made)
    made.add([NewItem(SAME_FILM, id="same-film")])
    try:
        for modality in ("image", "audio"):
            hits = retriever.retrieve(Term(like="film"), modalities=[modality], k=60)
            assert hits[0].id == "same-film"
            assert "film" not in {hit.id for hit in hits}
        found = retriever.retrieve(Term(like="film"), modalities=["image"], k=30)
        assert {hit.id.split("-")[0] for hit in found[2:]} == set(COLOURS)
    finally:
        made.remove(["same-film"])


def test_a_long_recording_finds_what_is_heard_in_each_part(retriever: CollectionRetriever) -> None:
    recording = Waveform(tones((110, 10.0), (440, 10.0), (3000, 10.0)), RATE)
    assert len(plan(retriever, recording, Modality.AUDIO)) == 3
    hits = retriever.retrieve(recording, modalities=["audio"], k=5)
    assert {hit.id for hit in hits} >= set(TONES)


def test_a_query_of_one_vector_has_one_route_to_each_partition_and_no_correction(
    retriever: CollectionRetriever,
) -> None:
    for query in ("red", Image.new("RGB", (9, 9), COLOURS["red"]), Waveform(tones((110, 9)), RATE)):
        routes = retriever.plan(query)
        assert len(routes) == len({route.partition for route in routes}) == 3
        assert {route.null.chances for route in routes} == {1.0}


def test_vectors_are_few_and_chances_no_more_than_they_are(
    retriever: CollectionRetriever,
) -> None:
    names = ("red", "lime", "blue", "yellow", "cyan", "magenta", "#401010", "#104010", "#101040")
    pictures = film([Scene(colour(names[i % len(names)]), 1.0) for i in range(18)])
    routes = plan(retriever, pictures, Modality.IMAGE)
    assert 3 <= len(routes) <= MOST_VECTORS
    [chances] = {route.null.chances for route in routes}
    assert 1 <= chances <= len(routes)


def test_the_vectors_of_a_query_are_searched_with_in_one_call(
    made: Collection, retriever: CollectionRetriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = made.folder.snapshot().store
    assert store is not None
    asked: list[tuple[Modality, int]] = []
    search = type(store).search

    def noted(self: Any, partition: Any, queries: Any, *args: Any, **options: Any) -> Any:
        asked.append((partition.modality, len(np.atleast_2d(queries))))
        return search(self, partition, queries, *args, **options)

    monkeypatch.setattr(type(store), "search", noted)
    retriever.retrieve(FILM, k=5)
    assert sorted(asked) == [(Modality.AUDIO, 1), (Modality.IMAGE, 3), (Modality.TEXT, 3)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fusion": "rrf"},
        {"fusion": "round_robin"},
        {"collapse": 0.999},
        {"where": "colour = 'none'"},
        {"kinds": ["image", "text"]},
        {"per_modality_k": 4},
        {"min_score": 0.5},
    ],
)
def test_pages_are_parts_of_one_list(
    retriever: CollectionRetriever, options: dict[str, Any]
) -> None:
    whole = [hit.id for hit in retriever.retrieve(FILM, k=60, **options)]
    assert len(set(whole)) == len(whole)
    pages = [
        hit.id
        for offset in range(0, 60, 7)
        for hit in retriever.retrieve(FILM, k=7, offset=offset, **options)
    ]
    assert pages[: len(whole)] == whole


def test_near_duplicates_that_different_scenes_find_are_collapsed(
    retriever: CollectionRetriever,
) -> None:
    hits = retriever.retrieve(FILM, k=50, modalities=["image"], kinds=["image"], collapse=0.98)
    colours = [hit.id.split("-")[0] for hit in hits]
    assert sorted(colours) == ["blue", "dark", "green", "red"]


def test_every_hit_is_explained_by_the_vector_that_found_it(
    retriever: CollectionRetriever,
) -> None:
    hits = retriever.retrieve(FILM, k=60)
    for hit in hits[::7]:
        told = retriever.explain(FILM, hit.id, k=60)
        assert told.hit == hit
        assert sum(told.parts) == pytest.approx(hit.score, abs=2e-4)
        assert told.cosine == hit.raw_score
        assert told.terms[0].share == pytest.approx(hit.raw_score, abs=1e-5)
        assert told.chance is not None
        if told.chance.products[0] <= told.chance.product <= told.chance.products[-1]:
            by_vector = np.interp(told.chance.product, told.chance.products, told.chance.values)
            assert told.parts.vector == pytest.approx(by_vector, abs=0.03)


def test_what_words_find_beside_a_film_is_found(retriever: CollectionRetriever) -> None:
    hits = retriever.retrieve([Term(FILM), Term("a dark thing", weight=0.5)], k=60)
    dark = next(hit for hit in hits if hit.id == "note-dark")
    assert dark.route == "words"
    told = retriever.explain([Term(FILM), Term("a dark thing", weight=0.5)], "note-dark", k=60)
    assert told.hit == dark


def test_other_terms_are_in_each_vector_and_a_second_film_by_its_mean(
    retriever: CollectionRetriever,
) -> None:
    routes = plan(retriever, [FILM, Term("dark", weight=-0.5)], Modality.IMAGE)
    assert len(routes) == 3
    for route in routes:
        np.testing.assert_allclose(route.parts.sum(axis=0), route.cosine, atol=1e-6)
    assert len({route.parts[0].tobytes() for route in routes}) == 3
    lighter = Term(SAME_FILM, weight=0.4)
    assert len(plan(retriever, [lighter, FILM], Modality.IMAGE)) == 3
    red = Image.new("RGB", (9, 9), COLOURS["red"])
    assert len(plan(retriever, [Term(red, weight=2.0), lighter], Modality.IMAGE)) == 3
    subtracted = plan(retriever, [red, Term(FILM, weight=-0.3)], Modality.IMAGE)
    assert len(subtracted) == 1


def test_what_is_newer_than_the_index_is_found_by_each_vector(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.add(list(pictures())[:24])
        collection.publish()
        collection.add(list(pictures())[24:])
        hits = CollectionRetriever(collection).retrieve(FILM, k=36)
        assert {hit.id.split("-")[0] for hit in hits} == set(COLOURS)


def test_an_item_of_many_segments_is_liked_by_a_few(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.write([record(f"i{n}") for n in range(300)])
        collection.write([record("many", segments=40)])
        near = record("near")
        assert near.segments
        collection.publish()
        retriever = CollectionRetriever(collection)
        routes = retriever.plan(Term(like="many"))
        assert len(routes) == MOST_VECTORS
        own = {vector("many", 0, i).astype(np.float16).tobytes() for i in range(40)}
        assert len({route.cosine.astype(np.float16).tobytes() for route in routes} & own) == 8
        assert "many" not in {hit.id for hit in retriever.retrieve(Term(like="many"), k=100)}


def test_what_has_nothing_to_do_with_it_keeps_its_scores(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.write([record(f"i{n}") for n in range(400)])
        collection.write([record(f"film-{n}", segments=12) for n in range(10)])
        collection.publish()
        retriever = CollectionRetriever(collection)
        scores = [
            hit.score
            for n in range(10)
            for hit in retriever.retrieve(Term(like=f"film-{n}"), k=500)
            if hit.id.startswith("i")
        ]
        assert len(scores) == 4000
        reached = [float(np.mean(np.array(scores) >= level)) for level in (1.0, 1.5, 2.0)]
        assert 0.05 < reached[0] < 0.11
        assert reached[1] < 0.035
        assert reached[2] < 0.011
        assert retriever.retrieve(Term(like="film-1"), where="version = 9").no_match


def test_a_film_can_be_evaluated(made: Collection) -> None:
    relevant = {f"{name}-{i}": 1.0 for name in COLOURS for i in range(12)}
    [term] = parse_query(FILM)
    result = evaluate(made, [Pair([term], Modality.IMAGE, relevant, "line 1")])
    figures = {(r["query"], r["items_of"]): r for r in result.to_dict()["routes"]}
    pictures = figures["image", "image"]
    assert (pictures["queries"], pictures["items"]) == (1, 50)
    assert pictures["ndcg@10"]["value"] > 0.6


def test_routes_are_grouped_by_where_they_lead(retriever: CollectionRetriever) -> None:
    groups = by_partition(retriever.plan(FILM))
    assert [(g[0].partition.modality, len(g)) for g in groups] == [
        (Modality.AUDIO, 1),
        (Modality.IMAGE, 3),
        (Modality.TEXT, 3),
    ]
    assert by_partition([]) == []
    assert IMAGES in {group[0].partition for group in groups}
