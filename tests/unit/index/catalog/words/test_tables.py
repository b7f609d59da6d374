"""The words of a catalog are those of its rows, after any history of changes."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specimen import created, record, vector

from anysense import Collection
from anysense.embed.errors import CorruptCollectionError
from anysense.embed.types import EncodedSegment, Kind, Modality, Place
from anysense.index.catalog.integrity import catalog_problems
from anysense.index.catalog.records import ItemRecord
from anysense.index.catalog.schema import CATALOG
from anysense.index.catalog.sqlite.seals import seal
from anysense.index.catalog.words import tables
from anysense.index.catalog.words.check import word_problems
from anysense.index.catalog.words.search import MOST_OF_ONE_ITEM, WordSearch
from anysense.index.catalog.words.tables import NAMES, NOTE, PASSAGES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORDS = ("runbook", "ERR_2041", "北京大学", "node.js", "Ünïcode", "the", "ภาษาไทย", "4711")


def text_of(name: str, *passages: str, source: str | None = None) -> ItemRecord:
    """A text of these passages."""
    segments = [
        EncodedSegment("tiny", Modality.TEXT, vector(name, 0, i), Place.of_characters(i, i + 1), p)
        for i, p in enumerate(passages)
    ]
    return ItemRecord(name, source or f"{name}.txt", Kind.TEXT, {"version": 0}, segments)


def found(collection: Collection, word: str, table: str = PASSAGES) -> set[str]:
    """The items that the table finds by a word."""
    search = WordSearch(collection.folder.catalog, table)
    postings = search.postings([word], 1000)
    keys = postings[word].keys.tolist() if word in postings else []
    column = "item_pk" if table == NAMES else "segment_pk"
    query = f"SELECT i.id FROM items AS i JOIN segments USING (item_pk) WHERE {column} = ?"
    with collection.folder.catalog.transaction() as connection:
        return {connection.execute(query, (key,)).fetchone()[0] for key in keys}


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return created(tmp_path / "c")


def test_words_come_and_go_with_their_rows(collection: Collection) -> None:
    collection.write([text_of("a", "red ERR_2041", "blue"), text_of("b", "red")])
    assert found(collection, "red") == {"a", "b"}
    assert found(collection, "err_2041") == {"a"}
    assert found(collection, "2041") == {"a"}
    collection.write([text_of("a", "green")])
    assert (found(collection, "red"), found(collection, "green")) == ({"b"}, {"a"})
    collection.remove(["b"])
    assert found(collection, "red") == set()
    assert collection.verify().problems == []


def test_names_are_found_of_items_of_every_kind(collection: Collection) -> None:
    collection.write([replace(record("some-id"), source="/photos/Beach2019_sunset.jpg")])
    for word in ("beach2019_sunset.jpg", "beach2019_sunset", "beach", "2019", "sunset", "some-id"):
        assert found(collection, word, NAMES) == {"some-id"}, word
    assert found(collection, "photos", NAMES) == set()


def test_an_id_that_was_made_is_a_word_as_a_whole_alone(collection: Collection) -> None:
    made = "52895a1e09880cac"
    collection.write([record(made, files=["/cow-moo.ogg"]), record("given-52cac")])
    assert found(collection, made, NAMES) == {made}
    for piece in ("52895", "a", "1", "e", "09880"):
        assert found(collection, piece, NAMES) == set(), piece
    assert found(collection, "cac", NAMES) == {"given-52cac"}


def test_a_text_of_nobodys_file_is_found_by_no_piece_of_its_id(collection: Collection) -> None:
    made = "52895a1e09880cac"
    collection.write([text_of(made, "red", source=f"text:{made}")])
    with collection.folder.catalog.transaction() as connection:
        connection.execute(f"CREATE VIRTUAL TABLE temp.v USING fts5vocab(main, {NAMES}, row)")
        words = {word for (word,) in connection.execute("SELECT term FROM temp.v")}
    assert words == {"text", made}


def test_texts_that_have_a_word_are_counted_and_those_of_one_item(collection: Collection) -> None:
    collection.write(
        [
            text_of("a", "rare", "rare", "common", source="rare"),
            text_of("b", "rare"),
            text_of("c", *["common"] * MOST_OF_ONE_ITEM),
        ]
    )
    words = WordSearch(collection.folder.catalog, PASSAGES)
    assert words.counts(["rare", "common", "none"]) == {
        "rare": (3, 2),
        "common": (MOST_OF_ONE_ITEM + 1, 1),
        "none": (0, 0),
    }
    assert WordSearch(collection.folder.catalog, NAMES).counts(["rare"]) == {"rare": (1, 1)}


def test_an_item_that_is_renamed_is_found_by_its_new_name(collection: Collection) -> None:
    collection.write([record("a", files=["/one.jpg", "/two.jpg"])])
    assert found(collection, "one", NAMES) == {"a"}
    collection.folder.forget_files(["/one.jpg"])
    assert found(collection, "one", NAMES) == set()
    assert found(collection, "two", NAMES) == {"a"}
    assert collection.verify().problems == []


def test_what_only_gets_other_metadata_keeps_its_words(collection: Collection) -> None:
    collection.write([text_of("a", "red")])
    collection.describe({"a": {"year": 2020}})
    assert found(collection, "red") == {"a"}
    assert collection.verify().problems == []


def test_of_an_item_the_passages_of_one_space_are_found(tmp_path: Path) -> None:
    spaces = ["tiny:text-image", "tiny:text-audio"]
    with Collection.create(tmp_path / "c", spaces, device="cpu") as collection:
        [whole] = text_of("a", "red").segments
        passage = replace(whole, vector=whole.vector[:24])
        segments = [
            replace(passage, space=space, text=f"passage for {space.rpartition('-')[2]}")
            for space in spaces[::-1]
        ]
        collection.write([replace(text_of("a", "red"), segments=segments)])
        assert collection.folder.manifest.text_spaces == spaces
        search = WordSearch(collection.folder.catalog, PASSAGES)
        assert search.counts(["passage", "image"]) == {"passage": (1, 1), "image": (1, 1)}
        only = replace(passage, space=spaces[1], text="alone")
        collection.write([replace(text_of("b", "red"), segments=[only])])
        assert found(collection, "alone") == {"b"}
        assert collection.verify().problems == []


passage = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
step = st.one_of(
    st.tuples(
        st.just("write"),
        st.sampled_from("abcdef"),
        st.lists(
            st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join),
            min_size=1,
            max_size=3,
        ),
    ),
    st.tuples(st.just("remove"), st.sampled_from("abcdef"), st.none()),
    st.tuples(st.just("files"), st.sampled_from("abcdef"), st.none()),
    st.tuples(st.sampled_from(["publish", "compact", "reopen"]), st.none(), st.none()),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(step, max_size=12))
def test_words_and_rows_agree_after_any_history(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, str, list[str]]]
) -> None:
    path = tmp_path_factory.mktemp("words") / "c"
    collection = created(path)
    expected: dict[str, list[str]] = {}
    for kind, name, passages in history:
        if kind == "write":
            collection.write([text_of(name, *passages, source=f"/{name}.txt")])
            expected[name] = passages
        elif kind == "remove":
            collection.remove([name])
            expected.pop(name, None)
        elif kind == "files":
            held = record(name, files=[f"/{name}-one.txt", f"/{name}-two.txt"])
            collection.write([held])
            collection.folder.forget_files([f"/{name}-one.txt"])
            expected[name] = []
        elif kind == "publish":
            collection.publish()
        elif kind == "compact":
            collection.compact()
        else:
            collection.close()
            collection = Collection.open(path, device="cpu")
    with collection:
        assert collection.verify().problems == []
        for word in ("err_2041", "北京", "4711", "the"):
            having = {n for n, ps in expected.items() if any(_has(p, word) for p in ps)}
            assert found(collection, word) == having


def _has(passage: str, word: str) -> bool:
    return any(word in written.lower() for written in passage.split())


# Damage, and what is missing


def spoil(path: Path, *statements: str) -> None:
    """Change a catalog behind our back, as if it had been so when it was found sound."""
    connection = sqlite3.connect(path / CATALOG)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    seal(path)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM words_docsize WHERE id = 1",
        "INSERT INTO words (rowid, text) VALUES (99, 'stray')",
        "INSERT INTO words (words, rowid, text) VALUES ('delete', 1, 'red')",
        "UPDATE totals SET rows = rows + 1 WHERE kind = 'name_words'",
        "DELETE FROM name_words_data WHERE id > 10",
        "UPDATE words_data SET block = x'00000000' WHERE id > 10",
    ],
)
def test_verify_sees_words_that_are_not_those_of_the_rows(tmp_path: Path, statement: str) -> None:
    with created(tmp_path / "c") as collection:
        collection.write([text_of("a", "red green"), text_of("b", "blue")])
        assert collection.verify().problems == []
    spoil(tmp_path / "c", statement)
    with Collection.open(tmp_path / "c") as collection:
        problems = collection.verify().problems
        assert problems
        assert all("words" in p for p in problems), problems
        assert all("`anysense compact" in p for p in problems), problems
        assert catalog_problems(collection.folder.catalog) == []  # the truth is whole
        collection.compact()
        assert collection.verify().problems == []
        assert found(collection, "green") == {"a"}


def test_damaged_words_keep_nobody_from_writing(tmp_path: Path) -> None:
    with created(tmp_path / "c") as collection:
        collection.write([text_of("a", "red green"), text_of("b", "blue")])
    spoil(tmp_path / "c", "UPDATE words_data SET block = x'ff' WHERE id >= 10")
    with Collection.open(tmp_path / "c") as collection:
        assert {hit.id for hit in collection.search("red")} == {"a", "b"}
        with pytest.raises(CorruptCollectionError, match=r"words of its texts are damaged.*again"):
            collection.remove(["a"])
        collection.remove(["a"])
        collection.write([text_of("c", "yellow")])
        assert {hit.id for hit in collection.search("yellow")} == {"b", "c"}
    with Collection.open(tmp_path / "c") as collection:
        collection.write([text_of("d", "yellow")])
        assert found(collection, "yellow") == {"c", "d"}
        assert collection.verify().problems == []


@pytest.fixture
def other_sqlite() -> Iterator[None]:
    """What is known of SQLite is forgotten before and after."""
    tables.has_fts5.cache_clear()
    yield
    tables.has_fts5.cache_clear()


@pytest.mark.usefixtures("other_sqlite")
def test_without_fts5_texts_are_found_by_their_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with created(tmp_path / "old") as collection:
        collection.write([text_of("a", "red")])
    with monkeypatch.context() as patched:
        patched.setattr(tables, "statements", lambda: ["CREATE VIRTUAL TABLE t USING fts9(text)"])
        tables.has_fts5.cache_clear()
        with created(tmp_path / "new") as collection:
            collection.write([text_of("a", "red"), text_of("b", "blue")])
            assert {hit.id for hit in collection.search("red")} == {"a", "b"}
            assert list(collection.search("red", match="words")) == []
            assert collection.verify().problems == []
        assert caplog.text.count("no full-text search") == 1
        with Collection.open(tmp_path / "old") as collection:
            collection.write([text_of("c", "green")])
            assert NOTE not in collection.folder.catalog.meta()
    tables.has_fts5.cache_clear()
    for name, word in (("new", "blue"), ("old", "green")):
        with Collection.open(tmp_path / name) as collection:
            assert found(collection, word) == set()  # nobody has changed it since
            collection.write([text_of("later", "yellow")])
            assert found(collection, word) == {"b" if name == "new" else "c"}
            assert collection.verify().problems == []


def test_words_of_other_rules_are_made_anew(tmp_path: Path) -> None:
    with created(tmp_path / "c") as collection:
        collection.write([text_of("a", "red")])
        collection.folder.note({NOTE: "0"})
        assert found(collection, "red") == set()
        assert word_problems(collection.folder.catalog, ["tiny"]) == []
    with Collection.open(tmp_path / "c") as collection:
        collection.write([text_of("b", "red")])
        assert found(collection, "red") == {"a", "b"}
        assert collection.verify().problems == []


def test_making_words_takes_a_row_at_a_time(collection: Collection) -> None:
    """Items whose texts lie between those of others each keep all of theirs."""
    rng = random.Random(0)
    records = [text_of(f"t{n}", *rng.choices(WORDS, k=rng.randint(1, 4))) for n in range(50)]
    collection.write(records)
    before = {word: found(collection, word.lower()) for word in ("runbook", "ERR_2041", "4711")}
    collection.compact()
    assert {word: found(collection, word.lower()) for word in before} == before
    assert all(before.values())
