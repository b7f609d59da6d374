"""A PDF is its text, with the pages that it stands on, and its pages as pictures."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import PIL.Image
import pypdf
import pytest
from media_files import page, pdf, write

from anysense.embed.errors import (
    CorruptMediaError,
    EmptyMediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.document import pdf_pieces as module
from anysense.embed.media.document.document import PAGE_GAP, has_words, read_document
from anysense.embed.media.document.pages import render_pages
from anysense.embed.media.document.pdf_pieces import pdf_pieces
from anysense.embed.media.pieces import Piece, ReadOptions
from anysense.embed.types import Modality, Origin, Place, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO
RED_SQUARE = b"1 0 0 rg 100 500 200 200 re f"
RETURN = b"BT /F1 12 Tf 72 720 Td (one\r) Tj ET"  # the gap to the next page begins with a line feed
LETTER = pdf([page("First page"), page("Second page, first line", "and another")])
SCAN = pdf([RED_SQUARE, RED_SQUARE])


def read(source: Path | bytes, *modalities: Modality, **options: Any) -> list[Piece]:
    """The pieces of a document where these modalities, or all, are wanted."""
    return list(pdf_pieces(source, ReadOptions(frozenset(modalities or Modality), **options)))


def pages_of(pieces: list[Piece]) -> list[int | None]:
    """The pages that are there as pictures, after a look at their places."""
    pictures = [piece for piece in pieces if piece.modality is IMAGE]
    for piece in pictures:
        assert piece.place == Place.of_page(piece.place.page or 0)
        assert isinstance(piece.content, PIL.Image.Image)
        assert piece.content.mode == "RGB"
    return [piece.place.page for piece in pictures]


# Text


def test_the_texts_of_pages_come_first_then_their_pictures() -> None:
    pieces = read(LETTER)
    assert [piece.modality for piece in pieces] == [TEXT, TEXT, IMAGE, IMAGE]
    assert pages_of(pieces) == [1, 2]
    assert {piece.origin for piece in pieces} == {Origin.CONTENT}
    assert [piece.content for piece in pieces[:2]] == [
        "First page\n",
        "Second page, first line\nand another\n",
    ]
    assert [piece.place for piece in pieces[:2]] == [
        Place.of_characters(0, 11, 1),
        Place.of_characters(13, 49, 2),
    ]


@pytest.mark.parametrize(
    "contents",
    [
        [page("one"), page("two"), page("three")],
        [b"", page("two"), b"", b"", page("five"), b""],
        [RED_SQUARE, page("two")],
        [page("one"), page("  "), page("three")],
        [RETURN, RETURN, page("\rthree")],
        [page("one", "\r"), b"", page("\n\n", "three")],
        [page("Caf\u00e9 \u0153uf"), page("\u201cquoted\u201d", "- and more")],
        [b"/X0 Do", page("two"), b"/X0 Do"],
    ],
)
@pytest.mark.parametrize("compress", [False, True])
def test_each_page_is_a_text_at_its_place(
    contents: list[bytes], compress: bool, tmp_path: Path
) -> None:
    """In the very characters that the document is as one text."""
    form = page("inside a form") if b"/X0 Do" in contents else None
    data = pdf(contents, form=form, compress=compress)
    whole = read_document(data)
    assert read_document(write(tmp_path, "a.pdf", data)) == whole
    alone = {}
    for number, content in enumerate(contents, 1):
        text = read_document(pdf([page("x"), content], form=form, compress=compress))
        alone[number] = text[len("x\n" + PAGE_GAP) :]
    texts = read(data, TEXT)
    assert {text.place.page: text.content for text in texts} == {
        number: text for number, text in alone.items() if has_words(text)
    }
    for text in texts:
        assert text.place.unit is Unit.CHARACTERS
        start, end = text.place.start, text.place.end
        assert start is not None
        assert end is not None
        assert whole[int(start) : int(end)] == text.content


def test_texts_are_folded_page_by_page() -> None:
    first, second = read(pdf([RETURN, page("two \x07 bells")]), TEXT)
    assert (first.content, first.place) == ("one\n", Place.of_characters(0, 4, 1))
    assert (second.content, second.place.start) == ("two   bells\n", 6)


# Pages


def test_pages_are_drawn_as_pictures() -> None:
    pieces = read(LETTER, IMAGE)
    drawn = list(render_pages(io.BytesIO(LETTER), "a.pdf", DEFAULT_LIMITS))
    assert pages_of(pieces) == [number for number, _ in drawn] == [1, 2]
    for piece, (_, picture) in zip(pieces, drawn, strict=True):
        assert isinstance(piece.content, PIL.Image.Image)
        assert piece.content.tobytes() == picture.tobytes()


def test_a_scan_is_its_pages() -> None:
    pieces = read(SCAN)
    assert {piece.modality for piece in pieces} == {IMAGE}
    assert pages_of(pieces) == [1, 2]


def test_blank_pages_are_no_pictures_and_still_count() -> None:
    pieces = read(pdf([b"", page("two"), page(" "), RED_SQUARE, b""]))
    assert pages_of(pieces) == [2, 4]
    assert pieces[0].content == "two\n"
    assert pieces[0].place == Place.of_characters(2, 6, 2)


def test_text_that_is_not_seen_is_read() -> None:
    """As the layer that recognition puts behind a scan."""
    hidden = page("recognised").replace(b"BT", b"BT 3 Tr")
    [text] = read(pdf([hidden]))
    assert (text.modality, text.content) == (TEXT, "recognised\n")


# What is wanted


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails a test that draws pages."""

    def refuse(*_: Any) -> Iterator[Any]:
        raise AssertionError("drawn")

    monkeypatch.setattr(module, "render_pages", refuse)


