"""HTML comes out as a reader sees it, in bounded time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_files import write

from anysense.embed.errors import EmptyMediaError
from anysense.embed.media.document import searching
from anysense.embed.media.document.document import read_document
from anysense.embed.media.document.html import html_page, html_text

if TYPE_CHECKING:
    from pathlib import Path


def test_html_is_read_as_a_reader_sees_it(tmp_path: Path) -> None:
    source = """<!DOCTYPE html><html><head><title>The  title</title><style>p{}</style>
    <script>if (a < b) alert("no")</script><meta name=description content=no></head><body>
    <h1>Head&shy;ing</h1><p>One <b>bold</b>\n   word &amp; caf&eacute;.<p>Two<br>lines
    <ul><li>first<li>second</ul><table><tr><td>a<td>b<tr><td>c</table>
    <pre>kept  wide</pre><noscript>no</noscript><template><p>no</template><!-- no --></body>"""
    expected = (
        "The title\n\nHead\u00ading\n\nOne bold word & café.\n\nTwo\nlines\n\nfirst\nsecond\n\n"
        "a | b\nc\n\nkept  wide"
    )
    assert read_document(write(tmp_path, "a.html", source.encode())) == expected
    assert read_document(source.encode()) == expected


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ('<meta charset="shift_jis">', "cp932"),
        ("<meta charset=iso-2022-jp>", "iso-2022-jp"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=EUC-JP">', "euc-jp"),
        ('<meta charset="utf-8">', "utf-8"),
        ("<meta charset=nonsense>", "utf-8"),
        ("<meta charset=iso-8859-1>", "utf-8"),  # a common lie
    ],
)
def test_html_says_its_encoding(declared: str, encoding: str, tmp_path: Path) -> None:
    source = f"<html><head>{declared}</head><p>日本語のテキスト</p></html>"
    path = write(tmp_path, "a.html", source.encode(encoding))
    assert read_document(path) == "日本語のテキスト"


def test_xhtml_with_a_declaration() -> None:
    source = '<?xml version="1.0" encoding="ISO-8859-1"?><html><body><p>caf\u00e9</p></body></html>'
    assert html_text(source) == "café"


def test_html_without_text_is_empty(tmp_path: Path) -> None:
    for source in ("<html><body></body></html>", "<!-- only this -->", "<script>x</script>"):
        with pytest.raises(EmptyMediaError):
            read_document(write(tmp_path, "a.html", source.encode()))


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 100_000 + "x",
        "<b><i><u>" * 30_000 + "x",
        "<![CDATA[" * 100_000 + "x",
        "<a " * 300_000,
        "<" * 500_000,
        "&" * 500_000,
        "<!--" * 100_000,
        "<table>" * 50_000 + "x",
        "<p " + "a=b " * 200_000 + ">x",
    ],
    ids=["deep", "inline", "cdata", "open", "less", "and", "comments", "tables", "attributes"],
)
def test_hostile_html_takes_no_time(source: str) -> None:
    started = time.perf_counter()
    html_text(source)
    assert time.perf_counter() - started < 10


PIECES = (
    "<p>|</p>|<b>|<pre>|</pre>|<td>|<br>|&amp;|&#32;|&|;|<!-- c -->|<script>x</script>|\r\n|\n|\t"
)
SEEN = [*PIECES.split("|"), "a", " ", "ж", "😀", "two words", "<a href='x y'>", "<title>t</title>"]


@given(st.lists(st.sampled_from(SEEN), max_size=40).map("".join), st.integers(4, 16))
def test_a_page_is_read_in_parts_as_in_the_whole(page: str, size: int) -> None:
    with patch.object(searching, "PART", size):
        text = html_text(page)
    assert text == html_text(page)


def test_a_long_page_is_read_to_its_end() -> None:
    paragraphs = [f"paragraph {number}" for number in range(50_000)]
    page = "<p> " + " <p>\n".join(paragraphs)
    assert html_text(page) == "\n\n".join(paragraphs)
    assert html_text("a  b " * 50_000) == ("a b " * 50_000).rstrip()


# What a page is made of


def sections(page: str) -> list[tuple[tuple[str, ...], str]]:
    text, structure = html_page(page, str)
    return [(s.heading, text[s.start : s.end].strip()) for s in structure.sections]  # type: ignore[union-attr]


def blocks(page: str) -> list[str]:
    text, structure = html_page(page, str)
    return [text[b.start : b.end] for b in structure.blocks]  # type: ignore[union-attr]


def test_headings_make_a_path() -> None:
    page = "<p>no<h1>A <i>b</i></h1><p>one<div><h3>C</h3>two</div><h2>D</h2><ul><li>three</ul>"
    assert sections(page) == [
        ((), "no"),
        (("A b",), "one"),
        (("A b", "C"), "two"),
        (("A b", "D"), "three"),
    ]


def test_the_title_is_a_heading_if_there_is_no_first() -> None:
    title = "<head><title>T</title></head>"
    assert sections(f"{title}<p>a<h2>B</h2><p>b") == [(("T",), "a"), (("T", "B"), "b")]
    assert sections(f"{title}<p>a<h1>B</h1><p>b") == [((), "T\n\na"), (("B",), "b")]
    assert sections(f"{title}<p>a") == [(("T",), "a")]


def test_a_page_without_headings_has_the_text_of_before() -> None:
    text, structure = html_page("<p>one<p>two<br>three<ul><li>four</ul>", str)
    assert (text, structure) == ("one\n\ntwo\nthree\n\nfour", None)


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("<tr><th>a<th>b<tr><td>1<td>2", "a | b\n1 | 2"),
        ("<thead><tr><th> a </th> <th>b</th></tr></thead>\n<tbody><tr><td>1</td></tr>", "a | b\n1"),
        ("<tr><td><p>a</p></td><td><p>b</p></td></tr><tr><td><p>c</p>", "a | b\nc"),
        ("<tr><td>a<td><td>b<tr><td><td>c", "a | | b\n| c"),
        ("<caption>x</caption><tr><td>a<br>b<td>c", "x\na\nb | c"),
    ],
)
def test_rows_of_tables_are_lines(table: str, text: str) -> None:
    page = f"<p>before<table>{table}</table>after"
    assert blocks(page) == [text]
    assert html_text(page) == f"before\n\n{text}\n\nafter"


def test_a_page_laid_out_in_tables_has_its_headings() -> None:
    page = (
        "<table><tr><td>menu<td><h1>A</h1><p>one<table><tr><td>b<td>c</table><tr><td>foot</table>"
    )
    assert sections(page) == [((), "menu |"), (("A",), "one\n\nb | c\nfoot")]


def test_code_keeps_its_indent() -> None:
    page = "<p>a<pre>\n  if b:\n    c  \n\n\n    d\n</pre><p>e"
    assert blocks(page) == ["  if b:\n    c\n\n\n    d"]
    assert html_text(page) == "a\n\n  if b:\n    c\n\n\n    d\n\ne"


@given(st.lists(st.sampled_from([*SEEN, "<h1>", "</h1>", "<h3>", "<table>", "</table>", "<tr>"]),
                max_size=40).map("".join))  # fmt: skip
def test_places_are_places_in_the_text(page: str) -> None:
    text, structure = html_page(page, str)
    assert text == html_text(page)
    at = 0
    for section in structure.sections if structure else ():
        assert at <= section.start < section.end <= len(text)
        at = section.end
    at = 0
    for block in structure.blocks if structure else ():
        assert at <= block.start < block.end <= len(text)
        assert not text[block.start].isspace() or text[block.start] in " \t"
        at = block.end


def test_a_page_of_countless_headings_has_none() -> None:
    text, structure = html_page("<h1>a</h1>b" * 100_000, str)
    assert structure is None
    assert text.startswith("a\n\nb\n\na\n\nb")
