"""Splitting texts: nothing lost, nothing over the limit, ends where sentences end."""

from __future__ import annotations

import itertools
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anysense.embed.encoders.passages import split_passages


def words(text: str) -> int:
    return len(text.split())


def characters(text: str) -> int:
    return len(text)


def merging(text: str) -> int:
    """A tokenizer that makes more of a whole than of its parts, as some do at joints."""
    return len(re.findall(r"\w+|[^\w\s]", text)) + text.count(". ")


def texts(passages: list) -> list[str]:
    return [passage.text for passage in passages]


def test_a_text_that_fits_is_one_passage() -> None:
    assert [(p.start, p.end, p.text) for p in split_passages(" one two \n", words, 5)] == [
        (1, 8, "one two")
    ]


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_white_space_has_no_passages(text: str) -> None:
    assert split_passages(text, words, 5) == []


def test_passages_end_where_sentences_end() -> None:
    text = "One two three. Four five six! Is it seven? Yes: eight nine ten eleven."
    assert texts(split_passages(text, words, 6)) == [
        "One two three. Four five six!",
        "Is it seven?",
        "Yes: eight nine ten eleven.",
    ]


def test_short_words_with_full_stops_do_not_end_sentences() -> None:
    text = "We met Dr. Meyer and J. Doe there. Nobody else came."
    assert texts(split_passages(text, words, 8)) == [
        "We met Dr. Meyer and J. Doe there.",
        "Nobody else came.",
    ]


def test_ideographic_sentences_need_no_space() -> None:
    assert texts(split_passages("今日は雨です。明日は晴れ。", characters, 8)) == [
        "今日は雨です。",
        "明日は晴れ。",
    ]


def test_paragraphs_end_sentences() -> None:
    assert texts(split_passages("A heading\n\nA text of five words", words, 5)) == [
        "A heading",
        "A text of five words",
    ]


def test_a_long_sentence_is_split_between_words() -> None:
    text = " ".join(f"w{n}" for n in range(23))
    passages = split_passages(text, words, 10)
    assert [words(p.text) for p in passages] == [10, 10, 3]
    assert " ".join(texts(passages)) == text


def test_a_long_word_is_split_between_characters() -> None:
    assert texts(split_passages("abcdefghij kl", characters, 4)) == ["abcd", "efgh", "ij", "kl"]


def test_marks_stay_with_the_letters_they_combine_with() -> None:
    text = "e\u0301" * 6
    parts = texts(split_passages(text, characters, 5))
    assert "".join(parts) == text
    assert all(part[0] == "e" for part in parts)


def test_a_character_of_more_tokens_than_fit_stands_alone() -> None:
    assert texts(split_passages("a\U0001f9ff", lambda t: len(t.encode()), 3)) == ["a", "\U0001f9ff"]


@settings(max_examples=300, deadline=None)
@given(
    text=st.text(st.sampled_from("ab .!?\n。é\u0301'"), max_size=200),
    limit=st.integers(1, 12),
    count=st.sampled_from([words, characters, merging]),
)
def test_whatever_the_text(text: str, limit: int, count) -> None:
    passages = split_passages(text, count, limit)
    assert [p.text for p in passages] == [text[p.start : p.end] for p in passages]
    assert all(count(p.text) <= limit or len(p.text) == 1 for p in passages)
    assert all(p.text == p.text.strip() for p in passages)
    assert all(a.end <= b.start for a, b in itertools.pairwise(passages))
    covered = "".join(p.text for p in passages)
    assert re.sub(r"\s", "", covered) == re.sub(r"\s", "", text)


def test_a_megabyte_takes_seconds() -> None:
    text = "It rained all day, and nobody went out to see the sea. " * 20_000
    started = time.perf_counter()
    passages = split_passages(text, words, 60)
    assert time.perf_counter() - started < 60
    assert len(passages) == 4_000


@pytest.mark.parametrize("text", ["\u2026" * 300_000 + "a", "." * 300_000 + " a", "\n" * 300_000])
def test_marks_without_an_end_take_no_time(text: str) -> None:
    assert "".join(texts(split_passages(text, len, 50))).split() == text.replace(" ", "").split()


def test_what_a_tokenizer_does_not_know_is_no_passage_of_megabytes() -> None:
    parts = texts(split_passages("\u00e9" * 100_000 + " one", words, 10))
    assert max(map(len, parts)) <= 640
    assert "".join(parts).replace(" ", "") == "\u00e9" * 100_000 + "one"


@pytest.mark.parametrize("shift", range(3))
def test_words_that_go_on_in_the_next_window_are_whole(
    shift: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "-" * shift + "abc de" * 30_000 + "x" * 140_000 + " y"
    windowed = split_passages(text, characters, 5000)
    # The plain way, which holds up other threads.
    monkeypatch.setattr("anysense.embed.encoders.passages._WINDOW", len(text))  # for all at once
    assert windowed == split_passages(text, characters, 5000)


def test_no_copy_is_made_of_what_is_far_too_long() -> None:
    lengths: list[int] = []

    def count(text: str) -> int:
        lengths.append(len(text))
        return words(text)

    assert len(split_passages(" " + "a" * 1_000_000 + " b", count, 10)) > 1000
    assert max(lengths) <= 640


def test_many_words_are_counted_a_few_at_a_time() -> None:
    longest = 0

    def count(text: str) -> int:
        nonlocal longest
        longest = max(longest, len(text))
        return len(text.split())

    assert len(split_passages("a " * 50_000, count, 10)) == 5000
    assert longest <= 640
