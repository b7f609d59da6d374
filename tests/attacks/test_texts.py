"""Texts as long as the service takes: they keep nobody waiting, whatever they are made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from attacked import Attacked, Watch, attacked

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.integration, pytest.mark.slow]

LONG = 10_000_000
WITHOUT_WORDS = {
    "spaces": " " * LONG,
    "line feeds": "\n" * LONG,
    "wide spaces": "\u00a0" * LONG,
    "letters": "a" * LONG,
    "stops": "." * LONG,
    "ellipses": "\u2026" * (LONG - 1) + "-",
    "controls": "\x01" * (LONG // 2),
    "dashes and lines": "-\n" * (LONG // 2),
    "nearly addresses": "data:a/b;base64, " * (LONG // 17),
}
WITH_WORDS = {
    "ellipses": "\u2026" * (LONG - 1) + "a",
    "one word": "\u00e9" * LONG,
    "marks": "e\u0301" * (LONG // 2),
    "Hangul": "\u1100\u1161\u11a8" * (LONG // 3),
    "nearly hexadecimal": ("00 " * 7 + "\t") * (LONG // 220),  # the words take time in `tiny`
}


def body_of(text: str, **fields: float) -> bytes:
    return json.dumps({"text": text, **fields}, ensure_ascii=False).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked(tmp_path_factory.mktemp("texts")) as server:
        yield server


@pytest.mark.parametrize("text", WITHOUT_WORDS.values(), ids=WITHOUT_WORDS)
def test_a_long_text_without_words_is_refused_and_nobody_waits(server: Attacked, text: str) -> None:
    """The stall is under 0.1 s on an idle machine."""
    with Watch(server) as watch:
        status, answer = server.post("/v1/items", body_of(text))
    assert status in (413, 422), answer
    assert (watch.failures, watch.stall < 5) == ([], True)
    assert watch.growth < 600e6


@pytest.mark.parametrize("text", WITH_WORDS.values(), ids=WITH_WORDS)
def test_a_long_text_keeps_nobody_waiting_and_ends_in_time(server: Attacked, text: str) -> None:
    with Watch(server) as watch:
        status, answer = server.post("/v1/items", body_of(text, timeout=2))
    assert status in (201, 504), answer
    assert (watch.failures, watch.stall < 5) == ([], True)
    assert watch.growth < 600e6  # what it held before the text may be taken anew


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
