"""Texts in any encoding come out right, or are refused; hardly any is garbled."""

from __future__ import annotations

import random
from array import array
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_files import write

from anysense.embed.errors import CorruptMediaError, UnsupportedMediaError, UsageError
from anysense.embed.media.document import damaged
from anysense.embed.media.document.charset import check_encoding, decode_text
from anysense.embed.media.document.damaged import repair_utf8
from anysense.embed.media.document.document import read_document
from anysense.embed.media.document.searching import PART, decode_in_parts

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


UNMARKED = [
    "Two dogs run along the beach.\r\nOne barks.",
    "Вчера мы ходили в лес за грибами, но нашли только несколько лисичек.\n",
    "昨天一只狗在公园里跑。孩子们在花园里玩耍，一切都很安静，没有人说话，也没有风。\n",
    "어제 우리는 버섯을 따러 숲에 갔지만 조금밖에 찾지 못했습니다.",
]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", UNMARKED)
def test_utf16_needs_no_mark(text: str, encoding: str, tmp_path: Path) -> None:
    written = write(tmp_path, "a.txt", text.encode(encoding))
    assert read_document(written) == text.replace("\r\n", "\n")
    assert read_document(written, encoding="cp1250") == text.replace("\r\n", "\n")


NUMBERS = [
    array("H", random.Random(1).choices(range(60_000), k=200)).tobytes(),
    array("h", random.Random(2).choices(range(-300, 300), k=200)).tobytes(),
    array("h", [100, 0, 100, 0, 100, 0]).tobytes(),
    "A cut text".encode("utf-16-le")[:-1],
]


@pytest.mark.parametrize("data", NUMBERS)
def test_numbers_are_no_text_in_utf16(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(CorruptMediaError):
        read_document(write(tmp_path, "a.txt", data))


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
        ("Привет, мир! Как дела сегодня?", "cp866"),
        ("Καλημέρα κόσμε, τι κάνεις;", "cp1253"),
        ("日本語のテキストです。", "cp932"),
        ("日本語のテキストです。", "euc_jp"),
        ("日本語のテキストです。", "iso2022_jp"),
        ("한국어 텍스트입니다", "iso2022_kr"),
        ("Šokolaad ja žürii olid õhtul laual, öösel sadas vihma", "iso8859-15"),
        ("中文文本内容测试", "gb18030"),
        ("繁體中文測試文字", "big5"),
        ("한국어 텍스트입니다", "euc-kr"),
        ("Zażółć gęślą jaźń, proszę państwa", "cp1250"),
        ("Zażółć gęślą jaźń, proszę państwa", "iso8859-2"),
        ("Árvíztűrő tükörfúrógép", "cp1250"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "iso8859-2"),
        ("Şişli'de güneşli bir gün, çocuklar bahçede", "cp1254"),
        ("Ąžuolas žalias, ėjo per šilą", "cp1257"),
        ("שלום עולם", "cp1255"),
        ("مرحبا بالعالم", "cp1256"),
        ("สวัสดีครับ วันนี้อากาศดี", "cp874"),
    ],
)
def test_other_encodings_are_told_by_their_letters(
    text: str, encoding: str, tmp_path: Path
) -> None:
    assert read_document(write(tmp_path, "a.txt", text.encode(encoding))) == text


@pytest.mark.parametrize(
    "text", ["20 °C", "100 €", "It’s a “test” – really…", "£5, © 2020", "½ cup"]
)
def test_western_signs_among_english_words(text: str) -> None:
    assert decode_text(text.encode("cp1252"), "a.txt") == text


@pytest.mark.parametrize("text", ["Noël", "Château", "Tiësto", "© 2010 Müller", "Ólafur Arnalds"])
def test_a_phrase_is_western_where_it_can_be(text: str) -> None:
    assert decode_text(text.encode("cp1252"), "a tag", is_phrase=True) == text
    assert decode_text("Привет".encode("cp1251"), "a tag", is_phrase=True) == "Привет"


