"""Bodies that cannot be read, and forms that may differ."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from http_client import TestClient, data_uri, error_of, png, search

from anysense.server.http.bodies import reading

FORM = b'--x\r\ncontent-disposition: form-data; name="text"\r\n\r\n\\ud800\r\n--x--\r\n'


CHARSET = "unsupported_content_type"


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
    many = [("image", ("a.png", png("red")))] * 4
    assert client.post("/v1/search", files=many).status_code == 400
    long = client.post("/v1/search", files={"text": (None, "x" * 2_000_000)})
    assert long.status_code == 400
    assert error_of(long)["code"] == "bad_request"


def test_a_form_may_say_that_it_is_utf_8(client: TestClient) -> None:
    kind = {"content-type": "multipart/form-data; boundary=x; charset=UTF-8"}
    response = client.post("/v1/search", content=FORM.replace(b"\\ud800", b"red"), headers=kind)
    assert response.status_code == 200, response.text


def test_a_form_has_the_fields_of_json(client: TestClient) -> None:
    data = {
        "text": "red",
        "not": ["blue", "green"],
        "modalities": "image,text",
        "where": '{"label": {"$in": ["photo", "note"]}}',
        "terms": '[{"text": "dark", "weight": 0.1}]',
        "k": "2",
        "min_score": "-100",
        "per_modality_k": "2",
        "offset": "1",
        "fusion": "rrf",
        "collapse": "0.999",
    }
    files = {"image": ("a.png", png("red"))}
    response = client.post("/v1/search", files=files, data=data)
    assert response.status_code == 200, response.text
    assert response.json()["hits"] == search(
        client,
        text="red",
        image=data_uri(png("red"), "image/png"),
        **{"not": ["blue", "green"]},
        modalities=["image", "text"],
        where={"label": {"$in": ["photo", "note"]}},
        terms=[{"text": "dark", "weight": 0.1}],
        k=2,
        min_score=-100,
        per_modality_k=2,
        offset=1,
        fusion="rrf",
        collapse=0.999,
    )


def test_a_file_that_was_not_chosen_is_left_out(client: TestClient) -> None:
    parts = (
        '--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nred\r\n'
        '--x\r\nContent-Disposition: form-data; name="image"; filename=""\r\n'
        "Content-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n"
    )
    kind = {"content-type": "multipart/form-data; boundary=x"}
    response = client.post("/v1/search", content=parts.encode(), headers=kind)
    assert response.status_code == 200, response.text
    assert response.json()["hits"] == search(client, text="red")


@pytest.mark.parametrize(("texts", "is_at_once"), [(1, True), (200, False)])
def test_only_a_small_body_is_understood_without_a_thread(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, texts: int, is_at_once: bool
) -> None:
    threads: list[bool] = []
    understood = reading.model_of

    def model_of(body: bytearray, model: type[Any]) -> Any:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            threads.append(True)
        else:
            threads.append(False)
        return understood(body, model)

    monkeypatch.setattr(reading, "model_of", model_of)
    search(client, text="red " * 5 * texts)
    assert threads == [not is_at_once]
