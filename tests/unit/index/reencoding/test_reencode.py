"""A collection that is given other encoders: before, meanwhile, and after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tiny_files import write_media

from anysense.index.building.build import build
from anysense.index.collection import Collection
from anysense.index.snapshots.manifest import FORMAT, Manifest
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.hits.hits import Hits

QUERIES = ("red", "blue", "low", "a dark green", "high tone", "waves")
LONG = " ".join(f"word{i} red" if i % 7 == 0 else f"word{i}" for i in range(60))


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    write_media(folder)
    (folder / "long.txt").write_text(LONG, encoding="utf-8")
    (folder / "notes.md").write_text(
        "# Setup\n\nRed things.\n\n## Linux\n\nBlue and low things, of many words.\n",
        encoding="utf-8",
    )
    return folder


@pytest.fixture
def path(tmp_path: Path, media: Path) -> Path:
    return built(tmp_path / "c", media, "tiny")


def built(path: Path, media: Path, *encoders: str) -> Path:
    with Collection.create(path, encoders) as collection:
        build(collection, [media])
        collection.add([NewItem("A note of its own, with waves that are blue.", id="note")])
        collection.publish()
    return path


def found(collection: Collection, query: str = "red") -> list[tuple[str, float, str]]:
    return [(hit.id, hit.score, hit.space) for hit in collection.search(query, k=20)]


def answers(collection: Collection) -> dict[str, list[tuple[str, str]]]:
    """What a collection finds, without the scores."""
    return {q: [(h.id, h.space) for h in collection.search(q, k=20)] for q in QUERIES}


def assert_same_hits(one: Hits, other: Hits) -> None:
    assert [hit.id for hit in one] == [hit.id for hit in other]
    assert [hit.text for hit in one] == [hit.text for hit in other]
    assert [(h.start, h.end) for h in one] == [(h.start, h.end) for h in other]
    np.testing.assert_allclose([h.score for h in one], [h.score for h in other], atol=2e-3)
    np.testing.assert_allclose([h.raw_score for h in one], [h.raw_score for h in other], atol=2e-3)


def assert_as_fresh(path: Path, fresh: Path) -> None:
    """Assert that a collection answers as one does that was built with its encoders alone."""
    with Collection.open(path) as collection, Collection.open(fresh) as expected:
        assert collection.verify().problems == []
        assert collection.encoder_names == expected.encoder_names
        assert collection.folder.snapshot().partitions == expected.folder.snapshot().partitions
        for query in QUERIES:
            assert_same_hits(collection.search(query, k=20), expected.search(query, k=20))
            for match in ("vector", "words"):
                assert_same_hits(
                    collection.search(query, k=20, match=match),
                    expected.search(query, k=20, match=match),
                )


def test_another_encoder_takes_the_place_of_the_first(
    path: Path, tmp_path: Path, media: Path
) -> None:
    steps: list[tuple[str, int, int]] = []
    with Collection.open(path) as collection:
        report = collection.reencode(
            "tiny:other", drop="tiny", progress=lambda *step: steps.append(step)
        )
        assert (report.encoders, report.dropped) == (["tiny:other"], ["tiny"])
        assert (report.missing, report.uncovered, report.removed) == ([], 0, 0)
        assert report.encoded == collection.info()["items"] == 8
        assert report.kept_texts == 1
        assert collection.info()["encoders"][0]["space"] == "tiny:other"
    assert ("encode", 8, 8) in steps
    assert_as_fresh(path, built(tmp_path / "fresh", media, "tiny:other"))
    manifest = Manifest.read(path)
    assert not manifest.has_hidden
    assert json.loads((path / "manifest.json").read_text())["format"] == FORMAT
