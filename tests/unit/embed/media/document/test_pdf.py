"""The text of a PDF, in bounded memory and time, whatever it asks for."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from media_files import page, pdf, write

from anysense.embed.errors import (
    CorruptMediaError,
    EmptyMediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.document.document import read_document
from anysense.embed.media.document.pdf import pdf_texts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("compress", [False, True])
def test_pdf_pages(compress: bool, tmp_path: Path) -> None:
    data = pdf([page("Hello world", "Line two"), page("Café on page two")], compress=compress)
    lines = read_document(write(tmp_path, "a.pdf", data)).split()
    assert lines == ["Hello", "world", "Line", "two", "Café", "on", "page", "two"]
    assert read_document(b"junk before\n" + data).split() == lines


def test_pdf_forms_are_read() -> None:
    text = read_document(pdf([page("outside"), b"/X0 Do"], form=page("inside a form")))
    assert text.split() == ["outside", "inside", "a", "form"]


def test_pdf_without_a_text_layer_is_refused() -> None:
    with pytest.raises(EmptyMediaError, match="without a text layer"):
        read_document(pdf([b"0 0 m 100 100 l S"]))


def encrypted(user: str, algorithm: str) -> bytes:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf([page("secret text")])))
    writer.encrypt(user, "owner", algorithm=algorithm)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_encrypted_pdfs(algorithm: str) -> None:
    if algorithm.startswith("AES"):
        pytest.importorskip("cryptography")
    with pytest.raises(UnsupportedMediaError, match="remove the password"):
        read_document(encrypted("password", algorithm))
    assert read_document(encrypted("", algorithm)).strip() == "secret text"


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_truncated_pdfs_are_refused(share: float) -> None:
    data = pdf([page(f"Page {at}") for at in range(20)], compress=True)
    with pytest.raises(CorruptMediaError, match="damaged or truncated"):
        read_document(data[: int(len(data) * share)])


def test_pdf_limits() -> None:
    data = pdf([page("x" * 50)] * 3)
    with pytest.raises(MediaTooLargeError, match="has 3 pages, over the limit of 2"):
        read_document(data, Limits(document_pages=2))
    with pytest.raises(MediaTooLargeError, match="over 100 characters"):
        read_document(data, Limits(text_characters=100))


def test_pdf_bombs_are_refused() -> None:
    shown = b"BT /F1 12 Tf " + b"(a) Tj " * 151_000 + b"ET"
    for data in (
        pdf([b" " * 40_000_000], compress=True),  # a stream that expands without end
        pdf([b" " * 30_000_000] * 4, compress=True),  # many that just stay below
        pdf([shown], compress=True),  # more to do than a page can ask for
        # Much of the same: each page is a stream of its own, and deflate leaves little of it.
        pdf([b" " * 1_000_000] * 12, compress=True),
    ):
        assert len(data) < 1_000_000
        with pytest.raises(MediaTooLargeError, match="too much work"):
            read_document(data)


def test_a_pdf_that_draws_one_form_for_ever_is_refused() -> None:
    form = b"BT /F1 12 Tf " + b"0 Tc " * 2000 + b"ET"
    with pytest.raises(MediaTooLargeError, match="too much work"):
        pdf_texts(
            io.BytesIO(pdf([b"/X0 Do " * 4000], form=form, compress=True)),
            "a.pdf",
            DEFAULT_LIMITS,
            form_operators=20_000,
        )


def test_pdf_damage_says_nothing_on_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(pdf([page("Hello")]))
    data[data.index(b"xref") + 12] = ord("9")
    read_document(bytes(data))
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
