"""From bodies to the terms of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from http_client import TestClient, data_uri, error_of, png

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_addresses_are_refused_with_what_to_do(client: TestClient) -> None:
    response = client.post("/v1/search", json={"image": "http://example.com/a.png"})
    assert error_of(response)["message"] == (
        "image: http addresses are not fetched; send the media itself, as a data URI "
        "(data:image/jpeg;base64,...) or as an uploaded file."
    )


def test_a_picture_in_the_place_of_a_sound_is_refused(client: TestClient) -> None:
    response = client.post("/v1/search", json={"audio": data_uri(png("red"), "image/png")})
    assert response.status_code in (415, 422)
    error_of(response)


def test_the_length_of_a_vector_says_nothing(client: TestClient) -> None:
    def scores(length: float) -> list[float]:
        body = {"vector": [length] + [0.0] * 30 + [-length], "space": "tiny"}
        response = client.post("/v1/search", json=body)
        assert response.status_code == 200, response.text
        return [hit["score"] for hit in response.json()["hits"]]

    assert scores(1.0)
    assert scores(1e-300) == scores(1.0) == scores(1e300)


def test_a_text_is_words_and_nobody_looks_whether_it_is_a_path(
    client: TestClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = str(tmp_path / "files" / "red.png")
    assert client.post("/v1/search", json={"text": "red", "not": path}).status_code == 200
    assert client.post("/v1/search", json={"terms": [{"text": path}]}).status_code == 200
    assert client.post("/v1/items", json={"text": path, "id": "x"}).status_code == 201
    assert "is a file" not in caplog.text
