"""The background: one vector for each of its texts, photos and sounds, encoded once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny import TEXT_IMAGE, TinyEncoder

from anysense.embed.types import Modality
from anysense.index.background import bank
from anysense.index.types import Partition

FOLDER = Path(bank.__file__).parent
COUNTS = {
    Modality.TEXT: len((FOLDER / "texts.txt").read_text(encoding="utf-8").splitlines()),
    Modality.IMAGE: len(list(FOLDER.glob("photos/*.jpg"))),
    Modality.AUDIO: len(list(FOLDER.glob("sounds/*.ogg"))),
}


@pytest.fixture
def encoder() -> TinyEncoder:
    """Of a space that no other test has."""
    return TinyEncoder("tiny-bank", revision="1")


def test_each_content_has_one_vector_of_its_modality(encoder: TinyEncoder) -> None:
    """Words inside a photo or a recording are no content of it."""
    vectors = bank.background(encoder)
    assert {modality: len(rows) for modality, rows in vectors.items()} == COUNTS
    for rows in vectors.values():
        assert (rows.dtype, rows.shape[1]) == (np.float32, 32)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_only_what_an_encoder_takes_is_encoded() -> None:
    vectors = bank.background(TinyEncoder("tiny-bank:text-image", TEXT_IMAGE, 24))
    assert set(vectors) == TEXT_IMAGE


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in another process, which has the files alone."""
    monkeypatch.setattr(bank, "_memory", {})  # what a process keeps has no name outside


def test_it_is_encoded_once_and_kept_in_the_cache(
    encoder: TinyEncoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path))
    forget(monkeypatch)
    assert bank.lookup(encoder.space) is None
    first = bank.background(encoder)
    assert encoder.encoded > 0
    forget(monkeypatch)
    again = TinyEncoder("tiny-bank", revision="1")
    kept = bank.background(again)
    assert again.encoded == 0
    for modality, rows in first.items():
        np.testing.assert_array_equal(kept[modality], rows)
    changed = TinyEncoder("tiny-bank", revision="2")
    assert bank.lookup(changed.space) is None


def test_a_cache_that_cannot_be_read_is_written_anew(
    encoder: TinyEncoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path))
    forget(monkeypatch)
    bank.background(encoder)
    [path] = tmp_path.rglob("*.npz")
    path.write_bytes(path.read_bytes()[:100])
    forget(monkeypatch)
    assert bank.lookup(encoder.space) is None
    assert set(bank.background(encoder)) == set(Modality)
    forget(monkeypatch)
    assert bank.lookup(encoder.space) is not None


def test_what_is_published_comes_back_in_half_precision(encoder: TinyEncoder) -> None:
    vectors = bank.background(encoder)
    arrays = bank.to_arrays({encoder.space.id: vectors}, [encoder.space])
    assert sorted(arrays) == ["background-0-audio", "background-0-image", "background-0-text"]
    images = Partition(encoder.space.id, Modality.IMAGE)
    came_back = bank.from_arrays(arrays, [encoder.space], images)
    assert came_back is not None
    np.testing.assert_allclose(came_back, vectors[Modality.IMAGE], atol=1e-3)
    assert bank.from_arrays(arrays, [], images) is None
    assert bank.from_arrays({}, [encoder.space], images) is None
