"""The vectors that the service gives, in the shapes of several providers."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import formed
import numpy as np
import pytest
from http_client import TestClient, client_of, data_uri, error_of, png, wav
from tiny import TinyEncoder

from anysense.embed.encoders.registry import register_encoder
from anysense.embed.pipeline.query import encode_query, unit_mean
from anysense.embed.types import Modality
from anysense.index.collection import Collection
from anysense.server.http.schemas.embeddings import EmbeddingList

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.embed.types import FloatArray

PICTURE, SOUND = png("red"), wav(110.0)
IMAGE, AUDIO = data_uri(PICTURE, "image/png"), data_uri(SOUND, "audio/wav")
PLAIN_IMAGE, PLAIN_AUDIO = (base64.b64encode(c).decode() for c in (PICTURE, SOUND))
CONTENT = {"red": "red sky", "image": PICTURE, "audio": SOUND, "low": "low"}


def alone(name: str) -> FloatArray:
    modality = Modality(name) if name in ("image", "audio") else Modality.TEXT
    return encode_query(TinyEncoder(), modality, CONTENT[name])


def embed(client: TestClient, **body: Any) -> list[FloatArray]:
    response = client.post("/v1/embeddings", json=body)
    assert response.status_code == 200, response.text
    answer = EmbeddingList.model_validate(response.json(), extra="forbid")
    assert [entry.index for entry in answer.data] == list(range(len(answer.data)))
    assert answer.model == "tiny"
    vectors = [np.asarray(entry.embedding, np.float32) for entry in answer.data]
    assert all(abs(float(np.linalg.norm(v)) - 1) < 1e-5 for v in vectors)
    return vectors


def part(kind: str) -> dict[str, Any]:
    values = {
        "text": "red sky",
        "image_url": {"url": IMAGE, "detail": "low"},
        "image_base64": IMAGE,
        "input_audio": {"data": PLAIN_AUDIO, "format": "wav"},
        "audio_url": {"url": AUDIO},
    }
    return {"type": kind, kind: values[kind]}


SHAPES: dict[str, tuple[dict[str, Any], list[list[str]]]] = {
    "openai, a text": ({"input": "red sky", "user": "ada"}, [["red"]]),
    "openai, texts": ({"input": ["red sky", "low"], "model": "tiny"}, [["red"], ["low"]]),
    "openai, alias": ({"input": "low", "model": "anysense"}, [["low"]]),
    "infinity, texts": ({"input": ["low"], "modality": "text"}, [["low"]]),
    "infinity, images": ({"input": [IMAGE, IMAGE], "modality": "image"}, [["image"]] * 2),
    "infinity, a sound": ({"input": AUDIO, "modality": "audio"}, [["audio"]]),
    "spelled otherwise": (
        {"input": [f" \n{IMAGE}", IMAGE.replace("data", "DATA")]},
        [["image"]] * 2,
    ),
    "mixed": ({"input": ["low", IMAGE, AUDIO]}, [["low"], ["image"], ["audio"]]),
    "vllm": (
        {"messages": [{"role": "user", "content": [part("image_url"), part("text")]}]},
        [["image", "red"]],
    ),
    "vllm, a text": ({"messages": [{"role": "user", "content": "low"}]}, [["low"]]),
    "vllm, sounds": (
        {"messages": [{"content": [part("input_audio")]}, {"content": [part("audio_url")]}]},
        [["audio", "audio"]],
    ),
    "cohere, texts": (
        {"texts": ["low"], "input_type": "search_query", "embedding_types": ["float"]},
        [["low"]],
    ),
    "cohere, images": ({"images": [IMAGE], "input_type": "image"}, [["image"]]),
    "cohere, inputs": (
        {
            "inputs": [{"content": [part("text"), part("image_url")]}, {"content": [part("text")]}],
            "truncate": "NONE",
        },
        [["red", "image"], ["red"]],
    ),
    "voyage": (
        {
            "inputs": [
                {"content": [part("text"), part("image_base64")]},
                {"content": [{"type": "image_url", "image_url": IMAGE}]},
            ],
            "truncation": True,
            "output_dimension": 32,
            "output_dtype": "float",
        },
        [["red", "image"], ["image"]],
    ),
    "jina": (
        {
            "input": [{"text": "low"}, {"image": IMAGE}, {"image": PLAIN_IMAGE}, {"audio": AUDIO}],
            "task": "retrieval.query",
            "normalized": True,
            "embedding_type": "float",
        },
        [["low"], ["image"], ["image"], ["audio"]],
    ),
    "jina, one": ({"input": {"audio": PLAIN_AUDIO}, "truncate": True}, [["audio"]]),
}


@pytest.mark.parametrize(("body", "expected"), SHAPES.values(), ids=SHAPES)
def test_a_vector_is_that_of_a_query_whatever_the_shape(
    client: TestClient, body: dict[str, Any], expected: list[list[str]]
) -> None:
    vectors = embed(client, **body)
    assert len(vectors) == len(expected)
    for vector, names in zip(vectors, expected, strict=True):
        mean = unit_mean(np.stack([alone(name) for name in names]))
        np.testing.assert_allclose(vector, mean, atol=1e-6)


@pytest.mark.parametrize(
    "wish",
    [
        {"encoding_format": "base64"},
        {"embedding_type": "base64"},
        {"embedding_types": ["base64"]},
        {"output_encoding": "base64"},
    ],
    ids=lambda wish: next(iter(wish)),
)
def test_base64_holds_the_same_numbers(client: TestClient, wish: dict[str, Any]) -> None:
    response = client.post("/v1/embeddings", json={"input": ["low", IMAGE], **wish})
    encoded = [entry["embedding"] for entry in response.json()["data"]]
    vectors = [np.frombuffer(base64.b64decode(text), "<f4") for text in encoded]
    assert np.array_equal(vectors, embed(client, input=["low", IMAGE]))


def test_it_is_told_how_much_was_encoded(client: TestClient) -> None:
    body = {"input": ["low", "red sky", IMAGE, AUDIO]}
    assert client.post("/v1/embeddings", json=body).json()["usage"] == {
        "prompt_tokens": 10,
        "total_tokens": 10,
        "characters": 10,
        "pixels": 64,
        "seconds": 0.5,
    }


def test_a_search_by_the_vector_is_the_search_by_its_content(client: TestClient) -> None:
    vector = embed(client, input=IMAGE)[0].tolist()
    given = {"vector": vector, "space": "tiny", "modality": "image"}
    by_vector = client.post("/v1/search", json={"terms": [given]}).json()["hits"]
    by_image = client.post("/v1/search", json={"image": IMAGE}).json()["hits"]
    assert [hit["id"] for hit in by_vector] == [hit["id"] for hit in by_image]


def test_an_address_in_a_text_is_a_text(client: TestClient) -> None:
    assert len(embed(client, input=["https://example.com/red.png", "data: red", "data:,red"])) == 3


VIDEO = {"type": "video_url", "video_url": "data:video/mp4;base64,AAAA"}
REFUSED: list[tuple[dict[str, Any], int, str, str | None, str]] = [
    ({}, 422, "invalid_value", None, "Give exactly one of input, inputs, texts, images"),
    ({"input": "a", "texts": ["b"]}, 422, "invalid_value", None, "xactly one of"),
    ({"input": []}, 422, "invalid_value", None, "give at least one"),
    ({"inputs": []}, 422, "invalid_value", None, "give at least one"),
    ({"messages": []}, 422, "invalid_value", None, "give at least one"),
    ({"input": [1, 2, 3]}, 422, "invalid_value", "input", "lists of tokens are not taken"),
    ({"input": [[1, 2], [3]]}, 422, "invalid_value", "input", "lists of tokens are not taken"),
    ({"input": 5}, 422, "invalid_value", "input", "or a list of these"),
    ({"input": [None]}, 422, "invalid_value", "input.0", "a text, a data URI"),
    ({"input": ["a"] * 2049}, 422, "invalid_value", "input", "at most 2,048 inputs"),
    ({"texts": ["a"] * 2049}, 422, "invalid_value", "texts", "at most 2,048 inputs"),
    (
        {"inputs": [{"content": [part("text")] * 2049}]},
        422,
        "invalid_value",
        None,
        "at most 2,048 parts",
    ),
    ({"input": ["red", " "]}, 422, "empty_media", "input.1", "nothing but white space"),
    ({"input": ["red", "--"]}, 422, "empty_media", "input.1", "no words"),
    ({"input": "x" * 100_001}, 413, "media_too_large", "input", "100,000 characters"),
    ({"input": ["x " * 49_999] * 11}, 413, "media_too_large", "input.10", "1,000,000 characters"),
    ({"input": data_uri(PICTURE[:40], "image/png")}, 422, "corrupt_media", "input", "input: "),
    ({"input": "data:image/png;base64,a*b"}, 400, "invalid_data_uri", "input", "not base64"),
    ({"input": "data:image/svg+xml,%3Csvg"}, 400, "invalid_data_uri", "input", "in base64"),
    ({"input": "data:text/plain;base64,cmVk"}, 415, "unsupported_media", "input", "type text/"),
    ({"input": "data:video/mp4;base64,AAAA"}, 415, "unsupported_media", "input", "type video/"),
    ({"input": "red", "modality": "image"}, 400, "invalid_data_uri", "input", "give a data URI"),
    (
        {"input": ["x"], "modality": "audio"},
        *(400, "invalid_data_uri", "input.0"),
        "input.0: give a data URI (data:audio/wav;base64,...).",
    ),
    ({"input": "red", "modality": "video"}, 422, "invalid_value", "modality", "'text', 'image'"),
    ({"texts": ["red"], "modality": "text"}, 422, "invalid_value", None, "goes with no other"),
    ({"input": {"text": "a"}, "modality": "image"}, 422, "invalid_value", "input", "holds text"),
    ({"input": [{"text": "a", "image": IMAGE}]}, 422, "invalid_value", "input.0", "exactly one"),
    ({"input": [{"video": "x"}]}, 422, "invalid_value", "input.0.video", "no such field"),
    ({"input": {"image": "a*b"}}, 400, "invalid_data_uri", "input", "not base64"),
    ({"images": ["http://example.com/a.png"]}, 400, "address_not_fetched", "images.0", "http"),
    ({"inputs": [{"content": [VIDEO]}]}, 422, "invalid_value", "inputs.0.content.0.type", "'text'"),
    (
        {"inputs": [{"content": [{"type": "text", "image_base64": IMAGE}]}]},
        422,
        "invalid_value",
        "inputs.0.content.0",
        "a part of the type text has the field text and no other",
    ),
    ({"inputs": [{"content": []}]}, 422, "invalid_value", "inputs.0.content", "not be empty"),
    (
        {"messages": [{"role": "system", "content": "Represent this."}]},
        422,
        "invalid_value",
        "messages.0.role",
        "'user'",
    ),
    ({"input": "red", "encoding_format": "hex"}, 422, "invalid_value", "encoding_format", "base64"),
    ({"input": "red", "dimensions": 0}, 422, "invalid_value", "dimensions", "1"),
    ({"input": "red", "dimensions": 16}, 422, "invalid_value", "dimensions", "have 32, not 16"),
    ({"input": "red", "model": "gpt"}, 404, "model_not_found", "model", "there are: tiny"),
    ({"input": "red", "normalized": False}, 422, "invalid_value", "normalized", "be true."),
    ({"input": "red", "colour": 1}, 422, "invalid_value", "colour", "no such field"),
]


@pytest.mark.parametrize(
    ("body", "status", "code", "param", "said"),
    REFUSED,
    ids=[f"{i}-{code}" for i, (_, _, code, _, _) in enumerate(REFUSED)],
)
def test_what_cannot_be_embedded_is_refused_with_a_sentence(
    client: TestClient, body: dict[str, Any], status: int, code: str, param: str | None, said: str
) -> None:
    response = client.post("/v1/embeddings", json=body)
    assert response.status_code == status, response.text
    error = error_of(response)
    assert (error["code"], error["param"]) == (code, param), error
    assert said in str(error["message"])
    assert len(str(error["message"])) < 400


def test_a_form_is_no_request_for_embeddings(client: TestClient) -> None:
    response = client.post("/v1/embeddings", files={"input": (None, "red")})
    assert (response.status_code, error_of(response)["code"]) == (415, "unsupported_content_type")


@pytest.fixture
def two(tmp_path: Path) -> Any:
    names = ["tiny:text-image", "tiny:text-audio"]
    with Collection.create(tmp_path / "two", names) as collection, client_of(collection) as client:
        yield client


def test_the_model_is_chosen_by_name(two: TestClient) -> None:
    for name, model in ((None, "tiny:text-image"), ("tiny:text-audio", "tiny:text-audio")):
        answer = two.post("/v1/embeddings", json={"input": "red", "model": name}).json()
        assert answer["model"] == model
        assert len(answer["data"][0]["embedding"]) == 24


def test_a_model_that_cannot_hear_names_the_one_that_can(two: TestClient) -> None:
    error = error_of(two.post("/v1/embeddings", json={"input": ["red", AUDIO]}))
    assert (error["code"], error["param"]) == ("modality_not_taken", "input.1")
    assert error["message"] == (
        "input.1: the model tiny:text-image takes no audio; tiny:text-audio does."
    )


def test_shorter_vectors_of_a_model_that_is_made_for_them(tmp_path: Path) -> None:
    class Matryoshka(TinyEncoder):
        shorter_dimensions = (8, 16)

    register_encoder("doll", lambda rest, device: Matryoshka("doll"))
    with Collection.create(tmp_path / "c", ["doll"]) as collection, client_of(collection) as client:
        for length in (8, 16, 32):
            answer = client.post("/v1/embeddings", json={"input": "red", "dimensions": length})
            vector = np.asarray(answer.json()["data"][0]["embedding"], np.float32)
            assert vector.shape == (length,)
            whole = alone_of(Matryoshka("doll"))[:length]
            np.testing.assert_allclose(vector, whole / np.linalg.norm(whole), atol=1e-6)
        refused = error_of(client.post("/v1/embeddings", json={"input": "red", "dimensions": 9}))
        assert "8, 16, 32" in str(refused["message"])


@pytest.mark.parametrize(
    ("field", "form"),
    [
        ({}, ""),
        ({"input_type": "search_document"}, ""),
        ({"input_type": "query"}, "to-image"),
        ({"input_type": "search_query"}, "to-image"),
        ({"task": "retrieval.query"}, "to-image"),
    ],
)
def test_what_searches_is_encoded_in_its_form(
    tmp_path: Path, field: dict[str, str], form: str
) -> None:
    formed.register()
    with Collection.create(tmp_path / "c", ["formed"]) as made, client_of(made) as client:
        answer = client.post("/v1/embeddings", json={"input": "red", **field})
        vector = np.asarray(answer.json()["data"][0]["embedding"], np.float32)
    wanted = encode_query(formed.FormedEncoder(), Modality.TEXT, "red", form)
    np.testing.assert_allclose(vector, wanted, atol=1e-6)


def alone_of(encoder: TinyEncoder) -> FloatArray:
    return encode_query(encoder, Modality.TEXT, "red")
