"""Models of the kind `st` that are made of other modules than a transformer and its pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tiny_models
from PIL import Image
from sentence_transformers import SentenceTransformer

from anysense.embed.encoders.registry import load_encoder
from anysense.embed.errors import EncoderError
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

PICTURE = Image.effect_noise((60, 40), 80).convert("RGB")


def load(folder: Path) -> Any:
    return load_encoder(f"st:{folder}", device="cpu")


def test_clip_in_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = tiny_models.save("legacy", tmp_path / "legacy")
    whole, part = load(folder), load(folder / "0_CLIPModel")
    assert whole.space.modalities == part.space.modalities == {Modality.TEXT, Modality.IMAGE}
    for modality, content in ((Modality.TEXT, "rain"), (Modality.IMAGE, PICTURE)):
        made = [e.encode(modality, [e.prepare(modality, content)]) for e in (whole, part)]
        assert np.abs(made[0] - made[1]).max() < 1e-6


def test_a_model_for_queries_and_another_for_documents(tmp_path: Path) -> None:
    folder = tiny_models.save("router", tmp_path / "router")
    library = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    encoder = load(folder)
    assert [form.name for form in encoder.space.query_forms] == ["query"]
    both = [
        encoder.prepare(Modality.TEXT, "rain on the sea"),
        encoder.prepare_query(Modality.TEXT, "rain on the sea", "query"),
    ]
    item, query = encoder.encode(Modality.TEXT, both)
    assert item @ query < 0.99
    expected = library.encode_document("rain on the sea", normalize_embeddings=True)
    assert np.abs(item - expected).max() < 1e-4
    expected = library.encode_query("rain on the sea", normalize_embeddings=True)
    assert np.abs(query - expected).max() < 1e-4


def test_a_model_of_pictures_alone(tmp_path: Path) -> None:
    encoder = load(tiny_models.save("vit", tmp_path / "vit"))
    assert encoder.space.modalities == {Modality.IMAGE}
    assert encoder.encode(Modality.IMAGE, [encoder.prepare(Modality.IMAGE, PICTURE)]).shape == (
        1,
        32,
    )
    with pytest.raises(EncoderError, match="does not take text"):
        encoder.passages("rain")
    with pytest.raises(EncoderError, match="does not take text"):
        encoder.prepare(Modality.TEXT, "rain")


def test_a_model_without_a_tower_does_not_take_what_its_processor_does(tmp_path: Path) -> None:
    import json

    folder = tiny_models.save("gemma", tmp_path / "gemma", {})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "audio_config": None}))
    encoder = load(folder)
    assert encoder.space.modalities == {Modality.TEXT, Modality.IMAGE}
    assert encoder.sample_rate is None
