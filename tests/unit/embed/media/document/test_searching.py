"""Long texts are read in parts, and come out as if they had been read whole."""

from __future__ import annotations

import unicodedata

import pytest
import regex

from anysense.embed.errors import AbandonedError
from anysense.embed.media.document.document import fold_text, has_words
from anysense.embed.media.document.searching import PART, in_parts, replace
from anysense.embed.waiting import Waiter, waited_for_by


@pytest.mark.parametrize(
    "text",
    ["e\u0301", "\u1100\u1161\u11a8", "\u09c7\u09be", "a\ufeff\u0301", "\r\n"],
)
def test_folding_parts_is_folding_the_whole(text: str) -> None:
    for shift in range(3):
        long = "-" * shift + text * PART
        plain = long.replace("\r\n", "\n").replace("\ufeff", "")
        assert "".join(in_parts(long)) == long
        assert fold_text(long) == unicodedata.normalize("NFC", plain)


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
