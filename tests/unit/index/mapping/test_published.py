"""Maps of collections: drawn when they are published, kept in place, and never in the way."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tiny
from specimen import created, record

from anysense.embed.errors import NoMapError, UsageError
from anysense.embed.types import Modality
from anysense.index.collection import Collection
from anysense.index.mapping import drawing
from anysense.index.mapping.items import SEGMENTS, item_vectors, scattered_keys
from anysense.index.mapping.published import find_maps, read_points
from anysense.index.snapshots.manifest import Manifest
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.index.mapping.collection_map import CollectionMap


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """Thirty items, published."""
    with created(tmp_path / "c") as collection:
        collection.write([record(f"i{i}") for i in range(30)])
        collection.publish()
        yield collection


def places(drawn: CollectionMap) -> dict[str, tuple[float, float]]:
    return {
        i: (x, y) for i, x, y in zip(drawn.ids, drawn.x.tolist(), drawn.y.tolist(), strict=True)
    }


def map_file(collection: Collection) -> Path:
    generation = Manifest.read(collection.path).generation
    assert generation is not None
    return collection.path / generation.folder / "map-0.npy"


def test_every_item_is_on_the_map(collection: Collection) -> None:
    drawn = collection.map()
    assert sorted(drawn.ids) == sorted(f"i{i}" for i in range(30))
    assert len(drawn) == drawn.total == 30
    assert (drawn.space, drawn.spaces, drawn.generation) == ("tiny", ("tiny",), 1)
    assert set(drawn.modalities) == {Modality.IMAGE}
    assert collection.info()["maps"] == [{"space": "tiny", "items": 30}]
    assert drawn.x.min() >= 0
    assert drawn.y.max() <= 1
    few = collection.map(limit=7)
    assert few.ids == drawn.ids[:7]
    with pytest.raises(UsageError, match="at least 1"):
        collection.map(limit=0)


def test_few_items_have_none(tmp_path: Path) -> None:
    with created(tmp_path / "c") as collection:
        with pytest.raises(NoMapError, match="at least 10 items"):
            collection.map()
        collection.write([record(f"i{i}") for i in range(9)])
        collection.publish()
        with pytest.raises(NoMapError, match="at least 10 items"):
            collection.map()
        collection.write([record("i9")])
        collection.publish()
        assert len(collection.map()) == 10
        collection.remove(["i0"])
        collection.publish()
        with pytest.raises(NoMapError):
            collection.map()
        assert collection.verify().ok


def test_what_was_there_stays_in_its_place(collection: Collection) -> None:
    before = places(collection.map())
    collection.write([record(f"j{i}") for i in range(5)])
    collection.remove(["i3"])
    seen = places(collection.map())
    assert seen == {i: place for i, place in before.items() if i != "i3"}
    collection.publish()
    after = places(collection.map())
    assert after.keys() == seen.keys() | {f"j{i}" for i in range(5)}
    assert {i: after[i] for i in seen} == seen
    assert collection.map().total == len(after)


def test_what_has_grown_much_is_laid_out_anew_near_its_places(collection: Collection) -> None:
    before = places(collection.map())
    collection.write([record(f"j{i}") for i in range(30)])
    collection.publish()
    after = places(collection.map())
    assert len(after) == 60
    assert any(after[i] != place for i, place in before.items())
    again = collection.publish()
    collection.compact()  # lays it out anew
    assert collection.map().generation == again + 1
    assert places(collection.map()).keys() == after.keys()


def test_maps_of_the_same_are_the_same(collection: Collection, tmp_path: Path) -> None:
    with created(tmp_path / "other") as other:
        other.write([record(f"i{i}") for i in range(30)])
        other.publish()
        assert places(other.map()) == places(collection.map())


def test_more_than_are_laid_out_are_placed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "LAID_OUT", 20)
    monkeypatch.setattr(drawing, "MOST", 40)
    with created(tmp_path / "c") as collection:
        collection.write([record(f"i{i}") for i in range(60)])
        collection.publish()
        drawn = collection.map()
        assert (len(drawn), drawn.total) == (40, 60)
        assert np.load(map_file(collection))["laid"].sum() == 20
        keys = scattered_keys(collection.snapshot(), "tiny")[:40]
        assert np.load(map_file(collection))["item"].tolist() == keys.tolist()
        for name in drawn.ids[:10]:
            collection.remove([name])
        collection.publish()
        assert not set(collection.map().ids) & set(drawn.ids[:10])
        assert len(collection.map()) == 40


@pytest.mark.parametrize("damage", ["missing", "flipped", "short"])
def test_a_damaged_map_is_no_map_and_nothing_else(collection: Collection, damage: str) -> None:
    path, good = map_file(collection), map_file(collection).read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(good[:-3] if damage == "short" else good[:-1] + bytes([good[-1] ^ 1]))
    with Collection.open(collection.path) as other:
        assert other.search("red", k=3)
        assert not other.snapshot().tombstones.size
        with pytest.raises(NoMapError, match=r"map-0\.npy is (missing|damaged): `anysense compact"):
            other.map()
        (problem,) = other.verify().problems
        assert "map-0.npy" in problem
        assert "anysense compact" in problem
    collection.compact()
    assert len(collection.map()) == 30
    assert collection.verify().ok


def test_an_older_collection_gets_one_when_it_is_published(collection: Collection) -> None:
    _without_maps(collection)
    with Collection.open(collection.path) as older:
        assert older.verify().ok
        with pytest.raises(NoMapError):
            older.map()
        older.write([record("new")])
        older.publish()
        assert len(older.map()) == 31


def _without_maps(collection: Collection) -> None:
    """Leave a collection as an older version publishes it, which carries the section on."""
    from dataclasses import replace

    map_file(collection).unlink()
    collection.close()
    manifest = Manifest.read(collection.path)
    assert manifest.generation is not None
    replace(manifest, generation=replace(manifest.generation, optional={})).write(collection.path)


def test_without_its_library_a_collection_is_published_without_a_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plain = builtins.__import__

    def refusing(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("sklearn"):
            raise ImportError("no scikit-learn here")
        return plain(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refusing)
    with created(tmp_path / "c") as collection:
        collection.write([record(f"i{i}") for i in range(30)])
        assert collection.publish() == 1
        assert "gets no map: no scikit-learn here" in caplog.text
        with pytest.raises(NoMapError):
            collection.map()


def test_each_space_has_its_map(tmp_path: Path) -> None:
    tiny.register()
    with Collection.create(tmp_path / "c", ["tiny:text-image", "tiny:text-audio"]) as collection:
        words = ("red", "green", "blue", "dark", "low", "middle", "high")
        texts = [f"{first} {second}" for first in words for second in words]
        assert not collection.add([NewItem(text) for text in texts]).failed
        collection.publish()
        first, second = collection.map(), collection.map("tiny:text-audio")
        assert first.spaces == ("tiny:text-image", "tiny:text-audio")
        assert (first.space, second.space) == first.spaces
        assert sorted(first.ids) == sorted(second.ids)
        with pytest.raises(NoMapError, match=r"no map of tiny, but of: tiny:text-image, tiny"):
            collection.map("tiny")


def test_maps_of_another_revision_are_none(collection: Collection) -> None:
    from dataclasses import replace

    manifest = Manifest.read(collection.path)
    assert list(find_maps(manifest)) == ["tiny"]
    (entry,) = manifest.encoders
    other = replace(entry, space=replace(entry.space, revision="2"))
    assert not find_maps(replace(manifest, encoders=[other]))
    assert not find_maps(replace(manifest, generation=None))


def test_an_item_lies_where_its_first_segments_do(tmp_path: Path) -> None:
    tiny.register()
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        long = " ".join(["red"] * 20 * SEGMENTS + ["high"] * 20 * 30)
        collection.add([NewItem(long, id="long"), NewItem("red", id="short")])
        snapshot = collection.snapshot()
        keys = scattered_keys(snapshot, "tiny")
        items = item_vectors(snapshot, "tiny", keys)
        assert len(snapshot.item("long").segments) == SEGMENTS + 30
        assert items.keys.tolist() == sorted(keys.tolist())
        assert float(items.vectors[0] @ items.vectors[1]) == pytest.approx(1, abs=2e-3)
        gone = np.array([10_000], np.int64)
        assert not len(item_vectors(snapshot, "tiny", gone).keys)


@pytest.mark.parametrize("left", [0, 3])
@pytest.mark.parametrize("earlier", [False, True])
def test_what_is_removed_while_a_map_is_drawn_is_not_on_it(
    collection: Collection, left: int, earlier: bool
) -> None:
    collection.write([record(f"j{i}") for i in range(5)])
    before = read_points(collection.path, collection.folder.manifest, "tiny") if earlier else None
    collection.publish()
    snapshot = collection.snapshot()
    keys = scattered_keys(snapshot, "tiny")
    collection.remove([f"i{i}" for i in range(30)] + [f"j{i}" for i in range(5)][left:])
    collection.write([record("later")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "scattered_keys", lambda *_: keys)
        drawn = drawing.draw(snapshot, "tiny", before)
    assert drawn is None or set(drawn.points.items.tolist()) <= set(keys.tolist())
    assert drawn is None or np.isfinite(drawn.points.places).all()
    assert (drawn is None) == (not earlier)
