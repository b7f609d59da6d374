"""The sections and blocks of Markdown, also of texts that are made to exhaust a parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from anysense.embed.errors import AbandonedError
from anysense.embed.media.structure import markdown
from anysense.embed.media.structure.headings import LONGEST_HEADING, MOST_HEADINGS
from anysense.embed.media.structure.markdown import markdown_structure
from anysense.embed.waiting import Waiter, waited_for_by

if TYPE_CHECKING:
    from markdown_it.token import Token


def sections(text: str, title: str = "") -> list[tuple[tuple[str, ...], str]]:
    structure = markdown_structure(text, "a.md", title)
    assert structure is not None
    return [(s.heading, text[s.start : s.end].strip()) for s in structure.sections]


def blocks(text: str) -> list[str]:
    structure = markdown_structure(text, "a.md")
    assert structure is not None
    return [text[b.start : b.end].rstrip() for b in structure.blocks]


def test_headings_make_a_path() -> None:
    text = "# A\none\n### B\ntwo\n## C\nthree\n# D\nfour"
    assert sections(text) == [
        (("A",), "one"),
        (("A", "B"), "two"),
        (("A", "C"), "three"),
        (("D",), "four"),
    ]


def test_underlined_headings_count() -> None:
    assert sections("A\n===\none\n\nB\n---\ntwo") == [(("A",), "one"), (("A", "B"), "two")]


def test_a_heading_is_in_the_path_as_it_is_seen() -> None:
    text = "# *Set* up `x_y` ![logo](a.png) [here](b.md) &amp; there #\none"
    assert sections(text) == [(("Set up x_y logo here & there",), "one")]


def test_what_is_no_heading_is_none() -> None:
    text = "# A\n```\n# no\n```\n> # no\n\n- # no\n\n#no\n\n    # no\n\n<div>\n# no\n</div>\n"
    assert [heading for heading, _ in sections(text)] == [("A",)]


def test_a_heading_without_a_text_is_found_itself() -> None:
    assert sections("# A\n\n## B\n\n## C\n\nc\n\n# D\n") == [
        (("A",), "## B"),
        (("A", "C"), "c"),
        ((), "# D"),
    ]


def test_a_title_is_the_outermost_heading_if_there_is_none() -> None:
    assert sections("a\n\n## B\n\nb", "T") == [(("T",), "a"), (("T", "B"), "b")]
    assert sections("a\n\n# B\n\nb", "T") == [((), "a"), (("B",), "b")]
    assert sections("a", "T") == [(("T",), "a")]


def test_a_heading_that_is_a_text_is_kept_as_one() -> None:
    [(heading, text)] = sections("# " + "word " * 100 + "\n\nmore")
    assert len(heading[0]) <= LONGEST_HEADING
    assert text.startswith("# word")
    assert text.endswith("more")


def test_blocks_are_code_tables_and_items() -> None:
    text = "a\n\n~~~\nb\n\nc\n~~~\n\n|d|e|\n|-|-|\n|f|g|\n\n- h\n  i\n- j\n\n      k\n1. l\n"
    assert blocks(text) == [
        "~~~\nb\n\nc\n~~~",
        "|d|e|\n|-|-|\n|f|g|",
        "- h\n  i",
        "      k",
        "1. l",
    ]


def test_blocks_are_apart_and_within_sections() -> None:
    text = "# A\n\n- b\n  - c\n    ```\n    d\n    ```\n- e\n\n# F\n\n> ```\n> g\n> ```\n"
    structure = markdown_structure(text, "a.md")
    assert structure is not None
    at = 0
    for block in structure.blocks:
        assert at <= block.start < block.end
        assert any(s.start <= block.start <= block.end <= s.end for s in structure.sections)
        at = block.end


@pytest.mark.parametrize("text", ["", " \n", "Words alone.\n\nAnd more.", "# "])
def test_prose_has_no_structure(text: str) -> None:
    assert markdown_structure(text, "a.md") is None


def test_too_many_headings_are_none(caplog: pytest.LogCaptureFixture) -> None:
    assert markdown_structure("# a\n" * (MOST_HEADINGS + 1), "a.md") is None
    assert "a.md: has over 10000 headings, which are left out" in caplog.text


def test_a_text_of_countless_lines_is_not_parsed(caplog: pytest.LogCaptureFixture) -> None:
    assert markdown_structure("# a\n" * 5_000_000, "a.md") is None
    assert "a.md: is so long that its headings are not looked for" in caplog.text


ATTACKS = {
    "quotes": ">" * 2000 + " a\n",
    "lists": "- " * 2000 + "\n",
    "deep lists": "".join("  " * n + "- a\n" for n in range(100)),
    "brackets": "[" * 2000 + "\n",
    "definitions": "[a]: b\n" * 100,
    "comments": "<!--\n",
    "tables": "|" * 1000 + "\n" + "|-" * 500 + "|\n",
    "fences": "```\n" * 100,
    "lazy lines": "> " * 20 + "a\n" + "b\n" * 1000,
    "headings": "# " + "*a" * 1000 + "\n",
}


@pytest.mark.parametrize("part", ATTACKS.values(), ids=ATTACKS)
def test_its_steps_are_in_proportion_to_the_text(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    monkeypatch.setattr(markdown, "check_waiter", count)
    few = max(1, 20_000 // len(part))
    markdown_structure(part * few, "a.md")
    first, steps = steps, 0
    markdown_structure(part * 8 * few, "a.md")
    assert steps <= 9 * first + 100


@pytest.mark.parametrize("part", ["> " * 20 + "a\n" + "b\n" * 10_000, "> - > - > - a\n" * 5_000])
def test_what_takes_too_many_steps_is_not_parsed(
    part: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(markdown, "_MOST_STEPS", 20_000)  # so that it takes no seconds
    assert markdown_structure("# a\n\n" + part, "a.md") is None
    assert "a.md: is so deeply nested that its headings are not looked for" in caplog.text
    assert markdown_structure("# a\n\nb" + "\nword" * 5_000, "a.md") is not None


@pytest.mark.parametrize("markup", ["[", "*a_", "[a]("])
def test_a_heading_of_markup_alone_is_not_parsed(
    markup: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    parse = MarkdownIt.parseInline

    def note(self: MarkdownIt, src: str) -> list[Token]:
        parsed.append(src)
        return parse(self, src)

    monkeypatch.setattr(MarkdownIt, "parseInline", note)
    [(path, words), *_] = sections(f"# {markup * 500}\nb\n# *c*\nd")
    assert (path[0][:6], words[-1]) == ((markup * 6)[:6], "b")
    assert parsed == ["*c*"]


def test_too_many_headings_are_counted_before_any_is_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(MarkdownIt, "parseInline")
    assert markdown_structure("# *a*\n" * (MOST_HEADINGS + 1), "a.md") is None


@pytest.mark.parametrize("text", ["a\n" * 100, "# a\n" * 100])
def test_it_is_asked_at_each_line_whether_somebody_waits(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def count() -> None:
        nonlocal asked
        asked += 1

    monkeypatch.setattr(markdown, "check_waiter", count)
    markdown_structure(text, "a.md")
    assert asked >= 100 + 100 * text.startswith("#")


def test_parsing_ends_when_nobody_waits() -> None:
    waiter = Waiter()
    waiter.leave()
    with waited_for_by(waiter), pytest.raises(AbandonedError):
        markdown_structure("# a\n\nb", "a.md")
