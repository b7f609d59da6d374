"""Filled forms and notes are text of their page, once, and never a reason to refuse it."""

from __future__ import annotations

import io
import time
from typing import Any

import pypdf
import pytest
from media_files import page, pdf
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from anysense.embed.media.document.document import read_document
from anysense.embed.media.document.pdf_notes import MOST_NOTES

Entries = dict[str, Any]


def value_of(value: Any) -> Any:
    """A value as pypdf writes it: a name where it begins with a slash."""
    if isinstance(value, dict):
        return DictionaryObject({NameObject(key): value_of(entry) for key, entry in value.items()})
    if isinstance(value, list):
        return ArrayObject(value_of(entry) for entry in value)
    if isinstance(value, int):
        return NumberObject(value)
    if isinstance(value, str):
        return NameObject(value) if value.startswith("/") else TextStringObject(value)
    return value


def added(writer: pypdf.PdfWriter, value: Any) -> Any:
    """A reference to a new object."""
    return writer._add_object(value)  # pypdf has no public name for it


def annotated(*annotations: Any, text: str = "Name:", pages: int = 1) -> bytes:
    """A PDF whose pages show a text and have these annotations."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf([page(text)] * pages)))
    for each in writer.pages:
        each[NameObject("/Annots")] = ArrayObject(
            added(writer, value_of(annotation)) for annotation in annotations
        )
    return written(writer)


def written(writer: pypdf.PdfWriter) -> bytes:
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def field(kind: str, value: Any, **entries: Any) -> Entries:
    further = {f"/{key}": entry for key, entry in entries.items()}
    return {"/Subtype": "/Widget", "/FT": kind, "/V": value, "/T": "field", **further}


def note(subtype: str, words: str, **entries: Any) -> Entries:
    return {"/Subtype": subtype, "/Contents": words, **{f"/{k}": v for k, v in entries.items()}}


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (field("/Tx", "Ada Lovelace"), "Ada Lovelace"),
        (field("/Tx", "first\rsecond"), "first second"),
        ({"/Subtype": "/Widget", "/Parent": field("/Tx", "Ada")}, "Ada"),
        (field("/Ch", "de", Opt=[["de", "Germany"], ["fr", "France"]]), "Germany"),
        (field("/Ch", ["red", "blue"], Opt=["red", "green", "blue"]), "red blue"),
        (field("/Btn", "/Yes", AS="/Yes", TU="I agree"), "I agree"),
        (note("/FreeText", "typed on the page"), "typed on the page"),
        (note("/Text", "a sticky note"), "a sticky note"),
        (note("/Highlight", "why this matters"), "why this matters"),
        (note("/Popup", "a popup"), "a popup"),
    ],
)
def test_fields_and_notes_are_text(annotation: Entries, words: str) -> None:
    assert read_document(annotated(annotation)).split() == ["Name:", *words.split()]


def test_a_long_value_may_be_a_stream() -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(annotated(field("/Tx", "short"))))
    stream = DecodedStreamObject()
    stream.set_data(b"a long value")
    widget: Any = writer.pages[0]["/Annots"]
    widget[0].get_object()[NameObject("/V")] = added(writer, stream)
    assert read_document(written(writer)).split() == ["Name:", "a", "long", "value"]


@pytest.mark.parametrize(
    "annotation",
    [
        field("/Tx", "secret", Ff=1 << 13),
        field("/Tx", "hidden", F=2),
        field("/Btn", "/Off", AS="/Off", TU="I agree"),
        field("/Btn", "", Ff=1 << 16, AS="/On", TU="Print"),
        field("/Sig", "signed"),
        field("/Tx", "/Name"),
        field("/Tx", 5),
        field("/Tx", ""),
        note("/Link", "a tooltip"),
        note("/Text", "hidden", F=2),
        note("/Text", "broken", F="x"),
        {"/Subtype": "/Text", "/Contents": [1, 2]},
        {},
        5,
    ],
)
def test_what_nobody_sees_is_no_text(annotation: Any) -> None:
    assert read_document(annotated(annotation)).split() == ["Name:"]


def test_what_the_page_has_is_not_said_twice() -> None:
    filled = annotated(field("/Tx", "Ada  Lovelace"), field("/Tx", "5"), text="ADA LOVELACE, 1815")
    assert read_document(filled).split() == ["ADA", "LOVELACE,", "1815", "Ada", "Lovelace", "5"]
    filled = annotated(
        field("/Tx", "Ada  Lovelace"), note("/Text", "a"), note("/Popup", "a"), text="Ada Lovelace"
    )
    assert read_document(filled).split() == ["Ada", "Lovelace", "a"]


def test_fields_of_a_page_without_text_are_its_text() -> None:
    assert read_document(annotated(field("/Tx", "Ada"), text="")).strip() == "Ada"


def test_a_field_that_is_its_own_parent_has_no_value() -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(annotated({"/Subtype": "/Widget"})))
    widgets: Any = writer.pages[0]["/Annots"]
    widgets[0].get_object()[NameObject("/Parent")] = widgets[0]
    assert read_document(written(writer)).strip() == "Name:"


def test_more_notes_than_anybody_writes_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    start = time.perf_counter()
    document = annotated(*[note("/Text", "again")] * 200, pages=MOST_NOTES // 200 + 10)
    assert "again" in read_document(document)
    assert [record.getMessage() for record in caplog.records] == [
        "<bytes>: further notes and fields are left out: too many"
    ]
    assert time.perf_counter() - start < 20
