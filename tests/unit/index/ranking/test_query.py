from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from anysense.embed.errors import MediaError, UsageError
from anysense.embed.limits import Limits
from anysense.embed.types import Modality, Waveform
from anysense.index.ranking.query import MAX_TERMS, Term, parse_query

if TYPE_CHECKING:
    from pathlib import Path

TONE = np.sin(np.arange(8000) / 10).astype(np.float32)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.new("RGB", (8, 8), "red").save(path)
    return path


def test_a_string_is_a_text_even_if_a_file_has_its_name(picture: Path) -> None:
    [term] = parse_query(str(picture))
    assert term.modality == Modality.TEXT
    [term] = parse_query(picture)
    assert term.modality == Modality.IMAGE


def test_a_path_that_is_searched_as_words_is_told(
    picture: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(picture.parent)
    monkeypatch.setenv("HOME", str(picture.parent))
    for text in (str(picture), "picture.png", "./picture.png", "~/picture.png"):
        caplog.clear()
        parse_query(["red", text])
        assert f"{text} is a file, and its name is searched as words: give" in caplog.text
    caplog.clear()
    parse_query([Term("picture.png", modality=Modality.TEXT), "gone.png", "a\0.png", "picture"])
    assert caplog.text == ""


def test_modality_of_contents(picture: Path) -> None:
    assert parse_query(picture.read_bytes())[0].modality == Modality.IMAGE
    assert parse_query(Image.new("RGB", (8, 8)))[0].modality == Modality.IMAGE
    assert parse_query(Waveform(TONE, 8000))[0].modality == Modality.AUDIO


@pytest.mark.parametrize(
    ("content", "modality", "message"),
    [
        (
            "picture.png",
            Modality.IMAGE,
            r"as image, but holds text: give a pathlib\.Path to search",
        ),
        (Waveform(TONE, 8000), Modality.TEXT, r"as text, but holds audio\."),
        ((TONE, 8000), Modality.IMAGE, r"as image, but holds audio\."),
        (Image.new("RGB", (8, 8)), Modality.AUDIO, r"as audio, but holds image\."),
    ],
)
def test_a_modality_that_the_content_cannot_have_is_refused(
    content: Any, modality: Modality, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        parse_query(Term(content, modality=modality))


def test_samples_and_rate_become_a_mono_waveform() -> None:
    [term] = parse_query((np.stack([TONE, np.zeros_like(TONE)], axis=1).astype(np.float64), 8000))
    assert isinstance(term.content, Waveform)
    assert term.content.samples.dtype == np.float32
    np.testing.assert_allclose(term.content.samples, TONE / 2)
    [term] = parse_query((np.stack([TONE, TONE]), 8000.0))
    assert isinstance(term.content, Waveform)
    assert (term.content.samples.tobytes(), term.content.rate) == (TONE.tobytes(), 8000)


def test_terms_combine_and_keep_their_weights(picture: Path) -> None:
    terms = parse_query(["a dog", picture, Term("snow", weight=-0.5), Term(like="an-item")])
    assert [term.weight for term in terms] == [1.0, 1.0, -0.5, 1.0]
    assert parse_query(("a dog", "a cat")) == parse_query(["a dog", "a cat"])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("  \n ", "white space"),
        ("!!!", "no words, only punctuation or data"),
        (["x", "—"], "no words, only punctuation or data"),
        ([], "1 to 32 terms"),
        (["x"] * (MAX_TERMS + 1), "1 to 32 terms"),
        ([Term("x", weight=-1.0)], "not subtracted"),
        (Term("x", weight=float("nan")), "finite"),
        (Term("x", weight=0.0), "other than 0"),
        (Term("x", like="y"), "exactly one"),
        (Term(), "exactly one"),
        (Term(vector=TONE), "id of its space"),
        (7, "cannot be a int"),
        ((TONE, 0), "rate above 0"),
        ((TONE[:0], 8000), "at least one"),
        ((TONE.astype(np.int64), 8000), "no known loudest value"),
        ((TONE.reshape(80, 100), 8000), "has the channels cannot be told"),
        ((TONE, 8000.5), "whole number of Hz"),
        ((np.full(10, np.nan, np.float32), 8000), "NaN"),
    ],
)
def test_what_cannot_be_asked(query: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_query(query)


def test_a_text_over_the_limit_is_refused() -> None:
    with pytest.raises(UsageError, match=r"11 characters; the limit is 10"):
        parse_query("x" * 11, Limits(query_text_characters=10))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"missing\.jpg"):
        parse_query(tmp_path / "missing.jpg")


def test_texts_that_are_too_long_together_are_refused() -> None:
    with pytest.raises(UsageError, match="characters together"):
        parse_query(["a word " * 10_000, "a word " * 10_000])
