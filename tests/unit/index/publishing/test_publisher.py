"""The index of a generation is written once, where it stays, and not at all if it is the same."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from specimen import IMAGES, created, opened_with, record

from anysense.embed.errors import StorageError
from anysense.index.publishing.tuning import fit_tuning
from anysense.index.vectors.faiss.files import INDEX_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.index.catalog.records import ItemRecord
    from anysense.index.collection import Collection
    from anysense.index.snapshots.manifest import Tuning
    from anysense.index.snapshots.snapshot import Snapshot


def photos(first: int, count: int) -> list[ItemRecord]:
    return [record(f"p{number}") for number in range(first, first + count)]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """A collection with lists from 50 segments on."""
    created(tmp_path / "c").close()
    with opened_with(tmp_path / "c", exact=50) as made:
        made.write(photos(0, 60))
        made.publish()
        yield made


def index_file(collection: Collection) -> Path:
    (folder,) = collection.path.glob("gen-*")
    return folder / INDEX_FILE


def store(collection: Collection) -> Any:
    return collection.folder.snapshot().store


def retune(collection: Collection) -> int:
    return collection.folder.publish(fit_tuning, retune=True)


def test_the_index_that_was_published_is_searched_from_its_file(collection: Collection) -> None:
    assert store(collection).lists.are_in(index_file(collection))
    collection.write(photos(60, 3))
    collection.publish()
    assert store(collection).lists.are_in(index_file(collection))
    assert store(collection).partitions[IMAGES] == 63
    assert collection.verify().problems == []


def test_what_is_fitted_anew_copies_no_lists(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = index_file(collection).stat()
    assert retune(collection) == 2
    assert os.path.samestat(index_file(collection).stat(), before)

    def refuse(*arguments: Any) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    assert retune(collection) == 3
    assert not os.path.samestat(index_file(collection).stat(), before)
    assert collection.verify().problems == []


def test_a_partition_that_has_outgrown_its_lists_is_built_anew(collection: Collection) -> None:
    assert store(collection).layout[IMAGES].trained == 60
    collection.write(photos(60, 61))
    collection.publish()
    assert store(collection).layout[IMAGES].trained == 121
    collection.remove([f"p{number}" for number in range(80)])
    collection.publish()
    assert store(collection).layout[IMAGES].lists == 1
    assert collection.verify().problems == []


def test_a_publishing_that_fails_leaves_nothing(collection: Collection) -> None:
    def refuse(snapshot: Snapshot) -> Tuning:
        (draft,) = collection.path.glob("gen-*.tmp")
        assert (draft / INDEX_FILE).exists()
        raise StorageError("nothing can be fitted")

    collection.write(photos(60, 3))
    with pytest.raises(StorageError, match="nothing can be fitted"):
        collection.folder.publish(refuse)
    assert [folder.name for folder in collection.path.glob("gen-*")] == ["gen-000001"]
    assert collection.publish() == 2
