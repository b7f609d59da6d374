from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from ready_vectors import counts, vectors_of, write_shard
from tiny_files import real

from anysense.embed.errors import UsageError
from anysense.embed.types import Kind, Origin

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection

COLOURS = ("red", "green", "blue")
CAPTIONS = ["something red", "all green", "the blue one"]


def write_folder(folder: Path, media: Path) -> None:
    """Two files of numbers: two pictures and one, with captions."""
    images = vectors_of([media / f"{name}.png" for name in COLOURS]).astype(np.float16)
    texts = vectors_of(CAPTIONS).astype(np.float16)
    for number, rows in enumerate((slice(0, 2), slice(2, 3))):
        write_shard(
            folder,
            number,
            images=images[rows],
            texts=texts[rows],
            image_path=[f"{name}.png" for name in COLOURS[rows]],
            caption=CAPTIONS[rows],
            url=[f"https://example.org/{name}" for name in COLOURS[rows]],
            width=[24, None][: len(COLOURS[rows])],
        )


def test_pictures_have_their_captions_as_segments(
    collection: Collection, media: Path, tmp_path: Path
) -> None:
    write_folder(tmp_path / "e", media)
    report = collection.import_vectors(tmp_path / "e")
    assert counts(report) == {"added": 3}
    assert (report.checked.texts, report.checked.files) == (3, 0)
    [hit] = collection.search("green", k=1, modalities=["image"])
    assert (hit.source, hit.kind) == ("https://example.org/green", Kind.IMAGE)
    assert hit.metadata == {"image_path": "green.png", "url": "https://example.org/green"}
    segments = collection.snapshot().item(hit.id).segments
    assert [(s.origin, s.text) for s in segments] == [
        (Origin.CONTENT, None),
        (Origin.CAPTION, "all green"),
    ]
    assert counts(collection.import_vectors(tmp_path / "e")) == {"unchanged": 3}


def test_files_below_the_root_are_encoded_again(
    collection: Collection, media: Path, tmp_path: Path
) -> None:
    write_folder(tmp_path / "e", media)
    report = collection.import_vectors(tmp_path / "e", root=media)
    assert (report.checked.files, round(report.checked.file_cosine or 0, 2)) == (3, 1.0)
    assert set(collection.files()) == {real(media / f"{name}.png") for name in COLOURS}


def test_without_vectors_captions_are_metadata_and_without_pictures_items(
    collection: Collection, media: Path, tmp_path: Path
) -> None:
    images = vectors_of([media / f"{name}.png" for name in COLOURS])
    write_shard(tmp_path / "i", 0, images=images, image_path=list(COLOURS), caption=CAPTIONS)
    collection.import_vectors(tmp_path / "i")
    [red] = collection.search("red", k=1, modalities=["image"])
    assert red.metadata["caption"] == "something red"
    write_shard(tmp_path / "t", 7, texts=vectors_of(CAPTIONS), caption=CAPTIONS)
    assert counts(collection.import_vectors(tmp_path / "t")) == {"added": 3}
    [hit] = collection.search("the blue one", k=1)
    assert (hit.kind, hit.text, hit.metadata) == (Kind.TEXT, "the blue one", {})


def test_vectors_that_cannot_be_used_are_left_out_counted_and_noted(
    collection: Collection, media: Path, tmp_path: Path
) -> None:
    images, texts = vectors_of([media / f"{name}.png" for name in COLOURS]), vectors_of(CAPTIONS)
    images[1], texts[2] = np.nan, 0
    said = {"image_path": list(COLOURS), "caption": CAPTIONS}
    write_shard(tmp_path / "e", 0, images=images, texts=texts, **said)
    report = collection.import_vectors(tmp_path / "e")
    assert counts(report) == {"added": 2, "quarantined": 2}
    file = real(tmp_path / "e" / "img_emb" / "img_emb_0.npy")
    reasons = dict(report.quarantined_rows)
    assert reasons.keys() == {f"{file}:2", f"{file}:3"}
    assert "of its caption" in reasons[f"{file}:3"]
    assert {q.path for q in collection.folder.quarantined()} == reasons.keys()
    [blue] = collection.search("blue", k=1, modalities=["image"])
    assert blue.metadata["caption"] == "the blue one"
    images[1], texts[2] = images[0], texts[0]
    write_shard(tmp_path / "e", 0, images=images, texts=texts, **said)
    again = collection.import_vectors(tmp_path / "e")
    assert counts(again) == {"added": 1, "updated": 1, "unchanged": 1}
    assert collection.folder.quarantined() == []


def test_rows_of_the_same_key_path_and_address_are_taken_once(
    collection: Collection, tmp_path: Path
) -> None:
    texts = vectors_of(["red", "green", "blue"])
    said = {"caption": ["red", "green", "blue"], "key": ["000", "001", "000"]}
    write_shard(tmp_path / "e", 0, texts=texts, url=["u", "u", "u"], **said)
    assert counts(collection.import_vectors(tmp_path / "e")) == {"added": 2, "repeated": 1}
    write_shard(tmp_path / "e", 0, texts=texts, url=["u", "u", "v"], **said)
    assert counts(collection.import_vectors(tmp_path / "e")) == {"added": 1, "unchanged": 2}


def test_what_is_not_paired_is_refused(collection: Collection, tmp_path: Path) -> None:
    vectors = vectors_of(["red", "green"])
    (tmp_path / "empty").mkdir()
    write_shard(tmp_path / "counts", 0, images=vectors, key=["a"])
    write_shard(tmp_path / "numbers", 0, images=vectors, key=["a", "b"])
    write_shard(tmp_path / "numbers", 1, texts=vectors, key=["a", "b"])
    write_shard(tmp_path / "columns", 0, images=vectors, height=[1, 2])
    write_shard(tmp_path / "width", 0, images=vectors[:, :24], key=["a", "b"])
    for name, why in {
        "empty": "neither img_emb/.* nor text_emb",
        "counts": r"img_emb_0.npy has 2 vectors, and .*metadata_0.parquet has 1 rows",
        "numbers": "numbers/img_emb has no file of the number 1",
        "columns": "has none of the columns key, image_path, url and caption",
        "width": "vectors of 24 numbers, and this encoder makes 32",
    }.items():
        with pytest.raises(UsageError, match=why):
            collection.import_vectors(tmp_path / name)