@pytest.mark.usefixtures("undrawn")
def test_pages_are_not_drawn_if_images_are_not_wanted() -> None:
    for modalities in ([TEXT], [TEXT, AUDIO]):
        assert [piece.modality for piece in read(LETTER, *modalities)] == [TEXT, TEXT]
    with pytest.raises(EmptyMediaError, match=r"without a text layer.*use its pages as pictures"):
        read(SCAN, TEXT)


def test_a_text_that_is_too_long_is_no_matter_if_texts_are_not_wanted() -> None:
    limits = Limits(text_characters=5)
    assert pages_of(read(LETTER, IMAGE, limits=limits)) == [1, 2]
    with pytest.raises(MediaTooLargeError, match="characters of text"):
        read(LETTER, limits=limits)
    with pytest.raises(MediaTooLargeError, match="has 2 pages"):
        read(LETTER, IMAGE, limits=Limits(text_characters=5, document_pages=1))


@pytest.mark.usefixtures("undrawn")
def test_nothing_is_read_if_nothing_is_wanted() -> None:
    for data in (LETTER, SCAN, b"%PDF-1.7 and no more"):
        assert read(data, AUDIO) == []


def test_a_document_without_anything_to_find() -> None:
    for modalities in ([TEXT, IMAGE], [IMAGE]):
        with pytest.raises(EmptyMediaError, match="is a PDF document of blank pages"):
            read(pdf([b"", page("  ")]), *modalities)
    with pytest.raises(EmptyMediaError, match="have its words recognised"):
        read(pdf([b"", page("  ")]), TEXT)


def test_a_page_is_at_hand_before_the_next_is_drawn() -> None:
    pieces = pdf_pieces(pdf([RED_SQUARE] * 30), ReadOptions())
    assert next(pieces).place == Place.of_page(1)
    pieces.close()  # type: ignore[attr-defined]


# What goes wrong


def failing(error: Exception, pages: int = 0) -> Any:
    """Draws some pages, then fails."""

    def draw(*_: Any) -> Iterator[tuple[int, PIL.Image.Image]]:
        for number in range(1, pages + 1):
            yield number, PIL.Image.new("RGB", (4, 4))
        raise error

    return draw


TOO_SLOW = MediaTooLargeError("a.pdf", "is a PDF document whose page 2 takes too long to draw")


@pytest.mark.parametrize(
    ("pages", "found_by"),
    [
        (0, "its text, not by its pages"),
        (1, "its text and its first page"),
        (3, "its text and its first 3 pages"),
    ],
)
def test_a_text_is_kept_though_its_pages_cannot_be_drawn(
    pages: int,
    found_by: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "render_pages", failing(TOO_SLOW, pages))
    path = write(tmp_path, "a.pdf", LETTER)
    pieces = read(path)
    assert [piece.modality for piece in pieces] == [TEXT, TEXT] + [IMAGE] * pages
    [record] = caplog.records
    assert (record.name, record.levelno) == ("anysense", logging.WARNING)
    assert record.getMessage() == f"{path}: found by {found_by}: {TOO_SLOW.reason}"


@pytest.mark.parametrize("pages", [0, 1])
@pytest.mark.parametrize(("data", "modalities"), [(SCAN, [TEXT, IMAGE]), (LETTER, [IMAGE])])
def test_without_a_text_to_keep_it_is_refused(
    data: bytes,
    modalities: list[Modality],
    pages: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "render_pages", failing(TOO_SLOW, pages))
    with pytest.raises(MediaTooLargeError, match="takes too long"):
        read(data, *modalities)
    assert caplog.records == []


def test_a_fault_that_is_not_the_documents_is_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "render_pages", failing(ImportError("no pillow")))
    with pytest.raises(ImportError):
        read(LETTER)


def encrypted() -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(LETTER))
    writer.encrypt("password", "owner", algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


@pytest.mark.parametrize("modalities", [[TEXT], [IMAGE], [TEXT, IMAGE]])
def test_documents_that_cannot_be_read(modalities: list[Modality], tmp_path: Path) -> None:
    path = write(tmp_path, "a.pdf", encrypted())
    with pytest.raises(UnsupportedMediaError, match="remove the password") as caught:
        read(path, *modalities)
    assert caught.value.source == str(path)
    with pytest.raises(CorruptMediaError, match="damaged or truncated"):
        read(LETTER[: len(LETTER) // 2], *modalities)
