"""What a word is: of a text, of a name, and of a query."""

from __future__ import annotations

import runpy
import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from anysense.index.catalog.words import tokens
from anysense.index.catalog.words.tokens import (
    JOINING,
    MOST_CHARACTERS,
    asked_words,
    with_names_of_paths,
    words_of_name,
    words_of_text,
)


@pytest.mark.parametrize(
    ("module", "name"), [(unicodedata, "unidata_version"), (regex, "__version__")]
)
def test_other_tables_of_unicode_are_another_version(
    module: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert runpy.run_path(tokens.__file__)["VERSION"] == tokens.VERSION
    monkeypatch.setattr(module, name, "99")
    assert runpy.run_path(tokens.__file__)["VERSION"] != tokens.VERSION


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The ERR_2041!", ["the", "err_2041", "err", "2041"]),
        ("C++, C# and c", ["c++", "c", "c#", "c", "and", "c"]),
        ("node.js.", ["node.js", "node", "js"]),
        ("getUserName", ["getusername", "get", "user", "name"]),
        ("__init__", ["__init__", "init"]),
        ("don’t", ["don't", "don", "t"]),
        ("café ÉCOLE Ёлка", ["cafe", "ecole", "елка"]),
        ("ﬁne ５", ["fine", "5"]),
        ("が", ["が"]),  # its mark is no accent
        ("北京大学", ["北", "京", "大", "学", "北京", "京大", "大学"]),
        ("ไทย", ["ไ", "ท", "ย", "ไท", "ทย", "ไทย"]),
        ("5 € 😀", ["5", "€", "😀"]),
        ("iPhone充電器", ["iphone", "i", "phone", "充", "電", "器", "充電", "電器"]),
        ("- _ ... ---", []),
        ("\0\ud800", []),
    ],
)
def test_a_text_has_words(text: str, words: list[str]) -> None:
    assert words_of_text(text) == words


def test_a_path_is_found_by_each_name_in_it() -> None:
    words = words_of_text("see /var/log/error-2041.log.")
    assert {"var/log/error-2041.log", "error-2041.log", "error-2041", "2041"} <= set(words)


def test_a_name_has_the_words_of_its_parts_and_of_its_numbers() -> None:
    words = words_of_name("HolidayBeach2019_IMG-4711.jpg")
    assert {"holiday", "beach", "2019", "img", "4711", "img-4711", "jpg"} <= {
        *words,
        *words_of_name("IMG-4711.jpg"),
    }


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("ERR_2041 err_2041", [("err_2041", ("err", "2041"))]),
        ("北京大", [("北京", ()), ("京大", ())]),
        ("北", [("北", ())]),
        ("ไท", [("ไท", ())]),
        ("ภาษา", [("ภาษ", ()), ("าษา", ())]),
    ],
)
def test_a_query_asks_for_its_longest_words(query: str, asked: list[object]) -> None:
    assert [tuple(word) for word in asked_words(query)] == asked


@pytest.mark.parametrize(
    ("query", "looked_up"),
    [
        ("media/sounds/ducks.ogg", "media/sounds/ducks.ogg ducks.ogg"),
        ("C:\\media\\ducks.ogg now", "C:\\media\\ducks.ogg now ducks.ogg"),
        ("/media/ a / b", "/media/ a / b media "),
        ("ducks.ogg", "ducks.ogg"),
    ],
)
def test_a_path_is_looked_up_by_its_last_part_as_well(query: str, looked_up: str) -> None:
    assert with_names_of_paths(query).split() == looked_up.split()


@given(st.text())
def test_what_is_asked_as_it_stands_is_found(text: str) -> None:
    """Each word of a query is one of the same text, as a whole or by its parts."""
    words = set(words_of_text(text))
    for asked in asked_words(text):
        assert asked.whole in words
        assert set(asked.parts) <= words


@given(st.text())
def test_words_are_such_that_fts5_takes_them_as_they_are(text: str) -> None:
    for word in words_of_text(text):
        assert 1 <= len(word) <= max(MOST_CHARACTERS, 2)
        assert all(c.isalnum() or c in JOINING for c in word if c.isascii()), word
        assert word == word.lower() if word.isascii() else True


@pytest.mark.parametrize(
    "text",
    [
        "_" * 10**6,
        "a_" * 500_000,
        "a" * 10**6,
        "Aa" * 500_000,
        "e\u0301" * 500_000,
        "./" * 10**6,
        "a_-+#'" * 200_000,
    ],
)
def test_a_megabyte_of_anything_is_few_words(text: str) -> None:
    """In quadratic time they would take hours."""
    assert len(asked_words(text)) <= 1
