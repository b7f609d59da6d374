"""The official client of OpenAI's API, over a real socket."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np
import openai
import pytest
import tiny
from http_client import data_uri, png, wav
from live_server import listening
from tiny import TinyEncoder

from anysense.embed.pipeline.query import encode_query
from anysense.embed.types import Modality
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

PICTURE, SOUND = png("red"), wav(110.0)
INPUTS = ["red sky", data_uri(PICTURE, "image/png"), data_uri(SOUND, "audio/wav")]
CONTENTS = [
    (Modality.TEXT, "red sky"),
    (Modality.IMAGE, PICTURE),
    (Modality.AUDIO, SOUND),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    tiny.register()  # before the fixture that does it for each test
    folder = tmp_path_factory.mktemp("openai")
    with (
        Collection.create(folder / "c.anysense", ["tiny"]) as collection,
        listening(collection) as (url, _),
        openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


@pytest.mark.parametrize("form", ["float", "base64", None])
def test_texts_pictures_and_sounds(client: openai.OpenAI, form: str | None) -> None:
    given = {} if form is None else {"encoding_format": form}
    answer = client.embeddings.create(model="anysense", input=INPUTS, **given)  # type: ignore[call-overload]
    assert answer.model == "tiny"
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == len("red sky")
    for entry, (modality, content) in zip(answer.data, CONTENTS, strict=True):
        alone = encode_query(TinyEncoder(), modality, content)
        embedding = np.asarray(decoded(entry.embedding), np.float32)
        np.testing.assert_allclose(embedding, alone, atol=1e-6)


def decoded(embedding: list[float] | str) -> list[float]:
    """The client leaves base64 alone where its caller has asked for it."""
    if isinstance(embedding, list):
        return embedding
    return list(np.frombuffer(base64.b64decode(embedding), "<f4"))


def test_infinitys_modality(client: openai.OpenAI) -> None:
    for modality, uri, content in (("image", INPUTS[1], PICTURE), ("audio", INPUTS[2], SOUND)):
        answer = client.embeddings.create(
            model="tiny", input=[uri], extra_body={"modality": modality}
        )
        alone = encode_query(TinyEncoder(), Modality(modality), content)
        np.testing.assert_allclose(answer.data[0].embedding, alone, atol=1e-6)


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["tiny"]
    assert client.models.retrieve("tiny").owned_by == "anysense"


def test_errors_are_those_that_it_knows(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.embeddings.create(model="gpt", input="red")
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        client.embeddings.create(model="tiny", input=[[1, 2], [3]])
    assert (refused.value.code, refused.value.param) == ("invalid_value", "input")
    assert "tokens are not taken" in str(refused.value)


def test_a_whole_request_of_texts(client: openai.OpenAI) -> None:
    answer = client.embeddings.create(model="tiny", input=[f"green {i}" for i in range(2048)])
    assert [entry.index for entry in answer.data] == list(range(2048))