def test_what_is_far_into_a_text_counts() -> None:
    text = "A line of ASCII.\n" * 20_000 + "Árvíztűrő tükörfúrógép, és még egy mondat magyarul.\n"
    assert decode_text(text.encode("cp1250"), "a.txt") == text


NOISE = [
    bytes(random.Random(1).choices(range(1, 256), k=2000)),
    bytes(random.Random(2).choices([*range(32, 127), *range(128, 256)], k=2000)),
    "Zürich, fünf, café ".encode() + "Größe, Bücher ".encode("cp1252"),
    "Füße und Äpfel ".encode() * 5 + "Füße, Größe, Äpfel, Öfen, Übung ".encode("cp1252") * 5,
]


@pytest.mark.parametrize("data", NOISE)
def test_what_looks_like_no_language_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedMediaError, match="convert it to UTF-8, or name its encoding"):
        decode_text(data, "a.txt")


UTF8 = "Die Straße führt über die Brücke – „schön“ ist’s, naïve.\n" * 3
DAMAGED = [
    (UTF8.encode().replace("ü".encode(), b"\xfc", 1), UTF8.replace("ü", "\ufffd", 1)),
    (UTF8.encode().replace("ß".encode(), b"\xc3", 1), UTF8.replace("ß", "\ufffd", 1)),
    (UTF8.encode() + b"\xff", UTF8 + "\ufffd"),
    (UTF8.encode() + b"\xe2\x80", UTF8 + "\ufffd"),
    (b"\xef\xbb\xbf" + UTF8.encode() + b"\xff", UTF8 + "\ufffd"),
    (b"don\x92t " + UTF8.encode(), "don’t " + UTF8),
    (b"cut off in a caf\xc3", "cut off in a caf\ufffd"),
    (b"a song \xed\xa0\xbc\xed\xbe\xb5 in CESU-8", "a song 🎵 in CESU-8"),
    (b"a song cut in half \xed\xa0\xbc", "a song cut in half \ufffd"),
    (
        b"a caf\xc3\xa9 of many words, and one damaged byte \xff",
        "a café of many words, and one damaged byte \ufffd",
    ),
    (b"it\xe2\x80\x99s \x93fine\x94, isn\x92t it", "it’s “fine”, isn’t it"),
    (b"\xef\xbb\xbfa mark, and one damaged byte \xe9", "a mark, and one damaged byte \ufffd"),
]


@pytest.mark.parametrize(("data", "text"), DAMAGED)
def test_utf8_with_a_damaged_byte_stays_utf8(data: bytes, text: str) -> None:
    assert decode_text(data, "a.txt") == text


def test_a_named_encoding_reads_what_is_not_utf8(tmp_path: Path) -> None:
    unicode = write(tmp_path, "unicode.txt", "Füße".encode())
    latin = write(tmp_path, "latin.txt", "Š".encode("cp1250"))
    assert read_document(unicode, encoding="cp1250") == "Füße"
    assert read_document(latin, encoding="cp1250") == "Š"
    assert decode_text("’".encode("cp1252"), "a.txt", encoding="latin-1") == "’"
    assert decode_text("日本".encode("iso2022_jp"), "a.txt", encoding="iso2022_jp") == "日本"


def test_a_named_encoding_is_held_to() -> None:
    with pytest.raises(CorruptMediaError, match=r"not in cp1250: line 2 .* 0x81"):
        decode_text(b"ok\nno \x81", "a.txt", encoding="cp1250")


@pytest.mark.parametrize("name", ["klingon", "rot13", "hex", "utf-16", "cp037", "", "a" * 200])
def test_no_name_of_an_encoding(name: str) -> None:
    with pytest.raises(UsageError, match="give one such as cp1250"):
        check_encoding(name)


@pytest.mark.parametrize("name", [None, "cp1250", "Latin-1", "SHIFT-JIS", "utf-8", "koi8_r"])
def test_names_of_encodings(name: str | None) -> None:
    check_encoding(name)


