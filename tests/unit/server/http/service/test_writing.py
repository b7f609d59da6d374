"""Writing texts for many clients at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from anysense.index.types import NewItem
from anysense.server.http.errors import RequestError
from anysense.server.http.service import writing
from anysense.server.http.service.writing import Writer

if TYPE_CHECKING:
    from anysense.index.collection import Collection


def test_a_text_that_is_there_already_is_not_encoded_again(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(collection)
    item, is_new = writer.add(NewItem("some text", metadata={"a": 1}))
    assert is_new
    monkeypatch.delattr(writing, "encode_one")
    again, is_new = writer.add(NewItem("some text", metadata={"b": 2}))
    assert not is_new
    assert (again.id, again.metadata) == (item.id, {"a": 1, "b": 2})
    with pytest.raises(RequestError, match="metadata has at most"):
        writer.add(NewItem("some text", metadata={"long": "x" * 300_000}))


def test_a_text_that_another_client_was_faster_with_joins_its_item(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode_one = writing.encode_one

    def encode_second(*args: Any, **kwargs: Any) -> Any:
        record = encode_one(*args, **kwargs)
        collection.add([NewItem("some text", metadata={"a": 1})])
        return record

    monkeypatch.setattr(writing, "encode_one", encode_second)
    item, is_new = Writer(collection).add(NewItem("some text", metadata={"b": 2}))
    assert not is_new
    assert item.metadata == {"a": 1, "b": 2}


def test_a_text_with_an_id_replaces_its_item(collection: Collection) -> None:
    writer = Writer(collection)
    for metadata in ({"a": 1}, {"b": 2}):
        item, is_new = writer.add(NewItem("some text", id="t", metadata=metadata))
        assert is_new
        assert item.metadata == metadata
