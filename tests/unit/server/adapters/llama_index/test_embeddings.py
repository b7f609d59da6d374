from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tiny
from llama_index.core import Settings, VectorStoreIndex
from llama_index.core.schema import TextNode

from anysense import Collection, Modality
from anysense.adapters.llama_index import AnysenseEmbedding
from anysense.embed.errors import EncoderError, MediaError, UnknownEncoderError
from anysense.index.types import Partition

if TYPE_CHECKING:
    from pathlib import Path


def test_vectors_are_those_of_a_collection(collection: Collection, media: Path) -> None:
    embedding = AnysenseEmbedding("tiny")
    vectors = {
        ("note", Modality.TEXT): embedding.get_text_embedding("a green note"),
        ("red", Modality.IMAGE): embedding.get_image_embedding(str(media / "red.png")),
        ("low", Modality.AUDIO): embedding.get_audio_embedding(media / "low.wav"),
    }
    for (item_id, modality), vector in vectors.items():
        kept = collection.snapshot().item_vectors(item_id)[Partition("tiny", modality)]
        assert np.allclose(vector, kept[0], atol=1e-3)  # a catalog keeps halves


def test_media_are_files_or_bytes(media: Path) -> None:
    embedding = AnysenseEmbedding(tiny.TinyEncoder())
    red, low = media / "red.png", media / "low.wav"
    pictures = [str(red), BytesIO(red.read_bytes())]
    first, second = embedding.get_image_embedding_batch(pictures)
    assert first == second == embedding.get_image_embedding(str(red))
    sounds = [str(low), low, low.read_bytes(), BytesIO(low.read_bytes())]
    assert embedding.get_audio_embedding_batch(sounds) == [embedding.get_audio_embedding(low)] * 4


@pytest.mark.asyncio
async def test_it_works_asynchronously(media: Path) -> None:
    embedding = AnysenseEmbedding("tiny")
    red, low = str(media / "red.png"), media / "low.wav"
    assert await embedding.aget_query_embedding("red") == embedding.get_query_embedding("red")
    assert await embedding.aget_text_embedding("red") == embedding.get_text_embedding("red")
    texts = ["red", "blue"]
    expected = embedding.get_text_embedding_batch(texts)
    assert await embedding.aget_text_embedding_batch(texts) == expected
    assert await embedding.aget_image_embedding(red) == embedding.get_image_embedding(red)
    pictures = await embedding.aget_image_embedding_batch([red, red])
    assert pictures == [embedding.get_image_embedding(red)] * 2
    assert await embedding.aget_audio_embedding(low) == embedding.get_audio_embedding(low)


def test_an_index_is_built_with_it() -> None:
    before = Settings._embed_model  # what was set, which asking for it would change
    nodes = [TextNode(text=text, id_=text) for text in ("red one", "blue sky", "green grass")]
    index = VectorStoreIndex(nodes, embed_model=AnysenseEmbedding("tiny"))
    [found] = index.as_retriever(similarity_top_k=1).retrieve("blue")
    assert found.node_id == "blue sky"
    assert Settings._embed_model is before  # as above


def test_a_collection_shares_its_model(collection: Collection) -> None:
    embedding = AnysenseEmbedding.of(collection)
    assert (embedding.model_name, embedding.class_name()) == ("tiny", "AnysenseEmbedding")
    [encoder] = collection.encoders()
    assert isinstance(encoder, tiny.TinyEncoder)
    before = encoder.encoded
    embedding.get_query_embedding("red")
    assert encoder.encoded == before + 1


def test_the_model_is_loaded_when_it_is_used() -> None:
    embedding = AnysenseEmbedding("unknown:model", embed_batch_size=3)
    assert (embedding.model_name, embedding.embed_batch_size) == ("unknown:model", 3)
    with pytest.raises(UnknownEncoderError):
        embedding.get_query_embedding("red")


def test_what_cannot_be_embedded_is_told(media: Path) -> None:
    embedding = AnysenseEmbedding("tiny:text-image")
    with pytest.raises(EncoderError, match="does not take audio"):
        embedding.get_audio_embedding(media / "low.wav")
    with pytest.raises(MediaError, match="text 0"):
        embedding.get_text_embedding(" ")
    with pytest.raises(MediaError, match=r"gone\.png"):
        embedding.get_image_embedding(str(media / "gone.png"))
