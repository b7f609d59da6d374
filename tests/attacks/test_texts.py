"""Texts as long as the service takes: they keep nobody waiting, whatever they are made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from attacked import Attacked, Watch, attacked

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CHARACTERS = 20_000_000
BYTES = 33_000_000  # of a body in JSON
GROWTH = 300e6
"""Measured: 140 MB in JSON, and 250 MB in files of characters that take four bytes each."""
WITHOUT_WORDS = {
    "spaces": " ",
    "escaped line feeds": "\n",
    "wide spaces": "\u00a0",
    "letters": "a",
    "Base64": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo",
    "stops": ".",
    "ellipses": "\u2026",
    "controls": "\x7f",
    "marks": "\u0301",
    "vowels that may join": "\u09be",
    "spaces of no width": "\u200b",
    "dashes and lines": "-\n",
    "nearly addresses": "data:a/b;base64, ",
}
WITH_WORDS = {
    "prose": "The quick brown fox jumps over the lazy dog, as it was said. ",
    "one word": "\u00e9",
    "Cyrillic": "Съешь же ещё этих мягких булок, да выпей чаю. ",
    "Chinese": "汉字測試",
    "emoji": "\U0001f600",
    "marks": "e\u0301",
    "Hangul": "\u1100\u1161\u11a8",
    "ligatures": "\ufb01",
    "nearly hexadecimal": ("00 " * 7 + "\t") * 20 + "a ",
}
LAST = {"ellipses": "\u2026", "spaces": " ", "one wide character": "a"}
FILES = {
    "a.txt": "\U0001f600 ",
    "b.txt": "汉字測試",
    "c.md": "Съешь же ещё этих мягких булок. ",
    "d.html": "<p>Съешь же ещё",
    "e.html": "<b>a</b> ",
    "f.html": "汉字",
}


def long_text(unit: str, last: str = "") -> str:
    """A text of some unit, as long as the service takes."""
    size = len(json.dumps(unit, ensure_ascii=False).encode()) - 2
    return unit * (min(CHARACTERS // len(unit), BYTES // size) - len(last)) + last


def form_of(name: str, content: bytes) -> bytes:
    time = b'--x\r\nContent-Disposition: form-data; name="timeout"\r\n\r\n2\r\n'
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\n\r\n'
    return time + head % name.encode() + content + b"\r\n--x--\r\n"


def body_of(text: str, **fields: float) -> bytes:
    return json.dumps({"text": text, **fields}, ensure_ascii=False).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """With passages of a model: those of `tiny` may be as long as the text."""
    with attacked(tmp_path_factory.mktemp("texts"), encoder="starter") as server:
        yield server


@pytest.mark.parametrize("unit", WITHOUT_WORDS.values(), ids=WITHOUT_WORDS)
def test_a_long_text_without_words_is_refused_and_nobody_waits(server: Attacked, unit: str) -> None:
    """The stall is under 0.1 s on an idle machine."""
    with Watch(server) as watch:
        status, answer = server.post("/v1/items", body_of(long_text(unit)))
    assert status == 422, answer
    assert (watch.failures, watch.stall < 5) == ([], True)
    assert watch.growth < GROWTH


@pytest.mark.parametrize(
    ("unit", "last"),
    [
        *((unit, "") for unit in WITH_WORDS.values()),
        *((unit, "a\U0001f600") for unit in LAST.values()),
    ],
    ids=[*WITH_WORDS, *(f"{name}, then words" for name in LAST)],
)
def test_a_long_text_keeps_nobody_waiting_and_ends_in_time(
    server: Attacked, unit: str, last: str
) -> None:
    with Watch(server) as watch:
        status, answer = server.post("/v1/items", body_of(long_text(unit, last), timeout=2))
    assert status in (201, 504), answer
    assert (watch.failures, watch.stall < 5) == ([], True)
    assert watch.growth < GROWTH  # what it held before the text may be taken anew


@pytest.mark.parametrize("name", FILES)
def test_a_long_file_keeps_nobody_waiting_and_ends_in_time(server: Attacked, name: str) -> None:
    unit = FILES[name]
    body = form_of(name, (unit * (CHARACTERS // len(unit))).encode())
    with Watch(server) as watch:
        status, answer = server.post("/v1/items", body, "multipart/form-data; boundary=x")
    assert status in (201, 422, 504), answer
    assert (watch.failures, watch.stall < 5) == ([], True)
    assert watch.growth < GROWTH


@pytest.mark.parametrize("text", ["\u2026" * 99_999 + "a", "." * 99_999 + "a", " " * 99_999 + "a"])
def test_a_query_of_nothing_but_marks_keeps_nobody_waiting(server: Attacked, text: str) -> None:
    """To find where its sentences end took minutes, in which nothing else was answered."""
    with Watch(server) as watch:
        status, answer = server.post("/v1/search", body_of(text, timeout=20))
    assert status in (200, 422), answer
    assert (watch.failures, watch.stall < 5) == ([], True)


@pytest.mark.parametrize("page", ["<pre>" + "\t" * 1_000_000 + "a", "<p>" * 500_000 + "a"])
def test_a_page_of_nothing_but_space_keeps_nobody_waiting(server: Attacked, page: str) -> None:
    head = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.html"\r\n\r\n'
    with Watch(server) as watch:
        status, answer = server.post(
            "/v1/items", f"{head}{page}\r\n--x--\r\n".encode(), "multipart/form-data; boundary=x"
        )
    assert status == 201, answer
    assert (watch.failures, watch.stall < 5) == ([], True)
