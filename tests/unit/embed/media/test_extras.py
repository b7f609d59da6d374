"""Without an extra, its files are counted, and a build says what reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from anysense.embed.errors import UnsupportedMediaError
from anysense.embed.media import extras
from anysense.embed.media.document import read_document
from anysense.embed.media.extras import DOCUMENTS, readable_suffixes
from anysense.embed.media.identify import format_of_media
from anysense.index.building import quarantine
from anysense.index.building.build import build
from anysense.index.catalog.records import QuarantinedFile
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from pathlib import Path

RTF = rb"{\rtf1\ansi A document.\par}"
HEAD = b"PK\x03\x04" + bytes(26)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "has_packages", lambda names: False)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (RTF, "RTF"),
        (HEAD + b"word/document.xml", "DOCX"),
        (HEAD + b"[Content_Types].xml" + bytes(100_000) + b"ppt/presentation.xml", "PPTX"),
        (HEAD + b"xl/workbook.xml", "XLSX"),
        (HEAD + b"mimetypeapplication/epub+zipPK", "EPUB"),
        (HEAD + b"mimetypeapplication/vnd.oasis.opendocument.textPK", "ODT"),
    ],
)
def test_formats_are_told_without_it(data: bytes, name: str) -> None:
    assert format_of_media(data).name == name


@pytest.mark.parametrize(
    "data", [HEAD + b"mimetypeapplication/vnd.oasis.opendocument.text-templatePK", HEAD + b"a.txt"]
)
def test_other_archives_are_none(data: bytes) -> None:
    with pytest.raises(UnsupportedMediaError, match="is a ZIP archive"):
        format_of_media(data)


@pytest.mark.usefixtures("without")
def test_a_document_says_what_reads_it() -> None:
    with pytest.raises(UnsupportedMediaError, match=r"an RTF document, which needs an extra: pip"):
        read_document(RTF)
    assert ".docx" not in readable_suffixes()
    assert ".pdf" in readable_suffixes()


def test_a_build_counts_them_and_reads_them_once_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "a.txt").write_text("red")
    (folder / "b.rtf").write_bytes(RTF)
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        with monkeypatch.context() as before:
            before.setattr(extras, "has_packages", lambda names: False)
            report = build(collection, [folder])
            assert (report.added, report.unread_kinds) == (1, {".rtf": 1})
            report = build(collection, [folder / "b.rtf"])
            [problem] = report.quarantined
            assert DOCUMENTS.command in problem.reason
            assert build(collection, [folder / "b.rtf"]).untried == 1
        for package in ("openpyxl", "pptx", "pypandoc"):
            pytest.importorskip(package, reason="the extra `documents` is not installed")
        assert build(collection, [folder]).added == 1
        [hit] = collection.search("document", where="kind = 'document'")
        assert hit.text == "A document."
        with monkeypatch.context() as after:  # as from another environment
            after.setattr(extras, "has_packages", lambda names: False)
            assert build(collection, [folder]).removed == 0


def test_what_needs_it_is_tried_again_once_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from anysense.index.building.sources.entries import FileEntry

    entry = FileEntry("/a.docx", 1, 2)
    failure = QuarantinedFile(
        "/a.docx", 1, 2, f"is a Word document, which needs an extra: {DOCUMENTS.command}"
    )
    for is_there in (False, True):
        monkeypatch.setattr(extras, "has_packages", lambda names, is_there=is_there: is_there)
        assert quarantine.is_tried(entry, failure) is not is_there
