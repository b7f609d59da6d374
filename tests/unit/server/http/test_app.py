"""The HTTP service as a whole, and how it describes itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

from http_client import TestClient, error_of

NAMED = "/v1/collections/{collection}"


def test_the_openapi_document_is_whole(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    paths = {(path, method) for path, methods in document["paths"].items() for method in methods}
    of_a_collection = {
        ("/search", "post"),
        ("/search/batch", "post"),
        ("/search/explain", "post"),
        ("/fields", "get"),
        ("/progress", "get"),
        ("/map", "get"),
        ("/queries", "post"),
        ("/queries/{query_id}", "get"),
        ("/items", "post"),
        ("/items", "get"),
        ("/items/{item_id}", "get"),
        ("/items/{item_id}", "delete"),
        ("/items/{item_id}/media", "get"),
        ("/items/{item_id}", "patch"),
        ("/items/batch", "post"),
        ("/items/batch/delete", "post"),
        ("/jobs", "get"),
        ("/jobs/{job_id}", "get"),
        ("/jobs/{job_id}", "delete"),
        ("/jobs/{job_id}/cancel", "post"),
        ("/items/{item_id}/waveform", "get"),
        ("/items/{item_id}/segments", "get"),
    }
    assert paths == {
        *((f"/v1{path}", method) for path, method in of_a_collection),
        *((f"{NAMED}{path}", method) for path, method in of_a_collection),
        (NAMED, "get"),
        ("/v1/access", "get"),
        ("/v1/collections", "get"),
        ("/v1/embeddings", "post"),
        ("/v1/models", "get"),
        ("/v1/models/{model}", "get"),
        ("/health", "get"),
        ("/ready", "get"),
        ("/metrics", "get"),
    }
    text = json.dumps(document)
    references = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert references <= set(document["components"]["schemas"])
    assert {"SearchRequest", "TermBody", "NewText", "HitBody", "ErrorBody"} <= references
    assert client.get("/docs").status_code == 200


def test_the_page_of_documentation_names_every_address_and_field(client: TestClient) -> None:
    page = (Path(__file__).parents[4] / "docs" / "http.md").read_text(encoding="utf-8")
    document = client.get("/openapi.json").json()
    for path in document["paths"]:
        address = path if path == NAMED else path.replace(NAMED, "/v1")
        address = re.sub(r"\{(item|query)_id\}", "{id}", address)
        assert address.replace("{collection}", "{name}") in page
    models = (
        "BatchItem",
        "ItemResult",
        "JobBody",
        "HitBody",
        "HitSegmentBody",
        "ItemBody",
        "NewText",
        "SegmentBody",
        "TermBody",
    )
    models = (
        "BuildBody",
        "KeptQueryBody",
        "MetadataFields",
        "MetadataField",
        "SearchBatch",
        "ExplanationBody",
        "EmbeddingRequest",
        "Part",
        "ModelBody",
        *models,
    )
    for model in ("SearchRequest", *models):
        for name in document["components"]["schemas"][model]["properties"]:
            assert f"`{name}`" in page, f"{model}.{name}"


def test_the_api_describes_every_field_of_a_search(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    body = document["paths"]["/v1/search"]["post"]["requestBody"]["content"]
    schemas = document["components"]["schemas"]
    fields = set(schemas["SearchRequest"]["properties"])
    assert {"not", "per_modality_k", "offset", "state", "fusion", "collapse"} <= fields
    assert body["multipart/form-data"]["schema"]["$ref"].endswith("/SearchForm")
    assert set(schemas["SearchForm"]["properties"]) == fields


def test_unknown_addresses_and_methods_have_the_same_shape(client: TestClient) -> None:
    missing = client.get("/v2/search")
    assert (missing.status_code, error_of(missing)["code"]) == (404, "not_found")
    assert "/docs" in error_of(missing)["message"]  # as a browser at / is told
    method = client.put("/v1/search")
    assert (method.status_code, error_of(method)["code"]) == (405, "method_not_allowed")
    assert method.headers["allow"] == "POST"
    message = "This address does not have the method PUT; it has POST."
    assert error_of(method)["message"] == message
