"""Whatever a query's text is, it is words to be looked up: no syntax of FTS5, and no error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from anysense import Collection, NewItem
from anysense.embed.errors import UsageError
from anysense.embed.types import Modality
from anysense.index.catalog.words.search import WordSearch
from anysense.index.catalog.words.tables import NAMES, PASSAGES
from anysense.index.ranking.query import Term, parse_query
from anysense.index.ranking.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTILE = [
    '"',
    '""" OR "a',
    "a AND b OR NOT c",
    "NEAR(a b, 5)",
    "text : a",
    "{text} : a",
    "^a*",
    "a* + b",
    "-a (b",
    "') ; DROP TABLE words; --",
    "' UNION SELECT * FROM meta --",
    "a\0b",
    "\ud800 \udfff",
    "%s %d {0} \\",
    "؜\u202e\u2066 עברית العربية",
    "i̇stanbul İSTANBUL ıI",
    "𝔣𝔯𝔞𝔨𝔱𝔲𝔯 ＷＩＤＥ ﬁ",
    "👩‍👩‍👧‍👦 🏳️‍🌈",
    "\u0301" * 1000,
    "x" * 100_000,
    "a " * 500_000,
    "_" * 1_000_000,
    "a_" * 500_000,
    "\"'`*^-+:(){}[]|&~<>=!?#$%@\\/;," * 1000,
    "汉" * 300_000,
    "ไ" * 300_000,
    " ".join(f"w{n}" for n in range(100_000)),
]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    tiny.register()
    with Collection.create(tmp_path_factory.mktemp("hostile") / "c", ["tiny"]) as made:
        made.add([NewItem("a red b text with NEAR and DROP TABLE", id="a"), NewItem("sea", id="b")])
        yield made


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_is_more_than_its_words(collection: Collection, text: str) -> None:
    words = Words(collection.snapshot())
    for content in (text, f"red {text}"):
        terms = [Term(content, modality=Modality.TEXT)]
        words.passages(terms)
        words.names(terms)
    assert words.passages([Term("sea", modality=Modality.TEXT)]) is not None
    assert collection.verify().problems == []


@pytest.mark.parametrize("text", [text for text in HOSTILE if len(text) < 100])
def test_a_hostile_text_is_searched_or_refused_in_a_sentence(
    collection: Collection, text: str
) -> None:
    try:
        terms = parse_query(text)
    except UsageError as error:
        terms = parse_query(f"red {text}")
        sentence = str(error)
    else:
        sentence = "The text of a query"
    assert sentence.startswith("The text of a query")
    for match in ("both", "words"):
        collection.search(terms, match=match)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(min_size=1), min_size=1, max_size=5))
def test_any_word_at_all_may_be_looked_up(collection: Collection, words: list[str]) -> None:
    for table in (PASSAGES, NAMES):
        search = WordSearch(collection.folder.catalog, table)
        counts = search.counts([word.replace("\ud800", "") for word in words])
        assert all(count.texts <= 2 for count in counts.values())


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip()][:18])
def test_a_hostile_text_is_kept_and_taken_away_again(tmp_path: Path, text: str) -> None:
    with Collection.create(tmp_path / "c", ["tiny"], device="cpu") as made:
        made.add([NewItem(f"red {text}", id="a", source=f"{text[:50]}.txt")])
        assert made.search("red", match="words")[0].id == "a"
        assert made.verify().problems == []
        made.remove(["a"])
        assert made.verify().problems == []
        assert list(made.search("red", match="words")) == []
