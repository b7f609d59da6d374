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
from anysense.embed.media.document.html import html_text

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
        "a b\nc\n\nkept  wide"
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
