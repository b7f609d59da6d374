"""Texts in any encoding come out right, or are refused; none is garbled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from media_files import write

from anysense.embed.errors import CorruptMediaError, UnsupportedMediaError
from anysense.embed.media.document.document import read_document

if TYPE_CHECKING:
    from pathlib import Path


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
