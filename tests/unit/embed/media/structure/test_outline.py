"""The sections of a PDF by its outline, also by one that is broken or endless."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from media_files import page, pdf
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject

from anysense.embed.limits import DEFAULT_LIMITS
from anysense.embed.media.document.pdf import read_pdf
from anysense.embed.media.pieces import ReadOptions, read_pieces
from anysense.embed.media.structure import outline
from anysense.embed.media.structure.outline import OutlineEntry, page_structures
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Callable

PAGES = (
    ("Preface", "words"),
    ("1 Setup", "one", "1.1 On  Linux", "two"),
    ("three",),
    ("1.2 On a Mac", "four", "2 USE", "five"),
)
ENTRIES = ((1, "1 Setup", 1), (2, "1.1 On Linux", 1), (2, "1.2 On a Mac", 3), (1, "2 Use", 3))


def book(
    entries: tuple[tuple[int, str, int], ...] = ENTRIES, change: Callable[[Any], Any] | None = None
) -> bytes:
    """A PDF with an outline."""
    writer = PdfWriter(io.BytesIO(pdf([page(*lines) for lines in PAGES])))
    parents: list[Any] = [None]
    for level, title, number in entries:
        del parents[level:]
        item = writer.add_outline_item(title=title, page_number=number, parent=parents[-1])
        parents.append(item)
    if change is not None:
        change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def sections(data: bytes) -> list[tuple[int | None, tuple[str, ...], str]]:
    """The page, the path and the text of each section; a page without is one without a path."""
    options = ReadOptions(frozenset({Modality.TEXT}))
    found: list[tuple[int | None, tuple[str, ...], str]] = []
    for piece in read_pieces(data, options)[1]:
        assert isinstance(piece.content, str)
        if piece.structure is None:
            found.append((piece.place.page, (), piece.content.strip()))
        for section in piece.structure.sections if piece.structure else ():
            text = piece.content[section.start : section.end]
            found.append((piece.place.page, section.heading, text.strip()))
    return found


def test_pages_have_the_path_that_is_in_force_there() -> None:
    assert sections(book()) == [
        (1, (), "Preface\nwords"),
        (2, ("1 Setup",), "one"),
        (2, ("1 Setup", "1.1 On Linux"), "two"),
        (3, ("1 Setup", "1.1 On Linux"), "three"),
        (4, ("1 Setup", "1.2 On a Mac"), "four"),
        (4, ("2 Use",), "five"),
    ]


def test_a_pdf_without_an_outline_has_pages_alone() -> None:
    assert [path for _, path, _ in sections(pdf([page("a"), page("b")]))] == [(), ()]
    assert [path for _, path, _ in sections(book(()))] == [()] * 4


def structures(texts: list[str], *entries: tuple[int, str, int]) -> list[list[tuple[Any, str]]]:
    found = page_structures(texts, [OutlineEntry(*entry) for entry in entries])
    return [
        [(s.heading, text[s.start : s.end].strip()) for s in structure.sections]
        if structure
        else []
        for text, structure in zip(texts, found, strict=True)
    ]


def test_a_title_that_is_not_on_its_page_holds_for_all_of_it() -> None:
    assert structures(["one", "two"], (1, "A", 0), (2, "B", 0), (2, "C", 0)) == [
        [(("A", "B"), "one")],
        [(("A", "C"), "two")],
    ]


@pytest.mark.parametrize("line", ["Setup", "SETUP", "2.3 Setup", "A.1.  setup", "2. Setup "])
def test_a_title_is_found_with_its_number(line: str) -> None:
    [found] = structures([f"before\n{line}\nwords"], (1, "Setup", 0))
    assert found == [((), "before"), (("Setup",), "words")]


def test_a_title_alone_is_a_text_of_its_own() -> None:
    assert structures(["A\nB\nwords\nC"], (1, "A", 0), (2, "B", 0), (2, "C", 0)) == [
        [(("A", "B"), "words"), (("A",), "C")]
    ]


def test_a_title_in_a_sentence_is_no_heading() -> None:
    text = "See Setup below.\nSetup\nwords"
    assert structures([text], (1, "Setup", 0)) == [
        [((), "See Setup below."), (("Setup",), "words")]
    ]


def test_a_document_may_not_ask_for_endless_search(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(f"T{n}\nwords" for n in range(1000))
    entries = [(1, f"T{n}", 0) for n in range(1000)]
    [found] = structures([text], *entries)
    assert len(found) == 1000
    steps = "_MOST_STEPS"  # the limit itself: more of them take seconds
    monkeypatch.setattr(outline, steps, 100 * len(text))
    [found] = structures([text], *entries)
    assert 40 < len(found) < 200


def no_title(writer: Any) -> None:
    first = writer.root_object["/Outlines"]["/First"].get_object()
    first[NameObject("/Title")] = TextStringObject("")


def endless(writer: Any) -> None:
    first = writer.root_object["/Outlines"]["/First"].get_object()
    first[NameObject("/Next")] = first.indirect_reference


def inside_itself(writer: Any) -> None:
    first = writer.root_object["/Outlines"]["/First"].get_object()
    first[NameObject("/First")] = first.indirect_reference


def no_outline(writer: Any) -> None:
    writer.root_object[NameObject("/Outlines")] = TextStringObject("broken")


@pytest.mark.parametrize("change", [no_title, endless, inside_itself, no_outline])
def test_a_broken_outline_leaves_the_text(change: Callable[[Any], None]) -> None:
    texts = read_pdf(io.BytesIO(book(change=change)), "a.pdf", DEFAULT_LIMITS).pages
    assert "one" in texts[1]
    assert "five" in texts[3]


def test_an_outline_of_countless_entries_is_left_out(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = "_MOST_ENTRIES"  # the limit itself: documents of as many entries are slow to write
    monkeypatch.setattr(outline, few, 3)
    reader = PdfReader(io.BytesIO(book()))
    assert outline.outline_entries(reader, "a.pdf") == []
    assert "a.pdf: its outline is left out" in caplog.text
