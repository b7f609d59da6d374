"""One suite for retrievers of a collection, unpublished and published, and of a service."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from live_server import listening
from PIL import Image

from anysense import Collection, Hit, Modality, NewItem, Retriever, Term, Waveform
from anysense.embed.errors import ItemNotFoundError, NoRouteError, StateGoneError, UsageError
from anysense.embed.types import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLOURS = {"red": (220, 20, 20), "green": (20, 220, 20), "blue": (20, 20, 220)}
TONES = {"low": 100, "middle": 600, "high": 3000}


def tone(frequency: float, seconds: float = 1.0) -> Waveform:
    time = np.arange(int(8000 * seconds)) / 8000
    return Waveform((0.5 * np.sin(2 * np.pi * frequency * time)).astype(np.float32), 8000)


def items() -> Iterator[NewItem]:
    """Fifteen of each modality: concepts in turn, with details that differ."""
    for i in range(15):
        colour, pitch = list(COLOURS)[i % 3], list(TONES)[i % 3]
        shade = tuple(max(0, c - i) for c in COLOURS[colour])
        yield NewItem(Image.new("RGB", (32, 32), shade), id=f"image-{colour}-{i}")
        yield NewItem(tone(TONES[pitch] + i), id=f"audio-{pitch}-{i}")
        text = f"a {colour} thing, number {i}" if i % 2 else f"a {pitch} note, number {i}"
        word = text.split()[1]
        yield NewItem(text, id=f"text-{word}-{i}", metadata={"number": i, "word": word})


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    import tiny

    tiny.register()
    with Collection.create(tmp_path_factory.mktemp("retriever") / "c", ["tiny"]) as made:
        report = made.add(items())
        assert report.added == 45
        yield made


@pytest.fixture(scope="module")
def address(collection: Collection) -> Iterator[str]:
    """Where a service of the collection listens."""
    with listening(collection) as (url, _):
        yield url


@pytest.fixture(params=["fresh", "published", "service"])
def retriever(request: pytest.FixtureRequest, collection: Collection) -> Iterator[Retriever]:
    """Before and after the segments have moved from the delta to the FAISS index; over HTTP."""
    if request.param == "service":
        with Retriever(request.getfixturevalue("address")) as remote:
            yield remote
        return
    if request.param == "published":
        collection.publish()
    yield Retriever(collection)


def kinds(hits: list[Hit]) -> list[str]:
    return [hit.id.rsplit("-", 1)[0] for hit in hits]


def best_of(retriever: Retriever, query: Any, modality: str, k: int) -> set[str]:
    return set(kinds(retriever.retrieve(query, modalities=[modality], k=k)))


def test_a_text_finds_every_modality_in_one_list(retriever: Retriever) -> None:
    hits = retriever.retrieve("red", k=7)
    assert sorted(kinds(hits)) == ["image-red"] * 5 + ["text-red"] * 2
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    assert best_of(retriever, "low", "text", 3) == {"text-low"}
    assert best_of(retriever, "low", "audio", 5) == {"audio-low"}


def test_an_image_and_a_sound_find_every_modality(retriever: Retriever) -> None:
    red = Image.new("RGB", (8, 8), (210, 10, 10))
    assert best_of(retriever, red, "image", 5) == {"image-red"}
    assert best_of(retriever, red, "text", 2) == {"text-red"}
    assert best_of(retriever, tone(3010), "audio", 5) == {"audio-high"}
    assert best_of(retriever, tone(3010), "text", 3) == {"text-high"}


def test_raw_cosines_would_have_put_texts_first(retriever: Retriever) -> None:
    """The gap lifts every text above every picture that matches: not so the scores."""
    red = np.asarray([hit.raw_score for hit in retriever.retrieve("red", k=7)])
    blue = retriever.retrieve("red", where="word = 'blue'", modalities=["text"])
    assert blue[0].raw_score > 0  # though unrelated
    hits = retriever.retrieve("red blue", k=45)
    images = [h for h in hits if h.id.startswith("image-red")]
    others = [h for h in hits if h.id.startswith("text-") and h.id.split("-")[1] in ("low", "high")]
    assert max(h.score for h in others) < min(h.score for h in images)
    assert red.min() > 0.7


def test_pages_go_on_and_do_not_shift_when_items_are_added(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.add(items())
        retriever = Retriever(collection)
        whole = retriever.retrieve("red", k=30)
        first = retriever.retrieve("red", k=10)
        collection.add([NewItem("red", id=f"text-new-{i}") for i in range(5)])
        collection.publish()
        second = retriever.retrieve("red", k=10, offset=10, state=first.state)
        third = retriever.retrieve("red", k=10, offset=20, state=first.state)
        assert [h.id for h in [*first, *second, *third]] == [h.id for h in whole]
        newest = retriever.retrieve("red", k=10)
        assert newest.state != first.state
        another = Retriever(collection)  # as of a service that was started again
        assert another.retrieve("red", k=10, state=newest.state) == newest
        with pytest.raises(StateGoneError):
            another.retrieve("red", k=10, offset=10, state=first.state)
        assert "text-new" in kinds(newest)


@pytest.mark.parametrize("fusion", ["calibrated", "rrf", "round_robin"])
def test_pages_fit_together_where_scores_are_all_but_equal(tmp_path: Path, fusion: str) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        pictures = [Image.new("RGB", (24, 24), (220 + i, 20, 20)) for i in range(12)]
        collection.add([NewItem(p, id=f"image-{i}") for i, p in enumerate(pictures)])
        collection.add([NewItem(f"a red note, number {i}") for i in range(12)])
        collection.publish()
        whole = collection.search("red", k=24, fusion=fusion)
        assert len({hit.score for hit in whole}) < 24
        for k in (1, 5):
            pages = [
                collection.search("red", k=k, offset=i, fusion=fusion) for i in range(0, 24, k)
            ]
            assert [hit for page in pages for hit in page] == whole


def test_ranks_alone_can_merge_the_lists(retriever: Retriever) -> None:
    turns = [hit.modality for hit in retriever.retrieve("red", k=9, fusion="round_robin")]
    assert all(len(set(turns[i : i + 3])) == 3 for i in (0, 3, 6))
    assert turns[0] == Modality.TEXT  # it has the best score
    ranks = retriever.retrieve("red", k=9, fusion="rrf")
    assert all(len({hit.modality for hit in ranks[i : i + 3]}) == 3 for i in (0, 3, 6))
    assert [h.raw_score for h in ranks[:3]] == sorted(h.raw_score for h in ranks[:3])[::-1]


def test_near_duplicates_collapse_to_the_best(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        pictures = [Image.new("RGB", (32, 32), (200 + i, 20, 20)) for i in range(4)]
        collection.add([NewItem(p, id=f"red-{i}") for i, p in enumerate(pictures)])
        collection.add([NewItem(Image.new("RGB", (32, 32), (20, 20, 200)), id="blue")])
        assert len(collection.search("red")) == 5
        hits = collection.search("red", collapse=0.99)
        assert [hit.id[:3] for hit in hits] == ["red", "blu"]
        best = max(collection.search("red", match="vector"), key=lambda hit: hit.score)
        assert hits[0].score == best.score


def test_more_near_duplicates_than_are_fetched_at_first_hide_nothing(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        for shade, many in ((200, 150), (20, 3)):
            pictures = [Image.new("RGB", (8, 8 + i), (shade, 20, 20)) for i in range(many)]
            collection.add([NewItem(p, id=f"{shade}-{i}") for i, p in enumerate(pictures)])
        hits = collection.search("red", k=5, collapse=0.99)
        assert [hit.id.split("-")[0] for hit in hits] == ["200", "20"]


def test_no_match_says_that_nothing_answers(retriever: Retriever) -> None:
    assert not retriever.retrieve("red", k=1).no_match
    assert retriever.retrieve("hello", k=1).no_match
    assert not retriever.retrieve("red", k=1, min_score=1e9).no_match  # it was there all the same


def test_modalities_where_and_quotas_narrow(retriever: Retriever) -> None:
    assert {h.modality for h in retriever.retrieve("red", modalities=["image"])} == {"image"}
    narrow = retriever.retrieve("red", where="number >= 5 and word = 'blue'", k=45)
    assert sorted(kinds(narrow)) == ["text-blue", "text-blue"]
    of_kinds = retriever.retrieve("red", kinds=["image", "audio"], k=45)
    assert {h.kind for h in of_kinds} == {"image", "audio"}
    assert {h.kind for h in retriever.retrieve("red", kinds=[Kind.TEXT], k=45)} == {"text"}
    assert retriever.retrieve("red", kinds=[]) == retriever.retrieve("red", kinds=["video"]) == []
    blue = retriever.retrieve("red", kinds=["text"], where="word = 'blue' or word = 'red'", k=45)
    assert {*kinds(blue)} == {"text-blue", "text-red"}
    found = retriever.retrieve("red", k=45, per_modality_k=2)
    assert sorted(h.modality.value for h in found) == ["audio"] * 2 + ["image"] * 2 + ["text"] * 2
    assert retriever.retrieve("red", min_score=1e9) == []


def test_terms_combine_and_subtract(retriever: Retriever) -> None:
    both = [Term("red"), Term("low")]
    assert best_of(retriever, both, "text", 5) == {"text-red", "text-low"}
    assert best_of(retriever, both, "image", 5) == {"image-red"}
    assert best_of(retriever, both, "audio", 5) == {"audio-low"}
    without = retriever.retrieve([Term("red low"), Term("low", weight=-1.0)], k=4)
    assert "audio-low" not in kinds(without)
    with pytest.raises(UsageError, match="cancel"):
        retriever.retrieve([Term("red"), Term("red", weight=-1.0)])


def test_more_like_an_item_leaves_the_item_out(retriever: Retriever) -> None:
    liked = Term(like="image-blue-2")
    assert "image-blue-2" not in [hit.id for hit in retriever.retrieve(liked, k=45)]
    assert best_of(retriever, liked, "image", 4) == {"image-blue"}
    assert best_of(retriever, liked, "text", 2) == {"text-blue"}
    with pytest.raises(ItemNotFoundError, match="nothing-here"):
        retriever.retrieve(Term(like="nothing-here"))


def test_a_vector_asks_in_its_space(retriever: Retriever, collection: Collection) -> None:
    vectors = collection.folder.snapshot().item_vectors("image-green-1")
    [(partition, vector)] = vectors.items()
    hits = retriever.retrieve(
        Term(vector=vector[0], space=partition.space, modality=Modality.IMAGE),
        modalities=["image"],
        k=1,
    )
    assert hits[0].id == "image-green-1"
    assert hits[0].raw_score == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "1 to 1000"),
        ({"k": 1001}, "1 to 1000"),
        ({"k": 1.5}, "k is a whole number, not 1.5"),
        ({"query": Waveform(np.zeros(10, np.float32), 0)}, "rate of a waveform is above 0"),
        ({"offset": "2"}, "offset is a whole number, not '2'"),
        ({"per_modality_k": 0}, "1 to 1000"),
        ({"min_score": float("nan")}, "min_score is a number"),
        ({"offset": -1}, "at least 0"),
        ({"offset": 995}, "at most 1000 together"),
        ({"fusion": "magic"}, "calibrated, rrf, round_robin"),
        ({"collapse": 1.5}, "up to 1"),
        ({"state": "no-such-state"}, "search again|no state that an answer has told"),
        ({"modalities": ["video"]}, "one of text, image, audio"),
        ({"kinds": ["song"]}, "one of text, image, audio, video, document"),
        ({"query": Term(vector=np.ones(3, np.float32), space="tiny")}, "32 floating"),
        ({"query": Term(vector=np.ones(32, np.float32), space="other")}, "no space named other"),
        ({"query": Term(vector=np.zeros(32, np.float32), space="tiny")}, "not all zeros"),
        ({"query": Term(vector=np.full(32, np.nan), space="tiny")}, "finite"),
    ],
)
def test_wrong_arguments(retriever: Retriever, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        retriever.retrieve(**{"query": "red", **arguments})


def mixed_queries(collection: Collection) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A hundred queries of all kinds, with options of all kinds."""
    chance = random.Random(7)
    ids = [f"image-{colour}-{i}" for i, colour in enumerate(list(COLOURS) * 5)]
    snapshot = collection.folder.snapshot()
    options: list[dict[str, Any]] = [
        {},
        {"modalities": ["image", "audio"], "k": 7},
        {"where": "number >= 5", "min_score": -1.0},
        {"where": {"word": {"$in": ["red", "low"]}}, "k": 30},
        {"per_modality_k": 2, "offset": 2},
        {"fusion": "rrf", "k": 15},
        {"fusion": "round_robin", "collapse": 0.999},
        {"match": "vector"},
        {"kinds": ["audio", "text"], "where": "number >= 2"},
    ]
    for number in range(100):
        words = " ".join(chance.sample([*COLOURS, *TONES, "a", "thing", "number"], 3))
        shade = tuple(chance.randrange(256) for _ in range(3))
        [(partition, vectors)] = snapshot.item_vectors(chance.choice(ids)).items()
        query: Any = [
            f"{words} {number}",
            Image.new("RGB", (8 + number, 9), shade),
            tone(chance.uniform(60, 3500), 0.5),
            Term(like=chance.choice(ids)),
            Term(vector=vectors[0], space=partition.space, modality=partition.modality),
            [words, Image.new("RGBA", (8, 8), (*shade, 120)), Term("blue", weight=-0.4)],
            [Term(tone(400), weight=2.0), Term(words, weight=0.5)],
        ][number % 7]
        yield query, options[number % 8]


