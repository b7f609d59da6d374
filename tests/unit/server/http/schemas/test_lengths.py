"""Lengths of texts are checked as pydantic checks them, but for the copy that it makes."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from anysense.server.http.schemas.embeddings import EmbeddingRequest
from anysense.server.http.schemas.items import NewText
from anysense.server.http.schemas.lengths import Length
from anysense.server.http.schemas.search import SearchRequest

OURS: TypeAdapter[Any] = TypeAdapter(Annotated[str, Length(2, 4)] | None)
PLAIN: TypeAdapter[Any] = TypeAdapter(Annotated[str, Field(min_length=2, max_length=4)] | None)


def outcome(adapter: TypeAdapter[Any], value: Any) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        return error.errors(include_url=False)


@pytest.mark.parametrize("value", ["ab", "\U0001f600" * 4, "a", "\u0436" * 5, "", None, 1, ["a"]])
def test_it_says_what_pydantic_says(value: Any) -> None:
    assert outcome(OURS, value) == outcome(PLAIN, value)


def test_it_is_described_alike() -> None:
    assert OURS.json_schema() == PLAIN.json_schema()


@pytest.mark.parametrize(
    "validate",
    [
        lambda text: NewText(text=text),
        lambda text: SearchRequest(text=text, not_=[text]),
        lambda text: EmbeddingRequest(input=[text]),
        lambda text: EmbeddingRequest.model_validate({"messages": [{"content": text}]}),
    ],
)
def test_no_copy_of_a_text_stays_with_it(validate: Any) -> None:
    text = "\u0436" * 10_000
    size = sys.getsizeof(text)  # with the copy in UTF-8, once there is one
    validate(text)
    assert sys.getsizeof(text) == size
