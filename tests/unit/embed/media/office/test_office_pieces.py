"""Documents of office programs, read where the extra `documents` is installed."""

from __future__ import annotations

import datetime
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from media_files import write
from office_files import converted, presentation, with_part, workbook

from anysense.embed.errors import (
    AbandonedError,
    CorruptMediaError,
    EmptyMediaError,
    MediaTooLargeError,
)
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.document import read_document
from anysense.embed.media.identify import format_of_media
from anysense.embed.media.office import archive, converter
from anysense.embed.media.office.converter import ConvertBudget, budget_for, convert
from anysense.embed.media.pieces import Piece, ReadOptions, read_pieces
from anysense.embed.types import Kind
from anysense.embed.waiting import Waiter, waited_for_by

if TYPE_CHECKING:
    from pathlib import Path

for package in ("openpyxl", "pptx", "pypandoc"):
    pytest.importorskip(package, reason="the extra `documents` is not installed")


def pieces(data: bytes | Path) -> list[Piece]:
    kind, found = read_pieces(data, ReadOptions())
    assert kind is Kind.DOCUMENT
    return list(found)


def sections(piece: Piece) -> list[tuple[tuple[str, ...], str]]:
    text = piece.content
    assert isinstance(text, str)
    found = piece.structure.sections if piece.structure else ()
    return [(s.heading, text[s.start : s.end].strip()) for s in found]


@pytest.mark.parametrize("name", ["docx", "epub", "odt", "rtf"])
def test_a_document_has_sections_and_tables(name: str) -> None:
    [piece] = pieces(converted(name))
    before, *rest = sections(piece)
    assert (before[0], before[1].splitlines()[0]) == ((), "The title")
    assert rest == [
        (("Setup",), "Do this."),
        (("Setup", "Linux"), "Do that: café.\n\na | b\n1 | 2"),
    ]
    assert read_document(converted(name)) == piece.content


def test_the_title_is_the_outermost_heading_if_there_is_none() -> None:
    [piece] = pieces(converted("docx", "<h2>A</h2><p>one</p>"))
    assert sections(piece) == [(("The title", "A"), "one")]


def test_sheets_are_sections_with_rows() -> None:
    day = datetime.date(2024, 5, 6)
    rows = [["what", "euro"], ["rent", 900.5], ["food", 7.0], [None, day], ["<b>", True]]
    [piece] = pieces(workbook({"Costs": rows, "Else & more": [["k"], [], ["v"]], "Empty": []}))
    assert sections(piece) == [
        (("Costs",), "what | euro\nrent | 900.5\nfood | 7\n| 2024-05-06\n<b> | True"),
        (("Else & more",), "k\nv"),
        ((), "Empty"),
    ]


def test_cells_after_blank_rows_and_beyond_the_size_that_is_told_are_read() -> None:
    part = "xl/worksheets/sheet1.xml"
    book = workbook({"A": [["first"], *[[]] * 1_500, ["then"]]})
    [piece] = pieces(book)
    assert sections(piece) == [(("A",), "first\nthen")]
    with zipfile.ZipFile(io.BytesIO(book)) as packed:
        sheet = packed.read(part)
    last = sheet.replace(b"1502", b"1048576")  # the last row that Excel has
    assert b'r="A1048576"' in last
    [piece] = pieces(with_part(book, part, last))
    assert sections(piece) == [(("A",), "first\nthen")]
    assert b'ref="A1:A1502"' in sheet
    [piece] = pieces(with_part(book, part, sheet.replace(b'ref="A1:A1502"', b'ref="A1"')))
    assert sections(piece) == [(("A",), "first\nthen")]


def test_slides_are_pages_with_their_notes() -> None:
    found = pieces(presentation())
    assert [piece.place.page for piece in found] == [1, 2, 3]
    assert sections(found[0]) == [(("First & foremost",), "one\n\ntwo\n\nsaid aloud")]
    assert sections(found[1]) == [(("Second",), "x | y\n1 | 2")]
    assert (found[2].content, found[2].structure) == ("in a group", None)
    whole = read_document(presentation())
    for piece in found:
        start, end = int(piece.place.start or 0), int(piece.place.end or 0)
        assert whole[start:end] == piece.content


@pytest.mark.parametrize(
    ("code_page", "letters", "words"),
    [
        ("1251", r"\'cf\'f0\'e8\'e2\'e5\'f2", "Привет"),
        ("1251", r"\u1055\'cf\u1088\'f0", "Пр"),
        ("932", r"\'93\'fa\'96\'7b", "日本"),
        ("1252", r"caf\'e9", "café"),
        ("99999", r"caf\'e9", "café"),
    ],
)
def test_letters_of_a_code_page_are_read(code_page: str, letters: str, words: str) -> None:
    data = rf"{{\rtf1\ansi\ansicpg{code_page} {letters} end\par}}"
    [piece] = pieces(data.encode())
    assert piece.content == f"{words} end"


def test_a_document_is_told_by_its_content(tmp_path: Path) -> None:
    book = workbook({"A": [["a"]]})
    assert format_of_media(book).name == "XLSX"
    assert format_of_media(write(tmp_path, "a.docx", book)).name == "XLSX"
    assert format_of_media(presentation()).name == "PPTX"
    for name in ("docx", "epub", "odt", "rtf"):
        assert format_of_media(converted(name)).name == name.upper()


# Broken, hostile, too large


