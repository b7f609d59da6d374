from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tiny
from PIL import Image

from anysense import Client, Collection, Modality
from anysense.adapters import embedders
from anysense.adapters.embedders import embedder_of, embedder_of_collection, text_space
from anysense.embed.encoders.registry import register_encoder
from anysense.embed.errors import MediaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as made:
        yield made


def test_a_service_gives_the_vectors_that_this_machine_gives(client: Client, media: Path) -> None:
    here, there = embedder_of("tiny", "auto", None), embedder_of(None, "auto", client)
    assert here.name == there.name == "tiny"
    assert np.allclose(here.query("a red"), there.query("a red"), atol=1e-6)
    low = media / "low.wav"
    for contents, modality in (
        (["red", "a blue sky " * 30], Modality.TEXT),
        ([media / "red.png", (media / "blue.png").read_bytes()], Modality.IMAGE),
        ([Image.open(media / "red.png")], Modality.IMAGE),
        ([low, low.read_bytes()], Modality.AUDIO),
    ):
        vectors = there.documents(contents, modality)
        assert np.allclose(vectors, here.documents(contents, modality), atol=1e-6)


def test_many_go_to_a_service_in_several_requests(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(embedders.AT_ONCE, Modality.TEXT, 3)
    sizes = []
    embed = client.embed
    monkeypatch.setattr(
        client, "embed", lambda batch, **o: sizes.append(len(batch)) or embed(batch, **o)
    )
    texts = [f"text number {number}" for number in range(7)]
    vectors = embedder_of("tiny", "auto", client).documents(iter(texts), Modality.TEXT)
    assert sizes == [3, 3, 1]
    here = embedder_of("tiny", "auto", None).documents(texts, Modality.TEXT)
    assert np.allclose(vectors, here, atol=1e-6)


@pytest.mark.parametrize("where", ["here", "there"])
def test_what_holds_something_else_is_refused(where: str, client: Client, media: Path) -> None:
    embedder = embedder_of("tiny", "auto", client if where == "there" else None)
    low = media / "low.wav"
    with pytest.raises(MediaError, match=r"low\.wav"):
        embedder.documents([low], Modality.IMAGE)
    with pytest.raises(MediaError, match="image 1: "):
        embedder.documents([(media / "red.png").read_bytes(), low.read_bytes()], Modality.IMAGE)
    with pytest.raises(MediaError, match=r"gone\.png"):
        embedder.documents([media / "gone.png"], Modality.IMAGE)


def test_a_service_has_models_of_its_own(client: Client) -> None:
    with pytest.raises(UsageError, match="A service embeds with a model of its own"):
        embedder_of(tiny.TinyEncoder(), "auto", client)


def test_a_collection_embeds_with_its_first_model_for_texts(tmp_path: Path) -> None:
    names = ["tiny:text-audio", "tiny:text-image"]
    with Collection.create(tmp_path / "two", names) as collection:
        assert text_space(collection).id == "tiny:text-audio"
        embedder = embedder_of_collection(collection)
        assert embedder.name == "tiny:text-audio"
        assert len(embedder.query("red")) == 24


def test_a_collection_of_no_model_for_texts_embeds_none(tmp_path: Path) -> None:
    pictures = tiny.TinyEncoder("pictures", frozenset({Modality.IMAGE}))
    register_encoder("pictures", lambda rest, device: pictures)
    with (
        Collection.create(tmp_path / "c", ["pictures"]) as collection,
        pytest.raises(UsageError, match=r"No encoder of .* takes texts"),
    ):
        embedder_of_collection(collection)
