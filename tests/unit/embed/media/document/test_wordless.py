"""Long runs of data are no passages; what has words stays."""

from __future__ import annotations

import base64
import binascii
import random
import time

import pytest

from anysense.embed.media.document.wordless import drop_wordless

DATA = random.Random(1).randbytes(6000)
BASE64 = base64.b64encode(DATA).decode()


def wrapped(text: str, width: int) -> str:
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


def dump(row: str, width: int = 16) -> str:
    return "\n".join(
        row.format(at, " ".join(f"{byte:02x}" for byte in DATA[at : at + width]))
        for at in range(0, 1600, width)
    )


@pytest.mark.parametrize(
    "data",
    [
        wrapped(BASE64, 64),
        wrapped(BASE64, 76).replace("\n", "\n> "),
        BASE64,
        DATA.hex(),
        wrapped(DATA.hex(), 64),
        "".join(binascii.b2a_uu(DATA[at : at + 45]).decode() for at in range(0, 4500, 45)).rstrip(),
        dump("{0:08x}  {1}  |................|"),
        dump("{1}"),
        "function(a,b){return a.length};" * 4000,
        "ACGT" * 2000,
    ],
)
def test_data_is_dropped(data: str) -> None:
    assert drop_wordless(f"before\n\n{data}\n\nafter") in (
        "before\n\n…\n\nafter",
        "before\n\n…\nafter",
    )


WORDS = ("red", "harbour", "Berlin", "waves")


@pytest.mark.parametrize(
    "text",
    [
        ",".join(WORDS * 500),
        "\n".join(f"https://example.org/{word}/how-to-{word}" for word in WORDS * 100),
        "\n".join(f"src/components/{word}/{word}/index_of_modules" for word in WORDS * 100),
        "\n".join("12 34 56 78 90 12 34 56 78 90 11 12 13 14 15 16" for _ in range(100)),
        "\n".join("d41d8cd98f00b204e9800998ecf8427e  file.txt" for _ in range(100)),
        "Donaudampfschifffahrtsgesellschaftskapitän\n" * 50,
        "中文文本" * 3000,
        "The same sentence, again and again. " * 3000,
        "Chapter one " + "." * 300 + " 7",
    ],
)
def test_words_stay(text: str) -> None:
    assert drop_wordless(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a " * 500_000,
        "\n" * 1_000_000,
        ("A" * 39 + "\n") * 25_000,
        "ab " * 400_000,
        ("a1" * 499 + " ") * 1000,
    ],
)
def test_hostile_texts_take_no_time(text: str) -> None:
    start = time.perf_counter()
    drop_wordless(text)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("unit", ["ab,cd", "a", "Word1", "0", "x" * 30 + "-"])
def test_letters_of_long_runs_are_counted_in_parts(unit: str) -> None:
    is_kept = drop_wordless(unit * 10_000) != "…"
    assert (drop_wordless(unit * 100_000) != "…") == is_kept == (unit in ("ab,cd", "Word1"))
