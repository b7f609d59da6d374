"""Texts are found by their words, and items of every kind by those of their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tiny
from PIL import Image
from specimen import vector as vector_of

from anysense import Collection, NewItem, Retriever, Term
from anysense.embed.errors import UsageError
from anysense.embed.types import EncodedSegment, Kind, Modality, Place
from anysense.index.catalog.records import ItemRecord
from anysense.index.ranking import words as of_words
from anysense.index.ranking.query import parse_query
from anysense.index.ranking.words import MOST_POSTINGS, Words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RED = Image.new("RGB", (16, 16), (220, 20, 20))
RUNBOOKS = 3000


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection.create(tmp_path / "c", ["tiny"], device="cpu") as made:
        yield made


@pytest.fixture(scope="module")
def runbooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    """Thousands of texts that are alike but for their codes, and vectors that say nothing."""
    tiny.register()
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((RUNBOOKS, 32)).astype(np.float32)
    with Collection.create(tmp_path_factory.mktemp("words") / "c", ["tiny"]) as made:
        made.write(
            [
                ItemRecord(
                    f"runbook-{n}",
                    f"memory:{n}",
                    Kind.TEXT,
                    {"number": n},
                    [
                        EncodedSegment(
                            "tiny",
                            Modality.TEXT,
                            vectors[n] / np.linalg.norm(vectors[n]),
                            text=f"When ERR_{2000 + n} is raised, restart the red service.",
                        )
                    ],
                )
                for n in range(RUNBOOKS)
            ]
        )
        made.publish()
        yield made


@pytest.mark.parametrize("query", ["ERR_2041", "what does err_2041 mean", "fix ERR_2041 (red)!"])
def test_a_code_is_found_first_among_thousands(runbooks: Collection, query: str) -> None:
    hits = runbooks.search(query)
    assert hits[0].id == "runbook-41"
    assert not hits.no_match
    assert hits[0].route == "words"
    assert hits[0].score > 4
    assert hits[0].raw_score > 5  # BM25, not a cosine


def test_what_all_texts_have_says_nothing(runbooks: Collection) -> None:
    assert runbooks.search("restart the service") == runbooks.search(
        "restart the service", match="vector"
    )


def test_by_words_alone_common_words_find_something(runbooks: Collection) -> None:
    hits = runbooks.search("restart", match="words", k=5)
    assert len(hits) == 5
    assert hits.no_match
    assert {hit.route for hit in hits} == {"words"}


def test_by_words_alone_no_model_is_loaded(runbooks: Collection) -> None:
    with Collection.open(runbooks.path) as collection:
        assert collection.search("err_2041", match="words")[0].id == "runbook-41"
        assert collection.loaded_encoders == []


def test_filters_hold_for_words(runbooks: Collection) -> None:
    where = "number >= 100"
    for match in ("both", "words"):
        ids = {hit.id for hit in runbooks.search("ERR_2041", where=where, match=match)}
        assert "runbook-41" not in ids
    assert runbooks.search("ERR_2041", where="number < 100", match="words")[0].id == "runbook-41"
    assert runbooks.search("ERR_2041", modalities=["image"]) == []
    assert runbooks.search("ERR_2041", modalities=["image"], match="words") == []
    only_texts = runbooks.search("ERR_2041", where="kind = 'text'", match="words")
    assert only_texts[0].id == "runbook-41"


@pytest.mark.parametrize("match", ["both", "words"])
@pytest.mark.parametrize("fusion", ["calibrated", "rrf", "round_robin"])
def test_pages_fit_together(runbooks: Collection, match: str, fusion: str) -> None:
    retriever = Retriever(runbooks)
    query = "ERR_2041 ERR_2042 raised 2043 red"
    whole = retriever.retrieve(query, k=30, match=match, fusion=fusion)
    pages = [
        retriever.retrieve(query, k=3, offset=at, match=match, fusion=fusion, state=whole.state)
        for at in range(0, 30, 3)
    ]
    ids = [hit.id for page in pages for hit in page]
    assert len(ids) == len(set(ids)) == len(whole)
    if match == "words":
        assert [hit for page in pages for hit in page] == whole


def test_a_later_page_is_of_the_same_state(collection: Collection) -> None:
    collection.add([NewItem(f"lemon {n} sorbet", id=f"t{n}") for n in range(6)])
    retriever = Retriever(collection)
    first = retriever.retrieve("sorbet", k=3, match="words")
    collection.add([NewItem("lemon sorbet sorbet", id="late")])
    collection.remove(["t5"])
    second = retriever.retrieve("sorbet", k=3, offset=3, match="words", state=first.state)
    ids = [hit.id for hit in (*first, *second)]
    assert "late" not in ids
    assert set(ids) == {f"t{n}" for n in range(6)} - ({"t5"} - {hit.id for hit in first})
    assert retriever.retrieve("sorbet", match="words")[0].id == "late"


def test_what_was_removed_is_not_found(collection: Collection) -> None:
    collection.add([NewItem("the code is ERR_7", id="a"), NewItem("red", id="b")])
    assert collection.search("ERR_7", match="words")[0].id == "a"
    collection.remove(["a"])
    assert collection.search("ERR_7", match="words") == []
    assert [hit.id for hit in collection.search("ERR_7")] == ["b"]


def test_a_picture_is_found_by_the_name_of_its_file(collection: Collection, tmp_path: Path) -> None:
    for shade, name in enumerate(("SummerHoliday_Oslo.png", "other.png", "IMG_4711.png")):
        Image.new("RGB", (16, 16), (200, shade, 20)).save(tmp_path / name)
    collection.add(sorted(tmp_path.glob("*.png")))
    for query, name in (
        ("oslo", "SummerHoliday_Oslo.png"),
        ("Oslo holiday", "SummerHoliday_Oslo.png"),
        ("SummerHoliday_Oslo.png", "SummerHoliday_Oslo.png"),
        ("IMG_4711", "IMG_4711.png"),
        ("4711", "IMG_4711.png"),
    ):
        for match in ("both", "words"):
            hit = collection.search(query, match=match)[0]
            assert hit.source.endswith(name), (query, match)
            assert (hit.route, hit.modality) == ("words", Modality.IMAGE)
    assert collection.search("oslo in winter", match="words") == []  # not all of its words
    assert collection.search("oslo", modalities=["text"]) == []


def test_a_single_letter_or_digit_of_a_name_is_not_enough(
    collection: Collection, tmp_path: Path
) -> None:
    for shade, name in enumerate(("cow-1.png", "b_e.png", "note-2.png", "IMG_4711.png")):
        Image.new("RGB", (16, 16), (200, shade, 20)).save(tmp_path / name)
    collection.add(sorted(tmp_path.glob("*.png")))
    for query in ("note-1", "e", "1", "b 1"):
        assert collection.search(query, match="words") == [], query
    [hit] = collection.search("note 2", match="words")
    assert hit.source.endswith("note-2.png")


def test_a_text_that_its_name_found_tells_its_passage_once(
    collection: Collection, tmp_path: Path
) -> None:
    path = tmp_path / "kvikkjokk.txt"
    path.write_text("In Kvikkjokk there is a cabin.")
    collection.add([path])
    for match in ("both", "words"):
        [hit] = collection.search("kvikkjokk", match=match)
        assert hit.segments == (), match


def test_a_code_in_several_passages_of_one_item_is_as_rare_as_in_one(
    collection: Collection,
) -> None:
    """As in two chapters of one runbook, in a collection of a few files."""
    query = "what to do about ERR_2041"
    collection.write([_text(f"t{n}", "When it happens, restart the service.") for n in range(8)])
    collection.write([_text("once", "Look for ERR_2041 in the log.")])
    once = collection.search(query)
    collection.remove(["once"])
    collection.write([_text("twice", *["Look for ERR_2041 in the log."] * 2)])
    twice = collection.search(query)
    assert (once[0].id, twice[0].id) == ("once", "twice")
    assert not once.no_match
    assert not twice.no_match
    assert twice[0].score == pytest.approx(once[0].score, abs=0.3)


def _text(name: str, *passages: str) -> ItemRecord:
    segments = [
        EncodedSegment(
            "tiny", Modality.TEXT, vector_of(name, n), Place.of_characters(n, n + 1), passage
        )
        for n, passage in enumerate(passages)
    ]
    return ItemRecord(name, f"memory:{name}", Kind.TEXT, {}, segments)


def test_a_file_is_found_by_its_path(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "media" / ("deep" * 10) / "photos"
    folder.mkdir(parents=True)
    for shade, name in enumerate(("ducks.png", "other.png")):
        Image.new("RGB", (16, 16), (200, shade, 20)).save(folder / name)
    collection.add(sorted(folder.glob("*.png")))
    collection.add([NewItem("ducks in the media, and photos of them", id="ducks")])
    path = str(folder / "ducks.png")
    for query in (path, "photos/ducks.png", "media\\photos\\ducks.png", f"where is {path}?"):
        assert collection.search(query)[0].source == path, query
        sources = {hit.source for hit in collection.search(query, match="words")}
        assert sources == {path, "text:ducks"}, query


def test_where_near_copies_are_left_out_files_are_not_found_by_their_names(
    collection: Collection, tmp_path: Path
) -> None:
    RED.save(tmp_path / "oslo.png")
    collection.add([tmp_path / "oslo.png"])
    assert [hit.route for hit in collection.search("oslo")] == ["words"]
    assert [hit.route for hit in collection.search("oslo", collapse=0.9)] == ["native"]


def test_captions_are_found_by_their_words(collection: Collection) -> None:
    collection.add([NewItem(RED, id="a", captions=["the Kvikkjokk cabin"]), NewItem(RED, id="b")])
    hit = collection.search("kvikkjokk")[0]
    assert (hit.id, hit.kind, hit.modality, hit.text) == (
        "a",
        Kind.IMAGE,
        Modality.TEXT,
        "the Kvikkjokk cabin",
    )


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("今天去北京大学听讲座", ["北", "北京", "北京大学", "讲座"]),
        ("東京タワーへ行きました", ["東", "タワー", "東京"]),
        ("ฉันเรียนภาษาไทย", ["ไ", "ไท", "ภาษาไทย"]),
        ("서울에서 만나요", ["서", "서울"]),
        ("Встреча в Ёлкино", ["елкино", "ВСТРЕЧА"]),
        ("Größe und Café", ["grosse", "cafe", "GRÖSSE"]),
    ],
)
def test_every_script_is_found_by_words_of_any_length(
    collection: Collection, text: str, queries: list[str]
) -> None:
    collection.add([NewItem(text, id="a"), NewItem("red", id="b"), NewItem("blue sea", id="c")])
    for query in queries:
        assert [hit.id for hit in collection.search(query, match="words")] == ["a"], query


def test_several_texts_count_and_subtracted_ones_do_not(collection: Collection) -> None:
    collection.add([NewItem(f"{word} thing", id=word) for word in ("zebra", "yacht", "xenon")])
    hits = collection.search(
        [Term("zebra"), Term("yacht"), Term("xenon", weight=-1)], match="words"
    )
    assert {hit.id for hit in hits} == {"zebra", "yacht"}


def test_a_text_that_weighs_less_counts_less(collection: Collection) -> None:
    collection.add([NewItem(f"{word} thing", id=word) for word in ("zebra", "yacht")])
    for light, heavy in (("zebra", "yacht"), ("yacht", "zebra")):
        query = [Term(light), Term(heavy, weight=5)]
        first, second = collection.search(query, match="words")
        assert (first.id, second.id) == (heavy, light)
        assert first.score > second.score + 1


def test_a_query_without_text_has_no_words(collection: Collection) -> None:
    collection.add([NewItem("zebra", id="a"), NewItem(RED, id="b")])
    for query in (RED, Term(like="a")):
        assert collection.search(query) == collection.search(query, match="vector")
        with pytest.raises(UsageError, match="words needs a text"):
            collection.search(query, match="words")
    with pytest.raises(UsageError, match="match is one of both, vector, words"):
        collection.search("zebra", match="meaning")
    with pytest.raises(UsageError, match="collapse compares vectors"):
        collection.search("zebra", match="words", collapse=0.9)


def test_without_texts_and_names_nothing_changes(collection: Collection) -> None:
    collection.add([NewItem(RED, id=f"i{n}", source="x") for n in range(5)])
    assert collection.search("red") == collection.search("red", match="vector")


def test_common_words_are_bounded(runbooks: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = runbooks.snapshot()
    query = parse_query(" ".join(f"ERR_{2000 + n}" for n in range(200)))
    found = Words(snapshot).passages(query)
    assert found is not None
    assert len(found.keys) == of_words.MOST_WORDS
    monkeypatch.setattr(of_words, "MOST_POSTINGS", 10)
    found = Words(snapshot).passages(query)
    assert found is not None
    assert len(found.keys) == 10
    assert MOST_POSTINGS > 10


def test_texts_of_another_space_are_found_beside_those_of_the_route(tmp_path: Path) -> None:
    """An item that has texts in one space alone, where searches compare those of another."""
    spaces = ("tiny:text-image", "tiny:text-audio")
    with Collection.create(tmp_path / "c", spaces, device="cpu") as collection:
        for name, space in zip("ab", spaces, strict=True):
            vector, text = vector_of(name)[:24], "the Kvikkjokk cabin"
            segment = EncodedSegment(space, Modality.TEXT, vector, text=text)
            collection.write([ItemRecord(name, name, Kind.TEXT, {}, [segment])])
        for match in ("both", "words"):
            hits = collection.search("kvikkjokk", match=match)
            assert {(hit.id, hit.space) for hit in hits} == set(zip("ab", spaces, strict=True))
