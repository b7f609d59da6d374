"""What a search over HTTP refuses, and how it says so."""

from __future__ import annotations

import io
import wave
from typing import Any

import pytest
from http_client import DEEP, TestClient, data_uri, error_of, png

REFUSED: list[tuple[dict[str, Any], int, str, str | None]] = [
    ({}, 422, "empty_query", None),
    ({"text": " \n "}, 400, "usage", None),
    ({"text": "x" * 100_001}, 400, "usage", None),
    ({"text": "red", "k": 0}, 422, "invalid_value", "k"),
    ({"text": "red", "k": 1001}, 422, "invalid_value", "k"),
    ({"text": "red", "k": "many"}, 422, "invalid_value", "k"),
    ({"text": "red", "per_modality_k": 0}, 422, "invalid_value", "per_modality_k"),
    ({"text": "red", "offset": -1}, 422, "invalid_value", "offset"),
    ({"text": "red", "offset": 1000}, 422, "invalid_value", "offset"),
    ({"text": "red", "offset": 995}, 422, "invalid_value", None),
    ({"text": "red", "fusion": "magic"}, 422, "invalid_value", "fusion"),
    ({"text": "red", "collapse": 0}, 422, "invalid_value", "collapse"),
    ({"text": "red", "collapse": 1.01}, 422, "invalid_value", "collapse"),
    ({"text": "red", "state": 5}, 422, "invalid_value", "state"),
    ({"text": "red", "state": "00000009-9-" + "9" * 63}, 422, "invalid_value", "state"),
    ({"text": "red", "state": "abc"}, 422, "invalid_value", "state"),
    ({"text": "red", "state": ""}, 422, "invalid_value", "state"),
    ({"text": "red", "state": "00000009-9-9x"}, 422, "invalid_value", "state"),
    ({"text": "red", "state": "00000009-9-9"}, 410, "state_gone", "state"),
    ({"text": 5}, 422, "invalid_value", "text"),
    ({"txt": "red"}, 422, "invalid_value", "txt"),
    ({"not": "red"}, 400, "usage", None),
    ({"text": "red", "modalities": ["smell"]}, 422, "invalid_value", "modalities.0"),
    ({"text": "red", "where": "label ="}, 400, "filter", "where"),
    ({"text": "red", "where": "kind = 'photo'"}, 400, "filter", "where"),
    ({"text": "red", "modalities": ["document"]}, 422, "invalid_value", "modalities.0"),
    ({"text": "red", "where": {"label": {"$near": 1}}}, 400, "filter", "where"),
    ({"text": "red", "where": DEEP}, 422, "invalid_value", "where"),
    ({"text": "red", "where": "a = 'b' and " * 6000 + "a = 'b'"}, 422, "invalid_value", "where"),
    ({"terms": [{"text": "red"}] * 33}, 422, "invalid_value", "terms"),
    ({"terms": [{"text": "red", "like": "red"}]}, 422, "invalid_value", "terms.0"),
    ({"terms": [{"vector": [1.0]}]}, 422, "invalid_value", "terms.0"),
    ({"terms": [{"weight": 2}]}, 422, "invalid_value", "terms.0"),
    ({"terms": [{"text": "red", "weight": 0}]}, 400, "usage", None),
    ({"text": "red", "not": ["blue"] * 33}, 422, "invalid_value", "not"),
    ({"text": "red", "where": "a = " + "1" * 60_000 + "x"}, 400, "filter", "where"),
    ({"like": "nothing"}, 404, "item_not_found", None),
    ({"like": "x" * 10_000}, 422, "invalid_value", "like"),
    ({"vector": [1.0] * 32, "space": "x" * 10_000}, 422, "invalid_value", "space"),
    ({"vector": [1.0]}, 422, "invalid_value", "vector"),
    ({"vector": [1.0], "space": "tiny"}, 400, "usage", None),
    ({"vector": [0.0] * 32, "space": "tiny"}, 400, "usage", None),
    ({"vector": [1.0] * 32, "space": "other"}, 400, "usage", None),
    ({"image": "http://example.com/a.png"}, 400, "address_not_fetched", "image"),
    ({"audio": "file:///etc/passwd"}, 400, "address_not_fetched", "audio"),
    ({"terms": [{"image": "HTTPS://example.com/,"}]}, 400, "address_not_fetched", "terms.0"),
    ({"image": "data:image/png,abc"}, 400, "invalid_data_uri", "image"),
    ({"image": "data:image/png;base64,a*b"}, 400, "invalid_data_uri", "image"),
    ({"image": data_uri(b"", "image/png")}, 422, "empty_media", None),
    ({"image": data_uri(png("red")[:40], "image/png")}, 422, "corrupt_media", None),
    ({"audio": data_uri(b"RIFF" + bytes(40), "audio/wav")}, 415, "unsupported_media", None),
]


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    REFUSED,
    ids=[f"{i}-{code}" for i, (_, _, code, _) in enumerate(REFUSED)],
)
def test_a_wrong_search_is_refused_with_a_sentence(
    client: TestClient, body: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    response = client.post("/v1/search", json=body)
    assert response.status_code == status, response.text
    error = error_of(response)
    assert (error["code"], error["param"]) == (code, param)
    kind = "not_found_error" if status in (404, 410) else "invalid_request_error"
    assert error["type"] == kind
    assert len(str(error["message"])) < 500


def test_a_long_sound_is_no_query_but_an_item(client: TestClient) -> None:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 1, 4000, 0, "NONE", ""))
        file.writeframes((bytes([100] * 10 + [150] * 10)) * (601 * 200))
    files = {"audio": ("long.wav", out.getvalue())}
    response = client.post("/v1/search", files=files)
    assert (response.status_code, error_of(response)["code"]) == (413, "media_too_large")
    assert "limit of 600 seconds for a query" in response.text
    upload = {"file": ("long.wav", out.getvalue())}
    assert client.post("/v1/items", files=upload, data={"id": "long"}).status_code == 201
    assert client.post("/v1/search", json={"like": "long"}).status_code == 200
