"""Why something was found: the score of the hit itself, taken apart."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from media_files import tone
from PIL import Image

from anysense import Collection, Modality, NewItem, Term, Waveform
from anysense.embed.errors import ItemNotFoundError, NoHitError, StateGoneError
from anysense.index.background import bank
from anysense.index.calibration.scores import TYPICAL, Null, Tail
from anysense.index.hits.explanation import Explanation
from anysense.index.ranking.retriever import CollectionRetriever

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.index.hits.hit import Hit

COLOURS = {"red": (220, 20, 20), "green": (20, 220, 20), "blue": (20, 20, 220)}
TONES = {"low": 110.0, "middle": 900.0, "high": 3000.0}
RED = Image.new("RGB", (9, 9), (210, 15, 15))

QUERIES: list[tuple[Any, dict[str, Any]]] = [
    ("red", {}),
    ("a red thing, number 7 ERR_2041", {"k": 3}),
    ("red", {"match": "vector", "modalities": ["text", "image"]}),
    ("ERR_2041", {"match": "words"}),
    ("green-3.png", {"k": 4}),
    (RED, {"fusion": "rrf", "k": 6}),
    (Waveform(tone(0.5, 8000, hz=900.0), 8000), {"fusion": "round_robin"}),
    ([RED, "low", Term("blue", weight=-0.4)], {"k": 7}),
    (Term(like="image-blue-2"), {"per_modality_k": 3}),
    ("red", {"kinds": ["image"], "where": "number < 5", "collapse": 0.999}),
    ("low", {"min_score": 0.3, "k": 2}),
]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    """Ten of each concept of each modality; half of it published."""
    import tiny

    tiny.register()
    folder = tmp_path_factory.mktemp("explaining")
    with Collection.create(folder / "c", ["tiny"]) as made:
        made.add(list(items(folder, range(5))))
        made.publish()
        made.add(list(items(folder, range(5, 10))))
        yield made


def items(folder: Path, numbers: range) -> Iterator[NewItem]:
    for i in numbers:
        metadata = {"number": i}
        for name, colour in COLOURS.items():
            path = folder / f"{name}-{i}.png"
            Image.new("RGB", (16, 16), tuple(max(0, c - 3 * i) for c in colour)).save(path)
            yield NewItem(path, id=f"image-{name}-{i}", metadata=metadata)
            words = f"a {name} thing, number {i}" + (" ERR_2041" if name == "red" and i < 2 else "")
            yield NewItem(words, id=f"text-{name}-{i}", metadata=metadata)
        for name, hertz in TONES.items():
            sound = Waveform(tone(0.5, 8000, hz=hertz + 5 * i), 8000)
            yield NewItem(sound, id=f"audio-{name}-{i}", metadata=metadata)


def check(explanation: Explanation, hit: Hit) -> None:
    """That it tells of the hit itself, and that its figures fit together."""
    assert explanation.hit == hit
    assert sum(explanation.parts) == pytest.approx(hit.score, abs=2e-4)
    assert Explanation.of(explanation.to_dict(), hit) == explanation
    if hit.route != "words":
        assert explanation.cosine == hit.raw_score
    if explanation.cosine is None:
        assert explanation.chance is None
        assert explanation.terms == ()
        return
    shares = sum(term.share for term in explanation.terms)
    assert shares == pytest.approx(explanation.cosine, abs=1e-5)
    chance = explanation.chance
    assert chance is not None
    for ascending in (chance.values, chance.products, chance.sample):
        assert all(a <= b for a, b in pairwise(ascending))
    assert [round(10**-v, 2) for v in chance.values[:8]] == [round(s, 2) for s in chance.shares[:8]]
    assert 0 < len(chance.sample) <= 200
    if hit.route != "words" and chance.products[0] <= chance.product <= chance.products[-1]:
        by_vector = np.interp(chance.product, chance.products, chance.values)
        assert explanation.parts.vector == pytest.approx(by_vector, abs=2e-3)


@pytest.mark.parametrize(("query", "options"), QUERIES)
def test_every_hit_of_every_page_is_explained_as_it_was_found(
    collection: Collection, query: Any, options: dict[str, Any]
) -> None:
    retriever = CollectionRetriever(collection)
    k = options.get("k", 10)
    pages = [retriever.retrieve(query, **options, offset=k * page) for page in range(4)]
    hits = [hit for page in pages for hit in page]
    assert hits
    for hit in hits[::3] + hits[:3]:
        check(retriever.explain(query, hit.id, **options), hit)


def test_terms_give_what_they_weigh(collection: Collection) -> None:
    retriever = CollectionRetriever(collection)
    query = [Term("red"), Term("blue", weight=-0.5), Term(RED, weight=2.0)]
    told = retriever.explain(query, "image-red-1")
    assert [(term.index, term.weight) for term in told.terms] == [(0, 1.0), (1, -0.5), (2, 2.0)]
    words, unwanted, picture = told.terms
    assert picture.cosine is not None
    assert picture.cosine > 0.9
    assert picture.share > words.share > 0
    assert unwanted.cosine is not None
    assert (unwanted.cosine > 0) == (unwanted.share < 0)
    [alone] = retriever.explain(RED, "image-red-1").terms
    assert alone.cosine == pytest.approx(picture.cosine, abs=1e-5)
    assert alone.share == retriever.explain(RED, "image-red-1").hit.raw_score


def test_a_copy_of_the_query_is_told_apart_from_what_is_like_it(collection: Collection) -> None:
    retriever = CollectionRetriever(collection)
    copy = Image.new("RGB", (16, 16), COLOURS["green"])
    assert retriever.explain(copy, "image-green-0").parts.copy == pytest.approx(2.0, abs=0.1)
    assert retriever.explain(copy, "image-red-0").parts.copy == 0


def test_words_are_told_that_found_it(collection: Collection) -> None:
    retriever = CollectionRetriever(collection)
    told = retriever.explain("a Red ERR_2041 of nothing", "text-red-1")
    assert told.words is not None
    assert set(told.words.found) == {"err_2041", "red"}
    assert not told.words.in_name
    assert retriever.explain("red", "text-red-1", match="vector").words is None
    assert retriever.explain("red", "text-blue-1").words is None
    alone = retriever.explain("err_2041", "text-red-0", match="words")
    assert (alone.hit.route, alone.cosine, alone.terms) == ("words", None, ())
    assert alone.parts == (0.0, 0.0, alone.hit.score)
    assert alone.words is not None
    assert alone.words.score == alone.hit.score


def test_the_name_of_a_file_is_told_that_found_it(collection: Collection) -> None:
    told = CollectionRetriever(collection).explain("green-3.png", "image-green-3")
    assert told.hit.route == "words"
    assert told.words is not None
    assert told.words.in_name
    assert "green-3.png" in told.words.found
    assert told.parts == (0.0, 0.0, told.hit.score)
    assert told.cosine is not None  # it has a vector all the same


def test_what_no_page_shows_is_explained_by_itself(collection: Collection) -> None:
    retriever = CollectionRetriever(collection)
    whole = {hit.id: hit for hit in retriever.retrieve("red", k=90)}
    for name in ("image-red-4", "text-blue-3", "audio-high-2"):
        told = retriever.explain("red", name, min_score=50.0, k=1)
        assert told.hit.score == pytest.approx(whole[name].score, abs=1e-3)
        check(told, told.hit)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("text-red-1", {"kinds": ["image"]}),
        ("text-red-1", {"modalities": ["image"]}),
        ("text-red-7", {"where": "number < 5"}),
        ("audio-low-1", {"match": "words"}),
    ],
)
def test_what_a_search_may_not_find_is_no_hit(
    collection: Collection, name: str, options: dict[str, Any]
) -> None:
    with pytest.raises(NoHitError, match=f"does not find the item {name}"):
        CollectionRetriever(collection).explain("red", name, **options)


def test_wrong_questions(collection: Collection) -> None:
    retriever = CollectionRetriever(collection)
    with pytest.raises(NoHitError):
        retriever.explain(Term(like="image-red-1"), "image-red-1")
    with pytest.raises(ItemNotFoundError, match="nothing-here"):
        retriever.explain("red", "nothing-here")
    with pytest.raises(StateGoneError):
        retriever.explain("red", "image-red-1", state="00000000-1-1")


def test_an_earlier_state_is_explained_as_it_was(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.add([NewItem(f"a {name} thing") for name in COLOURS])
        retriever = CollectionRetriever(collection)
        hits = retriever.retrieve("red", k=3)
        collection.add([NewItem(f"a red thing, number {i}", id=f"new-{i}") for i in range(20)])
        told = retriever.explain("red", hits[0].id, k=3, state=hits.state)
        check(told, hits[0])
        assert told.state == hits.state
        assert retriever.explain("red", hits[0].id, k=3).state != hits.state
        with pytest.raises(NoHitError):  # it was not there then
            retriever.explain("red", "new-1", k=3, state=hits.state)


@pytest.mark.parametrize("score", [0.001, 0.0458, 0.1, 0.5, 1.0, 1.9, 2.0, 3.5, 11.0])
def test_the_product_of_a_score_has_that_score(score: float) -> None:
    for tail in (TYPICAL, Tail((-2.0, -1.0, -0.5, 0.1, 0.9, 1.0, 1.5, 3.0))):
        null = Null(0.3, 0.05, tail)
        assert null.score(null.product(score)) == pytest.approx(score, rel=1e-6)


def test_a_query_by_a_vector_is_explained(collection: Collection) -> None:
    vectors = collection.folder.snapshot().item_vectors("image-blue-1")
    [(partition, vector)] = vectors.items()
    query = Term(vector=vector[0] * 7, space=partition.space, modality=Modality.IMAGE)
    retriever = CollectionRetriever(collection)
    [hit] = retriever.retrieve(query, k=1)
    check(retriever.explain(query, hit.id, k=1), hit)


def test_where_nothing_is_known_of_chance_what_is_typical_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bank, "lookup", lambda space: None)
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.add([NewItem("a red thing", id="x")])
    with Collection.open(tmp_path / "c") as collection:  # whose encoder is not loaded
        [(partition, vector)] = collection.folder.snapshot().item_vectors("x").items()
        query = Term(vector=vector[0], space=partition.space)
        chance = CollectionRetriever(collection).explain(query, "x").chance
    assert chance is not None
    assert (chance.mean, chance.deviation, chance.sample) == (0.0, 0.1, ())
