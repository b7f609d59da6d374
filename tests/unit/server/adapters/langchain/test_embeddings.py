from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tiny
from PIL import Image

from anysense import Collection, Modality, Waveform
from anysense.adapters.langchain import AnysenseEmbeddings
from anysense.embed.errors import EncoderError, MediaError, UnknownEncoderError
from anysense.index.types import Partition

if TYPE_CHECKING:
    from pathlib import Path


def test_vectors_are_those_of_a_collection(collection: Collection, media: Path) -> None:
    embeddings = AnysenseEmbeddings("tiny")
    vectors = {
        ("note", Modality.TEXT): embeddings.embed_documents(["a green note"]),
        ("red", Modality.IMAGE): embeddings.embed_image([media / "red.png"]),
        ("low", Modality.AUDIO): embeddings.embed_audio([str(media / "low.wav")]),
    }
    for (item_id, modality), [vector] in vectors.items():
        kept = collection.snapshot().item_vectors(item_id)[Partition("tiny", modality)]
        assert np.allclose(vector, kept[0], atol=1e-3)  # a catalog keeps halves
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_media_are_files_bytes_or_decoded(media: Path) -> None:
    embeddings = AnysenseEmbeddings(tiny.TinyEncoder())
    red = media / "red.png"
    picture = Image.open(red)
    [first, *others] = embeddings.embed_image([red, str(red), red.read_bytes(), picture])
    assert others == [first] * 3
    low = media / "low.wav"
    time = np.arange(8000) / 8000
    wave = Waveform((20000 * np.sin(2 * np.pi * 200 * time) / 32768).astype(np.float32), 8000)
    [first, *others] = embeddings.embed_audio([low, low.read_bytes(), wave])
    assert np.allclose(others, [first] * 2, atol=1e-4)


def test_a_long_text_is_the_mean_of_its_passages() -> None:
    embeddings = AnysenseEmbeddings("tiny")
    [red, blue, both] = embeddings.embed_documents(
        ["red " * 20, "blue " * 20, "red " * 20 + "blue " * 20]
    )
    mean = np.mean([red, blue], axis=0)
    assert np.allclose(both, mean / np.linalg.norm(mean), atol=1e-6)


@pytest.mark.asyncio
async def test_media_are_embedded_aside(media: Path) -> None:
    embeddings = AnysenseEmbeddings("tiny")
    red, low = media / "red.png", media / "low.wav"
    assert await embeddings.aembed_image([red]) == embeddings.embed_image([red])
    assert await embeddings.aembed_audio([low]) == embeddings.embed_audio([low])


def test_a_collection_shares_its_model(collection: Collection) -> None:
    embeddings = AnysenseEmbeddings.of(collection)
    assert embeddings.model == "tiny"
    [encoder] = collection.encoders()
    assert isinstance(encoder, tiny.TinyEncoder)
    before = encoder.encoded
    embeddings.embed_query("red")
    assert encoder.encoded == before + 1


def test_the_model_is_loaded_when_it_is_used() -> None:
    embeddings = AnysenseEmbeddings("unknown:model")
    assert embeddings.model == "unknown:model"
    with pytest.raises(UnknownEncoderError):
        embeddings.embed_query("red")


def test_what_cannot_be_embedded_is_told(media: Path) -> None:
    embeddings = AnysenseEmbeddings("tiny:text-image")
    with pytest.raises(EncoderError, match="does not take audio"):
        embeddings.embed_audio([media / "low.wav"])
    with pytest.raises(MediaError, match="text 1"):
        embeddings.embed_documents(["red", " "])
    with pytest.raises(MediaError, match=r"gone\.png"):
        embeddings.embed_image([media / "gone.png"])
    with pytest.raises(MediaError, match=r"low\.wav"):
        embeddings.embed_image([media / "low.wav"])
    with pytest.raises(MediaError, match="https:"):
        embeddings.embed_image(["https://x.org/a.png"])
