"""A text is a text, whatever letters it begins with, unless all of it is a document of a kind."""

from __future__ import annotations

import io
import tarfile
import time
import zipfile
from typing import TYPE_CHECKING

import pytest
from media_files import page, pdf

from anysense.embed.errors import UnsupportedMediaError
from anysense.embed.media.document.document import read_document
from anysense.embed.media.formats.markup import is_drawing, is_page
from anysense.embed.media.formats.plaintext import could_be_text, is_text
from anysense.embed.media.identify import format_of_media, media_type, sniff
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from pathlib import Path

WORDS = "\n\nAnd so the dough is kneaded in the evening, until it is smooth.\n"
BEGINNINGS = [
    *("BM", "BMW makes cars", "II*", "MM*", "GIF89a", "GIF87a is", "RIFF....WAVE", "FORM....AIFF"),
    *("ID3", "ID3 tags", "OggS", "fLaC", ".snd", "RF64....WAVE", "....ftypM4A ", "#!AMR\n", "MThd"),
    *("PK", "Rar!", "7z", "8BPS", "FLV", "wvpk", "MAC OS", "MP+", "TTA1", "ADIF", "APETAGEX"),
    *(
        "{\\rtf",
        "{\\rtf1 is how",
        "%!PS",
        "%!PS\n",
        "%!PS-Adobe-3.0\n",
        "%PDF-1.4",
        "x" * 257 + "ustar",
    ),
    *("G" + ("x" * 187 + "G") * 5, "<svg>", "<p><svg></svg></p>", "`<svg>`", "<!-- --><svg></svg>"),
    *('<svg xmlns="http://www.w3.org/2000/svg"><path/></svg>', "%PDF-1.4\nBegins so.\n1 0 obj"),
    "About PDF:\n" + pdf([page("other words")]).decode("latin-1"),
]


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["note.txt", "note.md", "note", "note.log"])
def test_no_letters_make_a_text_something_else(
    beginning: str, encoding: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes((beginning + WORDS).encode(encoding))
    assert "the dough is kneaded" in read_document(path)
    assert sniff(path.read_bytes()) is Modality.TEXT


def test_a_page_may_hold_drawings_anywhere(tmp_path: Path) -> None:
    page_of_drawings = (
        '<!DOCTYPE html><link rel="icon" href="data:image/svg+xml,<svg></svg>">'
        "<svg><path/></svg><p>Knead the dough."
    )
    for name, text in (
        ("page.html", page_of_drawings),
        ("page", page_of_drawings),
        ("sprite.html", "<svg hidden><symbol/></svg><p>Knead the dough.</p>"),
        ("readme.md", "<svg/>\n\n# Bread\n\nKnead the dough.\n"),
        ("readme.md", f"<svg>{'<g/>' * 20_000}</svg>\n\nKnead the dough.\n"),
    ):
        path = tmp_path / name
        path.write_text(text)
        assert "Knead the dough" in read_document(path)


@pytest.mark.parametrize(
    "drawing",
    [
        '<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>',
        '\ufeff<?xml version="1.0"?>\n<!-- made with -->\n<!DOCTYPE svg [<!ENTITY n "x">]>'
        '\n<s:svg xmlns:s="x"><s:svg></s:svg></s:svg>\n<!-- end -->\n',
        f"<!--{'x' * 3000}--><SVG>{'<g/>' * 20_000}</SVG>",
    ],
)
@pytest.mark.parametrize("name", ["a.svg", "a", "a.html", "a.md"])
def test_a_drawing_is_one_by_its_first_element(drawing: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(drawing, encoding="utf-8")
    assert format_of_media(path).name == "SVG"


def test_a_page_is_one_by_its_type_or_first_element() -> None:
    for head in (
        b"\xef\xbb\xbf \n<!DOCTYPE HTML><p>x",
        b"<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x'><html xmlns='y'>",
        b"<!-- saved -->\n<HTML>",
        b"<head><title>x",
    ):
        assert is_page(head)
    for head in (b"<p>html", b"<headline>", b"see <html>", b"", b"<!--"):
        assert not is_page(head)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "a PostScript document"),
        (b"%!PS\n(x) show showpage\n", "a PostScript document"),
    ],
)
@pytest.mark.parametrize("name", ["a", "a.txt", "a.ps"])
def test_documents_in_other_languages_are_named(
    data: bytes, what: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UnsupportedMediaError, match=f"is {what}"):
        sniff(path)


@pytest.mark.parametrize("name", ["a", "a.txt", "a.rtf"])
def test_an_rtf_document_is_told_by_how_it_ends(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"{\\rtf1\\ansi{\\fonttbl}hello}\r\n\0")
    assert format_of_media(path).name == "RTF"


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize(
    "junk",
    [b"", b"\xef\xbb\xbf", b"\n \n", b"HTTP/1.1 200 OK\r\n\r\n", b"From: a\n\n", b"junk" * 99],
)
@pytest.mark.parametrize("name", ["a.pdf", "a", "a.log"])
def test_a_pdf_is_one_after_junk_and_before_it(
    compress: bool, junk: bytes, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(junk + pdf([page("words")], compress=compress) + b"\n" * 3000)
    assert media_type(path) == "application/pdf"
    assert read_document(path).strip() == "words"


def test_a_text_named_so_may_begin_with_a_pdf(tmp_path: Path) -> None:
    document = pdf([page("other words")])
    for name, kind in (
        ("a.txt", "text/plain"),
        ("a.md", "text/markdown"),
        ("a", "application/pdf"),
    ):
        path = tmp_path / name
        path.write_bytes(document + WORDS.encode())
        assert media_type(path) == kind
        path.write_bytes(document)
        assert media_type(path) == "application/pdf"


def test_an_archive_with_a_pdf_in_it_is_an_archive() -> None:
    document = pdf([page("words")])
    packed, taped = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.pdf", document)
    with tarfile.open(fileobj=taped, mode="w") as tape:
        entry = tarfile.TarInfo("a.pdf")
        entry.size = len(document)
        tape.addfile(entry, io.BytesIO(document))
    for data, what in ((packed, "a ZIP archive"), (taped, "a tar archive")):
        with pytest.raises(UnsupportedMediaError, match=f"is {what}"):
            sniff(data.getvalue())


def test_what_text_is() -> None:
    assert is_text("Füße".encode()[:3], is_whole=False)  # within a character
    assert not is_text("Füße".encode("latin-1"), is_whole=True)
    assert could_be_text("Füße\x08".encode("latin-1") + b"words" * 50, is_whole=True)
    assert not could_be_text(b"\xff\xfe" + b"\0\xd8" * 50, is_whole=True)  # halves of pairs
    assert not could_be_text(bytes(range(256)), is_whole=True)
    assert not could_be_text(bytes(range(1, 256)), is_whole=True)


def test_hostile_markup_takes_no_time() -> None:
    started = time.perf_counter()
    for head in (
        b"<svg" * 16_384,
        b" " * 65_536 + b"x",
        b"<!---->" * 9_000 + b"x",
        b"<!doctype [" * 6_000,
    ):
        for text in (head, b"<svg>" + head, b"<svg></svg>" + head):
            assert not is_drawing(text, text)
            assert not is_page(text)
    assert time.perf_counter() - started < 10
