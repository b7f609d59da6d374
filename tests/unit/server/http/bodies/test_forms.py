"""JSON in the fields of forms, and errors that do not grow with what is wrong."""

from __future__ import annotations

import pytest
from http_client import TestClient, error_of


@pytest.mark.parametrize("field", ["terms", "vector", "where"])
def test_a_field_holds_no_more_than_a_body(client: TestClient, field: str) -> None:
    value = '{"a": [' * (field == "where") + "[1" + ",1" * 300_000
    response = client.post("/v1/search", files={field: (None, value)})
    assert (response.status_code, error_of(response)["param"]) == (413, field)


def test_of_many_wrong_fields_the_first_is_told(client: TestClient) -> None:
    body = {"text": "red", **{f"key{i}": i for i in range(1000)}}
    error = error_of(client.post("/v1/search", json=body))
    assert (error["message"], error["param"]) == ("key0: there is no such field.", "key0")
    term = error_of(client.post("/v1/search", json={"terms": [body]}))
    assert term["param"] == "terms.0.key0"


def test_of_many_wrong_values_the_first_is_told(client: TestClient) -> None:
    body = {"space": "tiny", "vector": ["a"] * 1000, "modalities": ["x"] * 1000}
    message = str(error_of(client.post("/v1/search", json=body))["message"])
    assert message.startswith("vector.0: ")
    assert message.endswith("(and 1 more problem).")


def test_a_long_name_is_told_in_part(client: TestClient) -> None:
    error = error_of(client.post("/v1/search", json={"x" * 10_000: 1}))
    assert error["param"] == "x" * 100