def test_a_service_gives_what_its_collection_gives_to_a_hundred_queries(
    collection: Collection, address: str
) -> None:
    local = Retriever(collection)
    with Retriever(address) as remote:
        for query, options in mixed_queries(collection):
            here, there = (r.retrieve(query, **options) for r in (local, remote))
            assert [(hit.id, hit.score) for hit in here] == [(hit.id, hit.score) for hit in there]
            assert here == there
            assert (here.no_match, here.state) == (there.no_match, there.state)
            for hit in here[:1]:
                told = remote.explain(query, hit.id, **options)
                assert told == local.explain(query, hit.id, **options)
                assert told.hit == hit


def test_segments_of_one_item_make_one_hit(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        sound = np.concatenate([tone(100, 10).samples, tone(3000, 10).samples] * 40)
        collection.add([NewItem(Waveform(sound, 8000), id="long")])
        collection.add([NewItem(tone(3000 + i), id=f"short-{i}") for i in range(3)])
        hits = collection.search("high", k=4)
        assert sorted(hit.id for hit in hits) == ["long", "short-0", "short-1", "short-2"]
        [long] = [hit for hit in hits if hit.id == "long"]
        assert (long.start, long.end) in {(10.0 + 20 * i, 20.0 + 20 * i) for i in range(40)}


def test_several_spaces_are_searched_by_their_own_encoders(tmp_path: Path) -> None:
    names = ["tiny:text-image", "tiny:text-audio"]
    with Collection.create(tmp_path / "c", names) as collection:
        collection.add(items())
        spaces = {hit.modality.value: hit.space for hit in collection.search("red low", k=45)}
        assert spaces == {"text": names[0], "image": names[0], "audio": names[1]}
        found = collection.search(tone(100), k=45)
        assert {hit.modality.value for hit in found} == {"text", "audio"}
        with pytest.raises(NoRouteError, match="from audio to image"):
            collection.search(tone(100), modalities=["image"])


def test_an_empty_collection_has_no_hits(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        assert collection.search("anything") == []


def test_a_hit_is_plain_values(retriever: Retriever) -> None:
    hit = retriever.retrieve("red", modalities=["text"])[0].to_dict()
    assert (hit["kind"], hit["modality"]) == ("text", "text")
    assert {type(hit[name]) for name in ("kind", "modality", "unit", "origin")} == {str}
    assert set(hit) == {
        "id", "kind", "modality", "score", "raw_score", "route", "source", "space", "start", "end",
        "unit", "page", "box", "origin", "heading", "text", "metadata", "segments",
        "moments",
    }  # fmt: skip


@pytest.mark.parametrize("shade", [(213, 10, 13), (12, 13, 212)])
def test_a_copy_of_the_query_comes_first(tmp_path: Path, shade: tuple[int, int, int]) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.add(items())
        copy = Image.new("RGB", (32, 32), shade)
        collection.add([NewItem(copy, id="copy")])
        hits = collection.search(copy, k=3)
        assert hits[0].id == "copy"
        assert 0.999 < hits[0].raw_score <= 1


def test_a_modality_that_the_collection_lacks_has_no_hits(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.add([NewItem("a red thing")])
        assert collection.search("red", modalities=["image"]) == []
