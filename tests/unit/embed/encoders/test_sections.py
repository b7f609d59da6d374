"""Splitting texts by their structure: under headings, blocks whole, overlapping if asked."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anysense.embed.encoders.passages import split_passages
from anysense.embed.encoders.sections import split_sections
from anysense.embed.media.structure.markdown import markdown_structure
from anysense.embed.types import Passage, Section, Structure

NONE = Structure()


def words(text: str) -> int:
    return len(text.split())


def merging(text: str) -> int:
    """A tokenizer that makes more of a whole than of its parts, as some do at joints."""
    return len(re.findall(r"\w+|[^\w\s]", text)) + text.count("\n\n")


def split(text: str, limit: int = 20, overlap: int = 0) -> list[Passage]:
    """The passages of a Markdown text."""
    structure = markdown_structure(text, "a.md")
    return split_sections(text, structure or NONE, overlap, words, limit)


def texts(passages: list[Passage]) -> list[str]:
    return [passage.text for passage in passages]


@given(st.text(alphabet="ab .!?\n。\u0301-#>`|", max_size=300), st.integers(1, 12))
@settings(max_examples=300, deadline=None)
def test_a_text_without_structure_is_cut_as_before(text: str, limit: int) -> None:
    for count in (words, merging, len):
        assert split_sections(text, NONE, 0, count, limit) == split_passages(text, count, limit)


def test_prose_in_markdown_is_cut_as_before() -> None:
    text = "One two three. Four five six! Is it *seven*?\n\nYes: eight nine ten eleven. " * 9
    assert markdown_structure(text, "a.md") is None


def test_no_passage_goes_on_over_a_heading() -> None:
    text = "Before.\n\n# Setup\n\nDo this.\n\n## Linux\n\nDo that.\n\n# Use\n\nNow use it.\n"
    assert [(p.heading, p.text) for p in split(text)] == [
        ((), "Before."),
        (("Setup",), "Do this."),
        (("Setup", "Linux"), "Do that."),
        (("Use",), "Now use it."),
    ]
    assert all(text[p.start : p.end] == p.text for p in split(text))


def test_the_path_is_encoded_before_the_passage() -> None:
    [passage] = split("# Setup\n\n## Linux\n\nDo that.\n")
    assert passage.encoded == "Setup > Linux\n\nDo that."
    assert passage.text == "Do that."


@pytest.mark.parametrize(
    ("heading", "limit", "context"),
    [
        (("a b", "c d", "e"), 100, "a b > c d > e"),
        (("a b", "c d", "e"), 16, "c d > e"),
        (("a b", "c d", "e"), 12, "e"),
        (("a b", "c d e f g"), 12, "e f g"),
        (("a",), 3, ""),
        ((), 100, ""),
    ],
)
def test_a_path_takes_a_quarter_at_most(heading: tuple[str, ...], limit: int, context: str) -> None:
    text = "one two three"
    [passage, *_] = split_sections(
        text, Structure((Section(0, len(text), heading),)), 0, words, limit
    )
    assert (passage.context, passage.heading) == (context, heading)


PARTS = (
    "# A\n\n",
    "## B c\n\n",
    "one two. Three four!\n\n",
    "- item\n",
    "```\nx = 1\n\ny\n```\n\n",
    "|a|b|\n|-|-|\n|1|2|\n\n",
    "word " * 30 + "\n\n",
    "### C\nd\n===\n",
)


@given(
    st.lists(st.sampled_from(PARTS), max_size=12), st.integers(1, 30), st.sampled_from([0, 10, 50])
)
@settings(max_examples=200, deadline=None)
def test_passages_fit_with_their_context_and_lose_nothing(
    parts: list[str], limit: int, overlap: int
) -> None:
    text = "".join(parts)
    structure = markdown_structure(text, "a.md") or NONE
    for count in (words, merging):
        passages = split_sections(text, structure, overlap, count, limit)
        covered = set()
        for passage in passages:
            assert text[passage.start : passage.end] == passage.text
            assert count(passage.encoded) <= limit or not passage.context
            assert count(passage.text) <= limit or len(passage.text.split()) == 1
            covered.update(range(passage.start, passage.end))
        for section in structure.sections or [Section(0, len(text))]:
            places = range(section.start, section.end)
            assert all(text[at].isspace() or at in covered for at in places)
        assert [p.start for p in passages] == sorted(p.start for p in passages)


CODE = "```python\nfor a in b:\n    print(a. b)\n\nprint(c)\n```"


def test_code_that_fits_stays_whole() -> None:
    text = f"# A\n\nOne two three four five six seven eight nine. Ten.\n\n{CODE}\n\nAnd more.\n"
    assert texts(split(text, 12)) == [
        "One two three four five six seven eight nine. Ten.",
        f"{CODE}\n\nAnd more.",
    ]
    assert CODE not in "".join(texts(split_passages(text, words, 12))).split("```python")


def test_code_that_does_not_fit_is_cut_between_lines_with_their_indent() -> None:
    text = "Look:\n\n    a b. c d\n      e f g h\n    i j\n"
    assert texts(split(text, 6)) == ["Look:\n\n    a b. c d", "      e f g h\n    i j"]


def test_a_table_that_fits_stays_whole() -> None:
    table = "| a | b |\n| - | - |\n| 1 | 2 |"
    assert texts(split(f"One two three four. Five.\n\n{table}\n\nSix.", 17)) == [
        "One two three four. Five.",
        f"{table}\n\nSix.",
    ]
    assert texts(split(table, 10)) == ["| a | b |\n| - | - |", "| 1 | 2 |"]


def test_each_part_of_a_long_table_is_encoded_with_its_first_row() -> None:
    rows = [f"| {n} | x{n} |" for n in range(9)]
    table = "\n".join(["| n | name |", "| - | - |", *rows])
    first, *rest = split(f"# A\n\n{table}\n\nAfter.\n", 30)
    assert (first.context, first.text.splitlines()[0]) == ("A", "| n | name |")
    assert len(rest) > 1
    assert {passage.context for passage in rest} == {"A\n\n| n | name |"}
    assert all(words(passage.encoded) <= 30 for passage in rest)
    seen = "\n".join(passage.text for passage in (first, *rest))
    assert [line for line in seen.splitlines() if line in rows] == rows
    assert {p.context for p in split(f"# A\n\n{table}", 200)} == {"A"}
    wide = "| a | b | c | d |\n| - | - | - | - |\n" + "| 1 | 2 | 3 | 4 |\n" * 9
    assert {p.context for p in split(f"# A\n\n{wide}", 20)} == {"A"}


def test_items_of_a_list_stay_whole() -> None:
    text = "- one two three\n- four five six\n- seven eight nine ten\n"
    assert texts(split(text, 9)) == ["- one two three\n- four five six", "- seven eight nine ten"]


SENTENCES = " ".join(f"This is sentence number {n}." for n in range(12))


def test_passages_overlap_by_whole_sentences() -> None:
    plain = texts(split(SENTENCES, 20))
    assert [len(p.split()) for p in plain] == [20, 20, 20]
    overlapping = split(SENTENCES, 20, overlap=25)
    for before, after in itertools.pairwise(overlapping):
        assert SENTENCES[after.start : before.end].startswith("This is")
        assert words(SENTENCES[after.start : before.end]) == 5
        assert words(after.text) <= 20


def test_passages_overlap_by_words_where_no_sentence_is_so_short() -> None:
    text = " ".join(f"w{n}" for n in range(40))
    overlapping = split(text, 10, overlap=30)
    for before, after in itertools.pairwise(overlapping):
        assert words(text[after.start : before.end]) == 3
    assert texts(overlapping)[1].startswith("w4 w5 w6 w7")


def test_passages_do_not_overlap_over_a_heading() -> None:
    passages = split("# A\n\none two three\n\n# B\n\nfour five six\n", 20, overlap=50)
    assert texts(passages) == ["one two three", "four five six"]
