"""The errors of operations, by what they are and by what their routes name."""

from __future__ import annotations

from typing import Any

import pytest

from anysense.server.http.openapi.refusals import REFUSALS, add_refusals, refusals


def statuses(path: str, method: str, **operation: Any) -> set[str]:
    described: dict[str, Any] = {"responses": {"200": {"description": "Yes."}}, **operation}
    add_refusals(path, method, described)
    return set(described["responses"])


@pytest.mark.parametrize(
    ("path", "method", "operation", "has", "lacks"),
    [
        ("/health", "get", {}, {"421", "503"}, {"401", "403", "429", "413", "504"}),
        ("/metrics", "get", {}, {"401", "403", "429"}, {"413", "504"}),
        ("/v1/items/{item_id}", "delete", {}, {"403", "504"}, {"413", "415"}),
        ("/v1/search", "post", {"requestBody": {}}, {"413", "415", "422", "504"}, {"404"}),
        ("/v1/collections/{collection}/jobs", "get", {}, {"404"}, {"413"}),
    ],
)
def test_errors_follow_from_what_an_operation_is(
    path: str, method: str, operation: dict[str, Any], has: set[str], lacks: set[str]
) -> None:
    named = statuses(path, method, **operation)
    assert has <= named
    assert not lacks & named


def test_what_a_route_names_is_described_once() -> None:
    own = {str(status): answer for status, answer in refusals(404, 410).items()}
    operation = {"responses": {"200": {"description": "Yes."}, **own}}
    add_refusals("/v1/search", "post", operation)
    assert operation["responses"]["410"] == {"$ref": "#/components/responses/Refusal410"}
    assert "Refusal410" in REFUSALS


def test_an_error_with_a_content_of_its_own_keeps_it() -> None:
    own = {"description": "Not now.", "content": {"application/json": {}}}
    operation = {"responses": {"503": own, "422": dict(own)}}
    add_refusals("/ready", "get", operation)
    assert operation["responses"]["503"] == own
    assert operation["responses"]["422"] == {"$ref": "#/components/responses/Refusal422"}