def test_a_declared_encoding_comes_first(tmp_path: Path) -> None:
    page = '<meta charset="iso-8859-2"><p>Šipka, ť</p>'.encode("iso8859-2")
    assert read_document(write(tmp_path, "a.html", page)) == "Šipka, ť"


@pytest.mark.parametrize("declared", ["utf-16", "UTF-16LE", "utf-16be", "utf-32", "unicode"])
@pytest.mark.parametrize("end", [b"", b" "])
def test_no_page_whose_declaration_is_ascii_is_in_utf16(declared: str, end: bytes) -> None:
    head = f'<html><head><meta charset="{declared}"></head><body>'
    page = (head + "<p>Café au lait, déjà vu, à la carte</p></body></html>").encode("cp1252")
    assert read_document(page + end) == "Café au lait, déjà vu, à la carte"


def test_a_declared_encoding_that_cannot_be_is_passed_over(tmp_path: Path) -> None:
    text = "Árvíztűrő tükörfúrógép"
    page = f'<meta charset="utf-8"><p>{text}</p>'.encode("cp1250")
    assert read_document(write(tmp_path, "a.html", page)) == text


def test_damaged_utf16_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptMediaError, match="UTF-16-LE, but is damaged"):
        read_document(write(tmp_path, "a.txt", b"\xff\xfea\0b"))


@pytest.mark.parametrize("data", [b"text\0with a hole", b"\0" * 50, b"a" * 70_000 + b"\0"])
def test_nul_is_no_text(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(CorruptMediaError, match=r"NUL|nothing that anysense can read"):
        read_document(write(tmp_path, "a.txt", data))


TRICKY = [
    b" ",
    b"a",
    b"\x85",
    b"\x97",
    b"\x80",
    b"\xa0",
    b"\xb0",
    b"\xc3",
    b"\xed",
    b"\xf0",
    b"\xff",
]


@given(st.lists(st.sampled_from(TRICKY), max_size=40).map(b"".join), st.integers(4, 9))
def test_damage_is_repaired_in_parts_as_in_the_whole(data: bytes, size: int) -> None:
    with patch.object(damaged, "PART", size):
        repaired = repair_utf8(data, is_marked=True)
    assert repaired == repair_utf8(data, is_marked=True)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        *((name, "Съешь этих булок 😀\n") for name in ("utf-8", "utf-16", "utf-32", "utf-16-le")),
        ("cp1251", "Съешь же ещё этих мягких булок, да выпей чаю.\n"),
        ("cp932", "これは日本語の文章です。\n"),
    ],
)
def test_long_texts_are_decoded_in_parts(encoding: str, text: str) -> None:
    text *= 5000
    assert decode_text(text.encode(encoding), "a.txt") == text


def test_what_cannot_be_decoded_in_parts_is_no_text() -> None:
    data = b"a" * 200_000
    for encoding in ("hex", "klingon"):
        with pytest.raises(LookupError):
            decode_in_parts(data, encoding)
    with pytest.raises(UnicodeDecodeError):
        decode_in_parts(data + b"\xc3", "utf-8")
    for encoding in ("utf-7", "utf-16"):
        assert decode_in_parts(data, encoding) == data.decode(encoding)
    for place in range(-12, 3):  # an escape that is none, around the end of a part
        escape = b"a" * (PART + place) + b"\x1b$abcdefghijklmnop"
        with pytest.raises(UnicodeDecodeError):
            decode_in_parts(escape, "iso2022_jp_2")


@pytest.mark.parametrize("place", [0, -10])
def test_a_damaged_escape_does_no_more_at_the_end_of_a_part(place: int) -> None:
    line = "こんにちは世界、今日は天気がいいですね。\n".encode("iso2022_jp")
    before = line * (4 * PART // len(line) - 1)
    before += b"a" * (4 * PART + place - len(before))
    data = before + b"\x1b$abcdefghijklmnop\n"
    assert decode_text(data, "a.txt") == data.decode()


def test_a_nul_far_into_a_text_is_found() -> None:
    with pytest.raises(CorruptMediaError, match="NUL"):
        decode_text(b"a" * 200_000 + b"\0", "a.txt")
