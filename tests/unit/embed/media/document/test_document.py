"""Documents come out as normalised text, and bad ones as one sentence."""

from __future__ import annotations

import time
import unicodedata
from typing import TYPE_CHECKING

import pytest
from media_files import photo, saved, write

from anysense.embed.errors import EmptyMediaError, MediaTooLargeError, UnsupportedMediaError
from anysense.embed.limits import Limits
from anysense.embed.media.document.document import normalise_text, read_document

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "text", ["???", "—", "...", "* * *", "=====", "▒▒▒", "\ufffd", "´ ^ `", "$+<|>"]
)
def test_a_text_of_no_words_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(EmptyMediaError, match="no words, only punctuation or data"):
        read_document(write(tmp_path, "a.txt", text.encode()))


@pytest.mark.parametrize("text", ["42", "x", "語", "☎", "🎵", "€", "→", "½", "ª", "٣"])
def test_numbers_and_signs_say_something(text: str, tmp_path: Path) -> None:
    assert read_document(write(tmp_path, "a.txt", text.encode())) == text


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


def test_normalisation() -> None:
    assert normalise_text("e\u0301a\r\nb\rc\u2028d\u0085e") == "\u00e9a\nb\nc\nd\ne"
    assert normalise_text("\ufeffa\x00b\x1b[0m\x9fc") == "a b [0m c"
    assert normalise_text("half \ud83d of a pair") == "half \ufffd of a pair"
    assert normalise_text("  kept  as it is \n") == "  kept  as it is \n"


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
