"""Models get ordinary letters, and numbers that stay what they are."""

from __future__ import annotations

import pytest

from anysense.embed.encoders.letters import plain_letters
from anysense.embed.encoders.passages import split_passages


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("the e\ufb03cient o\ufb00er of \ufb01ve \ufb02ies", "the efficient offer of five flies"),
        ("\uff37\uff41\uff56\uff45\uff53 \uff12\uff10\uff12\uff16", "Waves 2026"),
        ("\U0001d416\U0001d41a\U0001d42f\U0001d41e\U0001d42c", "Waves"),
        ("\u24d0\u24d1\u24d2 \u02b7\u1d43\u1d5b\u1d49", "abc wave"),
        ("\U0001f166\U0001f150\U0001f165\U0001f154 \U0001f186", "WAVE W"),
        ("\uff76\uff9e\uff97\uff7d", "ガラス"),
        ("\ufee1\ufefc\ufeb3", "ملاس"),
        ("ham\u00admer, ham\u00ad\nmer", "hammer, hammer"),
        ("w\u200ba\u200cv\u200de\u2060s\ufeff", "waves"),
        ("\ua730\u026a\u0280s\u1d1b \u1d05\u1d0f\u0262", "first dog"),
        ("\U0001f173\U0001f17e\U0001f176 \U0001f153\U0001f15e", "DOG DO"),
        ("H₂O, CO₂, x²", "H2O, CO2, x2"),
        ("10², 1½, 2①②, 10¹²", "10 2, 1 1/2, 2 1 2, 10 12"),
        ("20\u00a0℃", "20 °C"),
        ("№ ５", "No 5"),
    ],
)
def test_variants_become_ordinary_letters(text: str, plain: str) -> None:
    assert plain_letters(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "plain text",
        "Zürich, 北京: isn't it GREAT? “Quotes” – and 日本語。",
        "می\u200cخواهم",  # a joiner that makes another word of it
        "👩\u200d🚀 👍🏽 ❤\ufe0f",
        "ไป\u200bบ้าน",  # a space of no width between words
        "caf´e ¨ ¯",
        "\u00ad",
        "blood of type \U0001f170, \U0001f17f for parking, [f\u026a\u0283]",
    ],
)
def test_what_means_something_stays(text: str) -> None:
    assert plain_letters(text) == text


def test_accents_stay_beside_what_is_folded() -> None:
    assert plain_letters("´ﬁ´") == "´fi´"


def test_passages_are_places_in_the_text_as_written() -> None:
    text = "\ufb03 \ufdfa " * 20
    passages = split_passages(text, lambda part: len(plain_letters(part)), 40)
    assert all(passage.text == text[passage.start : passage.end] for passage in passages)
    assert all(len(plain_letters(passage.text)) <= 40 for passage in passages)
    assert "".join(passage.text for passage in passages).replace(" ", "") == text.replace(" ", "")


def test_a_run_of_what_is_not_seen_takes_no_time() -> None:
    """Looked at anew from each of its characters, it would take hours."""
    assert plain_letters("\u200d" * 1_000_000 + "!").endswith("!")
    assert plain_letters("\u200b" * 1_000_000 + "a") == "a"
