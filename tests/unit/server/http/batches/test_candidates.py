"""What is asked to be added, and in which pieces it is."""

from __future__ import annotations

import json

import pytest

from anysense.server.http.batches.candidates import (
    CHUNK_CHARACTERS,
    CHUNK_ITEMS,
    MAX_VALUES,
    Candidate,
    NewMedia,
    candidate_of,
    has_too_many_values,
    take_chunk,
)
from anysense.server.http.errors import RequestError


def test_chunks_are_short() -> None:
    many = iter([Candidate("a")] * (CHUNK_ITEMS + 5))
    assert [len(take_chunk(many)) for _ in range(3)] == [CHUNK_ITEMS, 5, 0]
    long = iter([Candidate("a" * CHUNK_CHARACTERS), Candidate("b")])
    assert [len(take_chunk(long)) for _ in range(3)] == [1, 1, 0]
    media = NewMedia("a", "", lambda: pytest.fail("opened before its turn"))
    assert len(take_chunk(iter([Candidate(media)] * 100))) == 10
    errors = [RequestError("No.", 422, "invalid_value")] * 3
    assert take_chunk(iter(errors)) == errors


def test_values_in_strings_do_not_count() -> None:
    most = MAX_VALUES
    assert not has_too_many_values(json.dumps({"text": ',[{"\\' * most}).encode())
    assert not has_too_many_values(b"[" * most)
    assert has_too_many_values(b"[" * (most + 1))
    assert has_too_many_values(b'{"a":[' + b"1," * most + b"1]}")
    assert has_too_many_values(b"{" + b'"a":1,' * (most + 1) + b'"a":1}')
    assert has_too_many_values(b'"not closed' + b"," * (most + 1))


def test_media_are_decoded_when_their_turn_comes() -> None:
    candidate = candidate_of({"image": "data:image/png;base64,!", "id": "a"})
    assert isinstance(candidate, Candidate)
    assert isinstance(candidate.content, NewMedia)
    assert (candidate.content.name, candidate.content.suffix) == ("image", ".png")
    with pytest.raises(RequestError, match="base64"):
        candidate.content.open()
