"""Documents of every kind come out as normalised text, and bad ones as one sentence."""

from __future__ import annotations

import io
import time
import unicodedata
from typing import TYPE_CHECKING

import pytest
from media_files import page, pdf, photo, saved

from anysense.embed.errors import (
    CorruptMediaError,
    EmptyMediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.limits import Limits
from anysense.embed.media.document.document import normalise_text, read_document
from anysense.embed.media.document.html import html_text

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# Text and its encodings


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_unicode_encodings(encoding: str, tmp_path: Path) -> None:
    text = "Füße, 日本語, 🎵\nsecond line"
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    data = mark + text.encode(encoding)
    assert read_document(write(tmp_path, "a.txt", data)) == text
    assert read_document(data) == text


WESTERN = [
    "Les élèves préfèrent l’été à Noël – « déjà vu » coûte 5 €.",
    "Füße und Äpfel: „Größe“ zählt.",
    "El niño comió piñas. ¿Dónde está? ¡Aquí!",
    "Þú ert að læra íslensku í háskólanum.",
    "São Tomé não é longe da nação.",
    "caf\u00e9",
    "Åse på øya så blå bær.",
]


@pytest.mark.parametrize("text", WESTERN)
def test_windows_1252_is_the_fallback(text: str, tmp_path: Path) -> None:
    assert read_document(write(tmp_path, "a.txt", text.encode("cp1252"))) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Привет, мир! Как дела сегодня?", "cp1251"),
        ("Привет, мир! Как дела сегодня?", "koi8-r"),
        ("Καλημέρα κόσμε, τι κάνεις;", "cp1253"),
        ("日本語のテキストです。", "cp932"),
        ("中文文本内容测试", "gb18030"),
        ("한국어 텍스트입니다", "euc-kr"),
        ("Zażółć gęślą jaźń, proszę państwa", "cp1250"),
        ("שלום עולם", "cp1255"),
    ],
)
def test_other_encodings_are_refused_not_garbled(text: str, encoding: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match="convert it to UTF-8"):
        read_document(write(tmp_path, "a.txt", text.encode(encoding)))


def test_damaged_utf16_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptMediaError, match="UTF-16-LE, but is damaged"):
        read_document(write(tmp_path, "a.txt", b"\xff\xfea\0b"))


@pytest.mark.parametrize("data", [b"text\0with a hole", b"\0" * 50, b"a" * 70_000 + b"\0"])
def test_nul_is_no_text(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(CorruptMediaError, match=r"NUL|nothing that anysense can read"):
        read_document(write(tmp_path, "a.txt", data))


@pytest.mark.parametrize("data", [b" \n\t \r\n", "\u200b\ufeff\u00a0\u3000".encode(), b"\f\f"])
def test_nothing_but_white_space_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(EmptyMediaError, match="nothing but white space"):
        read_document(write(tmp_path, "a.txt", data))


def test_a_megabyte_of_text_is_read(tmp_path: Path) -> None:
    text = "The same sentence, again and again. " * 30_000
    assert read_document(write(tmp_path, "a.txt", text.encode())) == text


def test_the_character_limit(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "ü".encode() * 100)
    assert read_document(path, Limits(text_characters=100)) == "ü" * 100
    for most in (99, 10):
        with pytest.raises(MediaTooLargeError, match=f"over {most} characters"):
            read_document(path, Limits(text_characters=most))


def test_markdown_is_kept_as_written(tmp_path: Path) -> None:
    text = "# Title\n\nA *word* and a [link](https://example.org).\n\n- one\n- two"
    assert read_document(write(tmp_path, "a.md", text.encode())) == text


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match="is a PNG image, not a text"):
        read_document(write(tmp_path, "a.txt", saved(photo(), "PNG")))


# Normalisation


def test_normalisation() -> None:
    assert normalise_text("e\u0301a\r\nb\rc\u2028d\u0085e") == "\u00e9a\nb\nc\nd\ne"
    assert normalise_text("\ufeffa\x00b\x1b[0m\x9fc") == "a b [0m c"
    assert normalise_text("half \ud83d of a pair") == "half \ufffd of a pair"
    assert normalise_text("  kept  as it is \n") == "  kept  as it is \n"
    assert normalise_text("?") == "?"


def test_normalised_text_stays_as_it_is() -> None:
    text = normalise_text("Cafe\u0301 \u1112\u1161\u11ab \u0958\r\n\x07")
    assert normalise_text(text) == text
    assert unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize("text", ["", " \n", "\u200b\u200d", "\x00\x01", "\ufeff"])
def test_nothing_visible_is_empty(text: str) -> None:
    with pytest.raises(EmptyMediaError):
        normalise_text(text)


def test_endless_combining_marks_take_no_time() -> None:
    started = time.perf_counter()
    text = normalise_text("a" + "\u0301\u0327" * 200_000 + "b")
    assert time.perf_counter() - started < 20  # hours, if they were all sorted
    assert len(text) < 40
    assert text.endswith("b")
    thirty = "x" + "\u0323" * 30
    assert len(unicodedata.normalize("NFD", normalise_text(thirty))) == 31


# HTML


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


# PDF


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


def test_a_pdf_that_draws_one_form_for_ever_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anysense.embed.media.document.pdf._FORM_OPERATORS", 20_000)
    form = b"BT /F1 12 Tf " + b"0 Tc " * 2000 + b"ET"
    with pytest.raises(MediaTooLargeError, match="too much work"):
        read_document(pdf([b"/X0 Do " * 4000], form=form, compress=True))


def test_pdf_damage_says_nothing_on_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(pdf([page("Hello")]))
    data[data.index(b"xref") + 12] = ord("9")
    read_document(bytes(data))
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
