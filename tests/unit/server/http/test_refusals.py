"""What a search over HTTP refuses, and how it says so."""

from __future__ import annotations

import io
import json
import wave
from typing import TYPE_CHECKING, Any

import pytest
from http_client import (
    DEEP,
    TestClient,
    client_of,
    data_uri,
    error_of,
    png,
    stored,
)

from anysense.server.http.errors import error_response
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.collection import Collection


FORM = b'--x\r\ncontent-disposition: form-data; name="text"\r\n\r\n\\ud800\r\n--x--\r\n'
CHARSET = "unsupported_content_type"

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
    ({"text": "red", "where": "kind ="}, 400, "filter", "where"),
    ({"text": "red", "where": {"kind": {"$near": 1}}}, 400, "filter", "where"),
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


def test_addresses_are_refused_with_what_to_do(client: TestClient) -> None:
    response = client.post("/v1/search", json={"image": "http://example.com/a.png"})
    assert error_of(response)["message"] == (
        "image: http addresses are not fetched; send the media itself, as a data URI "
        "(data:image/jpeg;base64,...) or as an uploaded file."
    )


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b'{"text": ', "application/json", 400, "invalid_json"),
        (b"\xff\xfe", "application/json", 400, "invalid_json"),
        (b"[" * 100_000, "application/json", 400, "invalid_json"),
        (b'{"text": "\\ud800"}', "application/json", 400, "invalid_json"),
        (b'{"text": "red", "min_score": NaN}', "application/json", 422, "invalid_value"),
        (b'{"text": "red", "where": {"a": Infinity}}', "application/json", 422, "invalid_value"),
        (b"[]", "application/json", 422, "invalid_value"),
        (b'{"text": "red"}', "text/plain", 415, "unsupported_content_type"),
        (b"text=red", "application/x-www-form-urlencoded", 415, "unsupported_content_type"),
        (b"", "", 415, "unsupported_content_type"),
        (b"nonsense", "multipart/form-data; boundary=x", 400, "bad_request"),
        (b"nonsense", "multipart/form-data", 400, "bad_request"),
        (FORM, "multipart/form-data; boundary=x; charset=undefined", 415, CHARSET),
        (FORM, "multipart/form-data; boundary=x; charset=punycode", 415, CHARSET),
        (FORM, 'multipart/form-data; boundary=x; charset="unicode_escape"', 415, CHARSET),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    client: TestClient, content: bytes, kind: str, status: int, code: str
) -> None:
    for path in ("/v1/search", "/v1/items"):
        response = client.post(path, content=content, headers={"content-type": kind})
        if path == "/v1/items" and code == "invalid_value":
            assert response.status_code == 422
            continue
        assert response.status_code == status, response.text
        assert error_of(response)["code"] == code


@pytest.mark.parametrize(
    ("files", "fields", "param"),
    [
        ({"video": ("a.png", png("red"))}, {}, "video"),
        ({"image": ("a.png", png("red"))}, {"image": data_uri(png("red"), "image/png")}, "image"),
        ([("image", ("a.png", png("red")))] * 2, {}, "image"),
        ({"image": ("a.png", png("red"))}, {"k": ["1", "2"]}, "k"),
        ({"image": ("a.png", png("red"))}, {"terms": "[{"}, "terms"),
        ({"image": ("a.png", png("red"))}, {"where": "{"}, "where"),
        ({"image": ("a.png", png("red"))}, {"k": "ten"}, "k"),
        ({"image": ("a.png", png("red"))}, {"colour": "red"}, "colour"),
    ],
    ids=["file name", "both", "twice", "two k", "terms", "where", "k", "unknown"],
)
def test_a_wrong_form_is_refused(
    client: TestClient, files: Any, fields: dict[str, Any], param: str
) -> None:
    response = client.post("/v1/search", files=files, data=fields)
    assert response.status_code == 422, response.text
    assert error_of(response)["param"] == param


def test_an_unknown_field_is_called_one(client: TestClient) -> None:
    error = error_of(client.post("/v1/search", json={"txt": "red"}))
    assert (error["message"], error["param"]) == ("txt: there is no such field.", "txt")


def test_a_form_has_at_most_so_many_files_and_so_long_fields(client: TestClient) -> None:
    many = [("image", ("a.png", png("red")))] * 3
    assert client.post("/v1/search", files=many).status_code == 400
    long = client.post("/v1/search", files={"text": (None, "x" * 2_000_000)})
    assert long.status_code == 400
    assert error_of(long)["code"] == "bad_request"


def test_a_picture_in_the_place_of_a_sound_is_refused(client: TestClient) -> None:
    response = client.post("/v1/search", json={"audio": data_uri(png("red"), "image/png")})
    assert response.status_code in (415, 422)
    error_of(response)


def test_bodies_are_limited(collection: Collection) -> None:
    settings = Settings(body_bytes=1000, upload_bytes=3000)
    with client_of(collection, settings) as client:
        stated = client.post("/v1/search", json={"text": "x" * 2000})
        assert stated.status_code == 413
        assert error_of(stated)["code"] == "body_too_large"

        def pieces() -> Iterator[bytes]:
            yield b'{"text": "'
            for _ in range(100):
                yield b"x" * 100

        kind = {"content-type": "application/json"}
        unstated = client.post("/v1/search", content=pieces(), headers=kind)
        assert unstated.status_code == 413
        assert error_of(unstated)["code"] == "body_too_large"
        text = {"file": ("a.txt", b"red " * 400)}
        assert client.post("/v1/items", files=text).status_code == 201
        assert client.post("/v1/search", files={"image": ("a", b"x" * 1600)}).status_code == 413
        long = {"file": ("a.txt", b"red " * 1000)}
        assert client.post("/v1/items", files=long).status_code == 413
        assert len(stored(collection)) == 1


def test_unknown_addresses_and_methods_have_the_same_shape(client: TestClient) -> None:
    missing = client.get("/v2/search")
    assert (missing.status_code, error_of(missing)["code"]) == (404, "not_found")
    assert "/docs" in error_of(missing)["message"]  # as a browser at / is told
    method = client.put("/v1/search")
    assert (method.status_code, error_of(method)["code"]) == (405, "method_not_allowed")
    assert method.headers["allow"] == "POST"


def test_a_form_may_say_that_it_is_utf_8(client: TestClient) -> None:
    kind = {"content-type": "multipart/form-data; boundary=x; charset=UTF-8"}
    response = client.post("/v1/search", content=FORM.replace(b"\\ud800", b"red"), headers=kind)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("text", [" \n", "red " * 6_000_000], ids=["blank", "too long"])
def test_a_text_that_cannot_be_added_is_not_repeated_in_the_error(
    client: TestClient, text: str
) -> None:
    response = client.post("/v1/items", json={"text": text})
    assert response.status_code in (413, 422)
    message = str(error_of(response)["message"])
    assert message.startswith("The media in the request: ")
    assert len(message) < 200


def test_the_length_of_a_vector_says_nothing(client: TestClient) -> None:
    def scores(length: float) -> list[float]:
        body = {"vector": [length] + [0.0] * 30 + [-length], "space": "tiny"}
        response = client.post("/v1/search", json=body)
        assert response.status_code == 200, response.text
        return [hit["score"] for hit in response.json()["hits"]]

    assert scores(1.0)
    assert scores(1e-300) == scores(1.0) == scores(1e300)


def test_an_error_may_name_what_is_not_unicode() -> None:
    answer = error_response(410, "The file a\udcff.png is gone.", "media_gone")
    assert json.loads(answer.body)["error"]["message"] == "The file a\udcff.png is gone."
