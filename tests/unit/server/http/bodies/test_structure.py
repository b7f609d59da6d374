"""What of a JSON text is counted, and where it may be cut."""

from __future__ import annotations

import json
import random

import pytest

from anysense.server.http.bodies.parsing import parse_json
from anysense.server.http.bodies.structure import MAX_CONTAINERS, MAX_KEYS, MAX_VALUES, outline
from anysense.server.http.errors import RequestError

TOKENS = ["\\n", "\\\\", '\\"', "\\u00e9", "\\ud83d\\ude00", "é", "€", "😀", "a", "[{:,", "\\/"]


@pytest.mark.parametrize(
    "body",
    [
        b"[%b]" % b",".join([b"1"] * (MAX_VALUES + 1)),
        b"[%b]" % b",".join([b'"a"'] * (MAX_VALUES + 1)),
        b"[%b]" % b",".join([b"[]"] * (MAX_CONTAINERS + 1)),
        b"{%b}" % b",".join([b'"a":1'] * (MAX_KEYS + 1)),
        b"[%b]" % (b"1" * 129),
        b"[%b]" % (b"\n" * 17_000_000),
        b'["\\\\",%b]' % b",".join([b'"\\""'] * (MAX_VALUES + 1)),
    ],
    ids=["numbers", "texts", "lists", "names", "digits", "white space", "behind escapes"],
)
def test_too_much_is_refused_before_it_is_parsed(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: object) -> None:
        raise AssertionError("it was parsed")

    monkeypatch.setattr("anysense.server.http.bodies.parsing.from_json", never)
    with pytest.raises(RequestError) as refused:
        parse_json(body)
    assert (refused.value.status, refused.value.code) == (413, "body_too_large")


@pytest.mark.parametrize(
    "body",
    [
        b"[%b]" % b",".join([b"0.5"] * (MAX_VALUES - 1)),
        b"[%b]" % b",".join([b'"[{:,"'] * 100_000),  # inside of strings they are text
        b'["%b"]' % (b"1" * 200_000),
        b"{%b}" % b",".join(b'"%d":{}' % i for i in range(60_000)),
        b"[%b]" % (b"1" * 128),
        b"[" * 150 + b"]" * 150,
    ],
    ids=["numbers", "texts", "a long text", "names", "digits", "depth"],
)
def test_as_much_as_may_be_is_read(body: bytes) -> None:
    assert parse_json(body) == json.loads(body)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b'"\x80' * 50_000, b"", b"{"])
def test_what_is_no_json_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(body)


@pytest.mark.parametrize("damage", ["\\ud800", "\\x", "\n", "\\ude00"])
def test_a_damaged_long_text_is_refused_wherever_the_damage_is(damage: str) -> None:
    for place in (10, 16_384, 20_000, 32_768 - 3, 50_000):
        text = "a" * place + damage + "a" * (60_000 - place)
        with pytest.raises(ValueError):
            parse_json(f'{{"text": "{text}"}}'.encode())


def test_long_texts_come_out_as_they_went_in() -> None:
    rng = random.Random(1)

    def text() -> str:
        if rng.random() < 0.3:
            return rng.choice(TOKENS) * rng.randint(1, 30_000)
        return "".join(rng.choice(TOKENS) for _ in range(rng.randint(0, 30_000)))

    for _ in range(40):
        texts = [f'"{text()}{text()}"' for _ in range(rng.randint(1, 5))]
        pairs = ",".join(f'"{rng.choice("ab")}": [{text}]' for text in texts)
        for body in (f"[{','.join(texts)}]", f"{{{pairs}}}", texts[0]):  # names may repeat
            assert parse_json(body.encode()) == json.loads(body)


def test_the_inside_of_a_long_text_is_cut_out() -> None:
    body = b'{"image": "%b"}' % (b"a" * 1_000_000)
    sketch = outline(body, "mark")
    assert len(sketch.text) < 40_000
    assert len(sketch.cuts) == 1
    assert b"mark0;" in sketch.text


def test_a_name_is_not_long() -> None:
    with pytest.raises(RequestError, match="a name of over"):
        parse_json(b'{"%b": 1}' % (b"a" * 100_000))


def test_a_wide_character_does_not_make_a_huge_text_four_times_as_large() -> None:
    with pytest.raises(RequestError, match="a text of over 20,000,000 characters"):
        parse_json(b'"%b"' % (b"a" * 21_000_000 + "😀".encode()))
