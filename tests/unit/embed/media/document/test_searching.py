"""Long texts are read in parts, and come out as if they had been read whole."""

from __future__ import annotations

import unicodedata
from unittest.mock import patch

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from anysense.embed.errors import AbandonedError, EmptyMediaError
from anysense.embed.media.document import searching
from anysense.embed.media.document.document import (
    drop_data,
    fold_text,
    has_words,
    normalise_text,
)
from anysense.embed.media.document.searching import (
    PART,
    change,
    in_parts,
    joins_letter,
    joins_line,
    replace,
)
from anysense.embed.waiting import Waiter, waited_for_by

# What is made of several characters, marks that change places, and what is replaced or dropped.
JOINING = "a\u0327\u0301\u1100\u1161\u11a8\uac00\u0cc6\u0cc2\u0cd5\u09c7\u09be\U00011131\U00011127"
OTHERS = "\r\n\ufeff\x07\u2028\ud83d\U0001f600\u4e16=\u0338\u212b"


@pytest.mark.parametrize(
    "text",
    ["e\u0301", "\u1100\u1161\u11a8", "\u09c7\u09be", "a\ufeff\u0301", "\r\n"],
)
def test_folding_parts_is_folding_the_whole(text: str) -> None:
    for shift in range(3):
        long = "-" * shift + text * PART
        plain = long.replace("\r\n", "\n").replace("\ufeff", "")
        assert fold_text(long) == unicodedata.normalize("NFC", plain)


@given(st.text(st.sampled_from(JOINING + OTHERS), max_size=40), st.integers(3, 9))
def test_folding_small_parts_is_folding_the_whole(text: str, size: int) -> None:
    with patch.object(searching, "PART", size):
        folded = fold_text(text)
    assert folded == fold_text(text)


@pytest.mark.parametrize("joins", [joins_letter, joins_line])
@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "\n",
        "\r\n",
        "\ufeff",
        "\U0001f600",
        "\u1161",
        "\u11a8",
        "\u0300a",
        "\u09be",
        "\u0cc2\u0cd5",
    ],
)
def test_parts_are_short_and_make_up_the_whole(unit: str, joins: searching.Joins) -> None:
    text = unit * (5 * PART // len(unit) + 1)
    parts = list(in_parts(text, joins))
    assert "".join(parts) == text
    assert max(map(len, parts)) < PART + 10


def test_what_does_not_change_is_not_copied() -> None:
    text = "\u0436" * 3 * PART
    assert fold_text(text) is text
    text += "\r\n" + text
    assert change(text, lambda part: part.replace("\r\n", "\n"), joins_line) == (
        text.replace("\r\n", "\n")
    )


def test_no_data_is_looked_for_where_nothing_is_said() -> None:
    for text in (" " * 2 * PART, "-\n" * 2 * PART, "\u0301" * 2 * PART):
        assert drop_data(text) is text
        assert not has_words(fold_text(text))
        with pytest.raises(EmptyMediaError):
            normalise_text(text)
    assert normalise_text("=\u0338" * PART) == "\u2260" * PART
    assert drop_data("-" * 2 * PART + "a") != "-" * 2 * PART + "a"


def test_nobody_waits_for_parts() -> None:
    waiter = Waiter()
    waiter.leave()
    with waited_for_by(waiter), pytest.raises(AbandonedError):
        fold_text("a" * 2 * PART)


def test_a_word_at_the_end_is_seen() -> None:
    assert has_words(" " * 3 * PART + "a")
    assert not has_words(" -" * 3 * PART)


def test_nobody_waits_for_what_is_replaced() -> None:
    waiter = Waiter()
    pattern = regex.compile("a+")
    with waited_for_by(waiter):
        assert replace(pattern, "b", "aa c" * PART) == "b c" * PART
        waiter.leave()
        with pytest.raises(AbandonedError):
            replace(pattern, "b", "aa")