def body(paragraphs: bytes, head: bytes = b"") -> bytes:
    """A Word document with these paragraphs."""
    space = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    document = b"<w:document %s><w:body>%s</w:body></w:document>" % (space, paragraphs)
    return with_part(converted("docx"), "word/document.xml", head + document)


PARAGRAPH = b"<w:p><w:r><w:t>word</w:t></w:r></w:p>"


def test_a_document_made_by_hand_is_read() -> None:
    assert read_document(body(PARAGRAPH)) == "word"


def test_a_truncated_or_damaged_document_is_refused() -> None:
    data = converted("docx")
    with pytest.raises(CorruptMediaError, match="is damaged or truncated"):
        pieces(data[: len(data) // 2])
    with pytest.raises(CorruptMediaError, match="is a Word document that cannot be read"):
        pieces(with_part(data, "word/document.xml", b"<w:document"))
    with pytest.raises(CorruptMediaError, match="is an Excel workbook that cannot be read"):
        pieces(with_part(workbook({"A": [["a"]]}), "xl/workbook.xml", b"<"))


def test_a_document_without_words_is_empty() -> None:
    with pytest.raises(EmptyMediaError):
        pieces(body(b""))


@pytest.mark.parametrize("entity", [b'SYSTEM "file:///etc/passwd"', b'"secret"'])
def test_entities_of_a_document_are_not_followed(entity: bytes) -> None:
    head = b"<!DOCTYPE x [<!ENTITY e %s>]>" % entity
    paragraph = PARAGRAPH.replace(b"word", b"before &e; after")
    try:
        text = read_document(body(paragraph, head))
    except CorruptMediaError:
        return
    assert "root" not in text


def test_what_unpacks_to_too_much_is_refused_before(monkeypatch: pytest.MonkeyPatch) -> None:
    data = body(PARAGRAPH * 2_000_000)
    assert len(data) < 1_000_000
    monkeypatch.setattr(converter, "_wait", None)  # as no program may be started for it
    most = "_MOST_TEXT_BYTES"  # the limit itself: more of it takes minutes to make
    monkeypatch.setattr(archive, most, 50_000_000)
    with pytest.raises(MediaTooLargeError, match=r"unpacks to [\d,]+ bytes"):
        pieces(data)


def test_an_archive_that_lies_about_its_size_is_stopped() -> None:
    data = bytearray(body(PARAGRAPH * 500_000))
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        size = packed.getinfo("word/document.xml").file_size
    true, false = size.to_bytes(4, "little"), (1000).to_bytes(4, "little")
    assert data.count(true) == 2  # in its own head and in the list of parts
    lying = bytes(data).replace(true, false)
    docx = format_of_media(lying)
    with pytest.raises((MediaTooLargeError, CorruptMediaError)):
        convert(io.BytesIO(lying), docx, "a", DEFAULT_LIMITS, ConvertBudget(60, 64 * 1024**2))


def test_too_much_memory_or_time_ends_it() -> None:
    data = body(PARAGRAPH * 50_000)
    docx = format_of_media(data)
    with pytest.raises(MediaTooLargeError, match="takes too much memory"):
        convert(io.BytesIO(data), docx, "a", DEFAULT_LIMITS, ConvertBudget(60, 32 * 1024**2))
    with pytest.raises(MediaTooLargeError, match="takes too long"):
        convert(io.BytesIO(data), docx, "a", DEFAULT_LIMITS, ConvertBudget(0.1))
    book = workbook({"A": [["word"] * 100] * 2000})
    xlsx = format_of_media(book)
    with pytest.raises(MediaTooLargeError, match="takes too long"):
        convert(io.BytesIO(book), xlsx, "a", DEFAULT_LIMITS, ConvertBudget(0.1))


def test_a_small_document_may_take_less_time() -> None:
    sizes = (2_000, 1_000_000, 2_000_000_000)
    assert [budget_for(size).seconds for size in sizes] == [pytest.approx(20.02), 30, 120]


@pytest.mark.parametrize(("name", "size"), [("epub", 1_000), ("rtf", 1_000), ("docx", 3_000_000)])
def test_its_time_is_by_what_it_unpacks_to(
    name: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = converted(name)
    if name == "docx":
        data = body(PARAGRAPH + b" " * size)
    allowed: list[float] = []

    def wait(program: Any, page: Any, most: int, seconds: float) -> None:
        allowed.append(seconds)

    monkeypatch.setattr(converter, "_wait", wait)  # no document takes long at will
    with pytest.raises(MediaTooLargeError, match="takes too long"):
        pieces(data)
    assert allowed == [pytest.approx(20 + size / 1e5, abs=1)]


def test_too_many_characters_are_refused() -> None:
    few = Limits(text_characters=100)
    with pytest.raises(MediaTooLargeError, match="over 100 characters"):
        read_document(body(PARAGRAPH * 50), few)
    with pytest.raises(MediaTooLargeError, match="has too much text"):
        read_document(body(PARAGRAPH * 5000), few)


def test_a_deeply_nested_document_ends() -> None:
    with pytest.raises((MediaTooLargeError, CorruptMediaError)):
        pieces(b"{\\rtf1 " + b"{" * 2_000_000 + b"x" + b"}" * 2_000_001)


def test_it_ends_when_nobody_waits() -> None:
    waiter = Waiter()
    waiter.leave()
    with waited_for_by(waiter), pytest.raises(AbandonedError):
        pieces(converted("odt"))
