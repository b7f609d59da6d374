"""Bodies made to take time and memory: they are refused, and nobody else notices."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from attacked import Attacked, Watch, attacked

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.integration, pytest.mark.slow]

LONG = 32 * 1024**2 - 200
KEYS = b",".join(b'"k%d":1' % i for i in range(60_000))
DATA_URI = b"data:image/png;base64,"


def many(value: bytes, number: int) -> bytes:
    return b"[" + b",".join([value] * number) + b"]"


SEARCHES = {
    "not": b'{"text":"a","not":%b}' % many(b"1", 1_000_000),
    "not within": b'{"text":"a","not":%b}' % many(b"1", 200_000),
    "numbers": many(b"1", LONG // 2),
    "texts": many(b'"a"', LONG // 4),
    "objects": many(b"{}", LONG // 3),
    "lists": b'{"where":{"a":%b}}' % many(b"[" * 30 + b"]" * 30, 8000),
    "deep": b'{"text":' + b"[" * LONG,
    "keys": b"{%b}" % b",".join(b'"k%d":1' % i for i in range(2_000_000)),
    "keys within": b'{"text":"a",%b}' % KEYS,
    "keys of a term": b'{"terms":[{"text":"a",%b}]}' % KEYS,
    "terms": b'{"terms":%b}' % many(b'{"text":"red"}', 60_000),
    "a vector of texts": b'{"space":"tiny","vector":%b}' % many(b'"a"', 200_000),
    "modalities": b'{"text":"a","modalities":%b}' % many(b'"x"', 200_000),
    "a number": b'{"text":"a","min_score":%b}' % (b"1" * LONG),
    "long numbers": many(b"9" * 4000, LONG // 4001),
    "a number as text": b'{"text":"a","k":"%b"}' % (b"1" * LONG),
    "a text": b'{"text":"%b"}' % (b"a " * (LONG // 2)),
    "escapes": b'{"text":"%b"}' % (b"\\n" * (LONG // 2)),
    "quotes": b'{"text":"%b"}' % (b'\\"' * (LONG // 2)),
    "surrogates": b'{"text":"%b"}' % (b"\\ud83d\\ude00" * (LONG // 12)),
    "one wide character": b'{"text":"%b"}' % (b"a" * LONG + "😀".encode()),
    "a name": b'{"%b":1}' % (b"a" * LONG),
    "a filter": b'{"text":"a","where":"%b"}' % (b"a" * LONG),
    "a filter within": b'{"text":"a","where":{"a":"%b"}}' % (b"a" * LONG),
    "a picture of spaces": b'{"image":"%b%b"}' % (DATA_URI, b"A " * (LONG // 2)),
    "white space": b" \n" * (LONG // 2),
    "no UTF-8": b'"' + b"\x80" * LONG,
}


def form(**fields: bytes) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
    return b"".join(head % (name.encode(), value) for name, value in fields.items()) + b"--x--\r\n"


FORMS = {
    "terms": form(terms=many(b"1", 500_000)),
    "keys of a term": form(terms=b"[{%b}]" % KEYS),
    "vector": form(space=b"tiny", vector=many(b'"a"', 200_000)),
    "where": form(text=b"a", where=b'{"a":%b}' % many(b"1", 500_000)),
    "commas": form(text=b"a", modalities=b"," * 1_000_000),
    "fields": form(**{f"k{i}": b"1" for i in range(100_000)}),
    "parts": b"--x\r\n\r\n\r\n" * 2_000_000,
    "nearly boundaries": b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n'
    + b"\r\n--" * (LONG // 4 - 100),
}

ITEMS = {
    "metadata": b'{"text":"red","metadata":{%b}}' % KEYS,
    "a text in it": b'{"text":"red","metadata":{"a":"%b"}}' % (b"a" * LONG),
    "a list in it": b'{"text":"red","metadata":{"a":%b}}' % many(b"1", 250_000),
    "no number in it": b'{"text":"red","metadata":{"a":%b}}' % many(b"1e400", 2000),
    "an id": b'{"text":"red","id":"%b"}' % (b"a/" * (LONG // 2)),
    "an unknown field": b'{"text":"red","x":"%b"}' % (b"a" * LONG),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked(tmp_path_factory.mktemp("bodies")) as server:
        yield server


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        *(("/v1/search", body, "application/json") for body in SEARCHES.values()),
        *(("/v1/search", body, "multipart/form-data; boundary=x") for body in FORMS.values()),
        *(("/v1/items", body, "application/json") for body in ITEMS.values()),
    ],
    ids=[*SEARCHES, *(f"form: {name}" for name in FORMS), *(f"item: {name}" for name in ITEMS)],
)
def test_a_hostile_body_is_refused_and_nobody_waits(
    server: Attacked, path: str, body: bytes, kind: str
) -> None:
    """The stall is under 0.1 s on an idle machine, the growth under 100 MB."""
    with Watch(server) as watch:
        status, answer = server.post(path, body, kind)
    assert status in (400, 413, 415, 422), answer
    assert len(answer) < 1000
    assert watch.failures == []
    assert watch.stall < 1
    assert watch.growth < 300e6


def test_many_vectors_and_a_large_picture_are_no_attack(server: Attacked) -> None:
    vector = b'{"space":"tiny","vector":%b}' % many(b"0.123456789", 8000)
    status, answer = server.post("/v1/search", b'{"terms":%b}' % many(vector, 32))
    assert (status, b"32 floating numbers" in answer) == (400, True)  # what `tiny` takes
    picture = b'{"image":"%b%b"}' % (DATA_URI, b"A" * 28 * 1024**2)
    assert server.post("/v1/search", picture)[0] == 415  # it was decoded, and is none


def test_bodies_are_bounded_together(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("together")
    with attacked(folder, {"bodies_bytes": 1_000_000}) as server:
        head = (
            b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 900001\r\n\r\n"
        )
        with server.connect() as first:
            first.sendall(head + b" " * 900_000)
            time.sleep(1)  # until it is read
            with Watch(server) as watch:
                status, answer = server.post("/v1/search", b'{"text":"%b"}' % (b"a" * 200_000))
            assert (status, b'"busy"' in answer) == (503, True)
            assert watch.failures == []
        assert server.post("/v1/search", b'{"text":"red"}')[0] == 200
        for _ in range(100):  # until it is noticed that the first has gone
            if server.post("/v1/search", b'{"text":"%b"}' % (b"a" * 200_000))[0] == 400:
                break
        else:
            pytest.fail("its bytes are counted for ever")
