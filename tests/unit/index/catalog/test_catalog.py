"""The catalog: what is written is what is read, and damage is told, never served."""

from __future__ import annotations

import random
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from specimen import IMAGES, TEXTS, created, file, record, vector

from anysense.embed.errors import (
    CorruptCollectionError,
    ItemNotFoundError,
    StorageError,
    UsageError,
)
from anysense.embed.types import EncodedSegment, Kind, Modality, Origin, Place
from anysense.index.catalog.integrity import catalog_problems
from anysense.index.catalog.records import ItemRecord, QuarantinedFile, make_id
from anysense.index.catalog.schema import CATALOG, to_sql
from anysense.index.catalog.sqlite.connections import log_of
from anysense.index.catalog.sqlite.seals import ACKNOWLEDGED, VERIFIED, acknowledged, seal
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with created(tmp_path / "c") as made:
        yield made
        assert catalog_problems(made.folder.catalog) == []


def ids(collection: Collection) -> set[str]:
    with collection.folder.catalog.transaction() as connection:
        return {row[0] for row in connection.execute("SELECT id FROM items")}


def spoil(path: Path, statement: str, *parameters: Any) -> None:
    """Change a catalog as a flipped bit would: behind the back of its checksums."""
    connection = sqlite3.connect(path / CATALOG)
    connection.execute(statement, parameters)
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


# What is written is what is read


def test_item_comes_back_as_written(collection: Collection) -> None:
    metadata = {"jahr": 2020, "größe": [1.5, None, True], "tief": {"a b": "ü"}}
    collection.write([record("t", segments=3, modality=Modality.TEXT, metadata=metadata)])
    item = collection.folder.snapshot().item("t")
    assert (item.id, item.source, item.kind) == ("t", "memory:t", Kind.TEXT)
    assert item.metadata == metadata
    assert [(s.modality, s.place, s.text, s.origin) for s in item.segments] == [
        (Modality.TEXT, Place.of_characters(i, i + 1), f"t passage {i}", Origin.CONTENT)
        for i in range(3)
    ]
    assert item.aliases == []
    assert item.added_at > 1.6e9


def test_vectors_come_back_rounded_to_half_precision(collection: Collection) -> None:
    collection.write([record("t", segments=3, modality=Modality.TEXT)])
    found = collection.folder.snapshot().item_vectors("t")
    wanted = np.stack([vector("t", 0, i) for i in range(3)]).astype(np.float16)
    assert list(found) == [TEXTS]
    assert found[TEXTS].dtype == np.float32
    np.testing.assert_array_equal(found[TEXTS], wanted.astype(np.float32))


def test_vectors_are_normalised(collection: Collection) -> None:
    long = EncodedSegment("tiny", Modality.IMAGE, vector("x") * np.float32(7))
    collection.write([ItemRecord("x", "x", Kind.IMAGE, {}, [long])])
    (found,) = collection.folder.snapshot().item_vectors("x")[IMAGES]
    np.testing.assert_allclose(found, vector("x"), atol=1e-3)


def test_rows_are_in_the_order_asked_for(collection: Collection) -> None:
    collection.write([record(name, metadata={"n": name}) for name in "abc"])
    rows = collection.folder.snapshot().rows([3, -1, 1, 99, 3])
    assert [row and (row.segment.id, row.item_id, row.metadata["n"]) for row in rows] == [
        (3, "c", "c"),
        None,
        (1, "a", "a"),
        None,
        (3, "c", "c"),
    ]


@pytest.mark.parametrize("name", ["a'b\"; DROP TABLE items", "日本語", "bad\udcff.jpg", "nul\0l"])
def test_any_name_can_be_kept(collection: Collection, name: str) -> None:
    collection.write([record(name, metadata={"name": name}, files=[f"/{name}"])])
    item = collection.folder.snapshot().item(name)
    assert (item.id, item.source, item.metadata) == (name, f"/{name}", {"name": name})
    assert collection.folder.existing([name, "other"]) == {name}
    assert list(collection.folder.files()) == [f"/{name}"]
    assert collection.remove([name]) == 1
    assert collection.folder.files() == {}


def test_ids_of_segments_are_never_used_twice(collection: Collection) -> None:
    seen: set[int] = set()
    for version in range(4):
        collection.write([record("a", version, segments=2, modality=Modality.TEXT)])
        new = {segment.id for segment in collection.folder.snapshot().item("a").segments}
        assert not new & seen
        seen |= new
        if version == 2:
            collection.publish()
            collection.compact()


def test_latest_of_two_records_with_one_id_wins(collection: Collection) -> None:
    collection.write([record("a", 1), record("b", 1), record("a", 2)])
    assert ids(collection) == {"a", "b"}
    assert collection.folder.snapshot().item("a").metadata == {"version": 2}


def test_remove_counts_what_was_there(collection: Collection) -> None:
    collection.write([record("a"), record("b")])
    assert collection.remove(["a", "nobody", "a"]) == 1
    assert collection.remove("b") == 1
    with pytest.raises(ItemNotFoundError, match="No item a in"):
        collection.folder.snapshot().item("a")


def test_write_and_remove_are_one_transaction(collection: Collection) -> None:
    collection.write([record("a")])
    before = collection.folder.snapshot().change
    collection.write([record("b")], remove=["a"])
    assert ids(collection) == {"b"}
    assert collection.folder.snapshot().change == before + 1


def test_describe_replaces_metadata_alone(collection: Collection) -> None:
    collection.write([record("a", metadata={"old": 1})])
    segments = collection.folder.snapshot().item("a").segments
    collection.describe({"a": {"new": 2}, "nobody": {"x": 1}})
    item = collection.folder.snapshot().item("a")
    assert (item.metadata, item.segments) == ({"new": 2}, segments)


def segment(**changes: Any) -> EncodedSegment:
    values = {"space": "tiny", "modality": Modality.IMAGE, "vector": vector("q")}
    return EncodedSegment(**{**values, **changes})


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (ItemRecord("", "s", Kind.IMAGE, {}, [segment()]), "a text that is not empty"),
        (ItemRecord("q", "s", Kind.IMAGE, {}, []), "has no segments"),
        (
            ItemRecord("q", "s", Kind.IMAGE, {}, [segment(space="other")]),
            "vector of the space other, but this collection has tiny",
        ),
        (
            ItemRecord("q", "s", Kind.IMAGE, {}, [segment(vector=np.ones(3, np.float32))]),
            r"shape \(3,\); tiny has \(32,\)",
        ),
        (
            ItemRecord("q", "s", Kind.IMAGE, {}, [segment(vector=np.zeros(32, np.float32))]),
            "zero or not finite",
        ),
        (
            ItemRecord("q", "s", Kind.IMAGE, {}, [segment(vector=vector("q") * np.nan)]),
            "zero or not finite",
        ),
        (
            ItemRecord("q", "s", Kind.IMAGE, {"x": object()}, [segment()]),
            "metadata of q cannot be kept as JSON",
        ),
        (
            ItemRecord("q", "s", Kind.IMAGE, {"x": float("nan")}, [segment()]),
            "metadata of q cannot be kept as JSON",
        ),
        (
            ItemRecord("q", "s", Kind.IMAGE, ["x"], [segment()]),  # type: ignore[arg-type]
            "not a mapping",
        ),
    ],
)
def test_bad_records_are_refused_whole(
    collection: Collection, bad: ItemRecord, message: str
) -> None:
    collection.write([record("a")])
    before = collection.folder.snapshot().change
    with pytest.raises(UsageError, match=message):
        collection.write([record("good"), bad], remove=["a"])
    assert ids(collection) == {"a"}
    assert collection.folder.snapshot().change == before


# Files and aliases


def test_forgetting_an_alias_keeps_the_item(collection: Collection) -> None:
    collection.write([record("a", files=["/1", "/2"])])
    assert collection.folder.snapshot().item("a").aliases == ["/2"]
    assert collection.folder.forget_files(["/2", "/unknown"]) == ([], {})
    assert ids(collection) == {"a"}
    assert collection.folder.snapshot().item("a").source == "/1"


def test_forgetting_the_source_hands_the_item_to_an_alias(collection: Collection) -> None:
    first = make_id("/1")
    collection.write([record(first, files=["/1", "/2", "/3"])])
    segments = collection.folder.snapshot().item(first).segments
    assert collection.folder.forget_files(["/1"]) == ([], {first: make_id("/2")})
    item = collection.folder.snapshot().item(make_id("/2"))
    assert (item.source, item.aliases, item.segments) == ("/2", ["/3"], segments)
    assert ids(collection) == {make_id("/2")}


def test_forgetting_the_last_file_removes_the_item(collection: Collection) -> None:
    collection.write([record("a", files=["/1", "/2"]), record("memory")])
    assert collection.folder.forget_files(["/1", "/2"]) == (["a"], {})
    assert ids(collection) == {"memory"}


def test_an_id_that_was_given_stays_when_the_source_goes(collection: Collection) -> None:
    collection.write([record("a", 1, files=["/1", "/2"])])
    assert collection.folder.forget_files(["/1"]) == ([], {})
    assert collection.folder.snapshot().item("a").source == "/2"
    collection.folder.assign_files([(file("/3", "a/1"), "a")])
    collection.write([record("a", 2, files=["/2"])])  # but not with what it was given to before
    assert collection.folder.snapshot().item("a").metadata == {"version": 2}
    assert collection.folder.snapshot().item(make_id("/3")).metadata == {"version": 1}


def test_files_trade_places_at_once(collection: Collection) -> None:
    a, b, c = (make_id(path) for path in ("/a", "/b", "/c"))
    collection.write([record(a, 1, files=["/a"]), record(b, 2, files=["/b", "/c"])])
    segments = {name: collection.folder.snapshot().item(name).segments for name in (a, b)}
    outcome = collection.folder.assign_files(
        [(file("/b", f"{a}/1"), a), (file("/a", f"{b}/2"), b)], gone=["/c"]
    )
    assert outcome == ([], {a: b, b: a})
    first, second = (collection.folder.snapshot().item(name) for name in (a, b))
    assert (first.source, first.metadata, first.aliases) == ("/a", {"version": 2}, [])
    assert (second.source, second.metadata, second.aliases) == ("/b", {"version": 1}, [])
    assert (first.segments, second.segments) == (segments[b], segments[a])
    assert collection.folder.assign_files([(file("/c", "x"), a)], gone=["/a"]).renamed == {a: c}
    assert collection.verify().problems == []


def test_item_with_a_source_of_its_own_keeps_it(collection: Collection) -> None:
    made = record("a", content_hash="h")
    files = [file("/1", "h"), file("/2", "h")]
    collection.write([ItemRecord("a", "https://x", made.kind, {}, made.segments, "h", files)])
    assert collection.folder.forget_files(["/1"]) == ([], {})
    assert collection.folder.snapshot().item("a").source == "https://x"


def test_changed_file_leaves_the_old_content_to_its_alias(collection: Collection) -> None:
    first = make_id("/1")
    collection.write([record(first, 1, files=["/1", "/2"])])
    collection.write([record(first, 2, files=["/1"])])
    assert ids(collection) == {first, make_id("/2")}
    assert collection.folder.snapshot().item(first).metadata == {"version": 2}
    assert collection.folder.snapshot().item(make_id("/2")).metadata == {"version": 1}
    assert {p: known.item_id for p, known in collection.folder.files().items()} == {
        "/1": first,
        "/2": make_id("/2"),
    }


def test_same_content_written_again_keeps_its_aliases(collection: Collection) -> None:
    collection.write([record("a", files=["/1", "/2"])])
    collection.write([record("a", files=["/1"], metadata={"new": 1})])
    item = collection.folder.snapshot().item("a")
    assert (item.metadata, item.aliases) == ({"new": 1}, ["/2"])


def test_placing_a_file_moves_it(collection: Collection) -> None:
    collection.write([record("a", files=["/1"]), record("b", files=["/2"])])
    outcome = collection.folder.assign_files([(file("/1", "b/0", size=9), "b")])
    assert outcome.removed == ["a"]
    assert ids(collection) == {"b"}
    assert collection.folder.files()["/1"].record.size == 9
    collection.folder.assign_files([(file("/3", "b/0"), "b")])
    assert collection.folder.snapshot().item("b").aliases == ["/1", "/3"]
    with pytest.raises(ItemNotFoundError, match="No item nobody"):
        collection.folder.assign_files([(file("/3", "x"), "nobody")])


def test_file_that_becomes_an_item_of_its_own_leaves_the_other(collection: Collection) -> None:
    collection.write([record("a", 1, files=["/1", "/2"])])
    collection.write([record("b", 2, files=["/2"])])
    assert collection.folder.snapshot().item("a").aliases == []
    assert collection.folder.files()["/2"].item_id == "b"


def test_oldest_item_of_a_content_is_found(collection: Collection) -> None:
    collection.write([record("a", content_hash="h"), record("b", content_hash="h")])
    assert collection.folder.by_hash("h") == "a"
    assert collection.folder.by_hash("other") is None


def test_quarantine_holds_what_could_not_be_read(collection: Collection) -> None:
    first, second = QuarantinedFile("/1", 1, 2, "broken"), QuarantinedFile("/2", 3, 4, "empty")
    collection.folder.quarantine([second, first])
    collection.folder.quarantine([first._replace(reason="still broken")])
    assert collection.folder.quarantined() == [first._replace(reason="still broken"), second]
    assert collection.info()["quarantined"] == 2
    collection.folder.clear_quarantine(["/1", "/unknown"])
    assert collection.folder.quarantined() == [second]
    collection.write([record("a", files=["/2"])])
    assert collection.folder.quarantined() == []


def test_counts_and_sums_stay_true_under_any_changes(tmp_path: Path) -> None:
    """Random changes; `catalog_problems` recounts every kind of row, `verify` the index."""
    rng = random.Random(5)
    with created(tmp_path / "c") as collection:
        for step in range(300):
            name, version = f"i{rng.randrange(30)}", rng.randrange(4)
            before = ids(collection)
            action = rng.choice(["write", "write", "remove", "forget", "place", "publish"])
            if action == "write":
                paths = [f"/{name}"] if rng.random() < 0.7 else None
                collection.write([record(name, version, files=paths)])
                assert collection.folder.snapshot().item(name).metadata == {"version": version}
                holders = {known.item_id for known in collection.folder.files().values()}
                assert all(lost not in holders for lost in before - ids(collection))
            elif action == "remove":
                assert collection.remove([name]) == (name in before)
                assert ids(collection) == before - {name}
            elif action in ("forget", "place") and before:
                target = rng.choice(sorted(before))
                if action == "forget":
                    outcome = collection.folder.forget_files([f"/{name}"])
                else:
                    outcome = collection.folder.assign_files([(file(f"/{name}", "h"), target)])
                kept = before - set(outcome.removed) - set(outcome.renamed)
                assert ids(collection) == kept | set(outcome.renamed.values())
            elif action == "publish" and step % 3 == 0:
                collection.publish()
            if step % 20 == 0:
                assert catalog_problems(collection.folder.catalog) == []
        assert collection.verify().problems == []


# Damage


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE items SET metadata = '{\"version\":8}' WHERE id = 'a3'", "item 'a3' does not"),
        ("UPDATE segments SET modality = 'audio' WHERE segment_pk = 2", "segment 2 does not"),
        ("UPDATE segments SET item_pk = 999 WHERE segment_pk = 2", "segment 2 does not"),
        ("UPDATE vectors SET crc = 7 WHERE segment_pk = 2", "segments|1|image"),
        ("DELETE FROM vectors WHERE segment_pk = 2", "segments|1|image"),
        ("DELETE FROM items WHERE id = 'a3'", "items|image"),
        ("DELETE FROM segments WHERE segment_pk = 2", "segments|1|image"),
        ("DELETE FROM tombstones", "tombstones"),
        ("UPDATE tombstones SET segment_pk = 2", "tombstone 2 does not"),
        ("UPDATE files SET size = 7", "file '/f' does not"),
        ("UPDATE quarantine SET reason = 'x'", "quarantined file '/q' does not"),
        ("UPDATE meta SET value = 'x'", "meta manifest.json does not"),
        ("UPDATE state SET next_segment = 1", "row 1 of state"),
        ("UPDATE totals SET rows = rows + 1 WHERE kind = 'files'", "files"),
        ("DELETE FROM totals WHERE kind = 'files'", "files are not in its totals"),
        ("DROP INDEX segments_by_item", "tables are not those"),
        ("PRAGMA application_id = 5", "not a catalog of anysense"),
    ],
)
def test_every_kind_of_damage_is_found_at_opening(
    tmp_path: Path, statement: str, problem: str
) -> None:
    path = tmp_path / "c"
    with created(path) as collection:
        collection.write([record(f"a{i}") for i in range(5)] + [record("f", files=["/f"])])
        collection.folder.quarantine([QuarantinedFile("/q", 1, 1, "broken")])
        collection.remove(["a4"])
    spoil(path, statement)
    with pytest.raises(CorruptCollectionError) as caught:
        Collection.open(path).close()
    assert problem in str(caught.value)
    assert "restore the collection from a backup" in str(caught.value)


def test_verify_compares_vectors_too(tmp_path: Path) -> None:
    path = tmp_path / "c"
    with created(path) as collection:
        collection.write([record("a"), record("b")])
    spoil(path, "UPDATE vectors SET vector = zeroblob(64) WHERE segment_pk = 2")
    with Collection.open(path) as collection:
        (problem,) = collection.verify().problems
    assert problem == f"{path / CATALOG}: vector 2 does not match its checksum"


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        ("UPDATE items SET source = 'x' WHERE id = 'a'", lambda c: c.folder.snapshot().rows([1])),
        ("UPDATE items SET source = 'x' WHERE id = 'a'", lambda c: c.folder.snapshot().item("a")),
        ("UPDATE items SET source = 'x' WHERE id = 'a'", lambda c: c.folder.by_hash("a/0")),
        ("UPDATE segments SET start = 7", lambda c: c.folder.snapshot().rows([1])),
        ("UPDATE segments SET start = 7", lambda c: c.folder.snapshot().item("a")),
        (
            "UPDATE vectors SET vector = zeroblob(64)",
            lambda c: c.folder.snapshot().item_vectors("a"),
        ),
        ("UPDATE vectors SET vector = zeroblob(64)", lambda c: c.folder.snapshot().newer),
        ("DELETE FROM vectors WHERE segment_pk = 1", lambda c: c.folder.snapshot().newer),
        ("DELETE FROM segments WHERE segment_pk = 1", lambda c: c.folder.snapshot()),
        ("UPDATE vectors SET vector = zeroblob(64)", lambda c: c.compact()),
        ("UPDATE tombstones SET segment_pk = 2", lambda c: c.folder.snapshot()),
        ("UPDATE files SET mtime_ns = 7", lambda c: c.folder.files()),
        ("UPDATE quarantine SET mtime_ns = 7", lambda c: c.folder.quarantined()),
        ("UPDATE spaces SET dimension = 16", lambda c: c.folder.snapshot()),
        ("UPDATE state SET change = 9", lambda c: c.folder.snapshot()),
    ],
)
def test_damaged_rows_are_never_served(
    tmp_path: Path, statement: str, read: Callable[[Collection], object]
) -> None:
    """Not even where the file looks as it did, as after a bit that flipped on the disk."""
    path = tmp_path / "c"
    with created(path) as collection:
        collection.write([record("a", files=["/a"]), record("b"), record("gone")])
        collection.folder.quarantine([QuarantinedFile("/q", 1, 1, "broken")])
        collection.remove(["gone"])
    spoil(path, statement)
    seal(path)
    with pytest.raises(CorruptCollectionError, match="damaged"), Collection.open(path) as opened:
        read(opened)


def test_lost_acknowledged_changes_are_told(tmp_path: Path) -> None:
    path, backup = tmp_path / "c", tmp_path / "old.sqlite"
    with created(path) as collection:
        collection.write([record("a")])
    shutil.copy2(path / CATALOG, backup)
    with Collection.open(path) as collection:
        collection.write([record("b")])
    assert acknowledged(path) == 2
    shutil.copy2(backup, path / CATALOG)
    with pytest.raises(CorruptCollectionError, match=r"change 1 and change 2.*ACKNOWLEDGED"):
        Collection.open(path)
    (path / ACKNOWLEDGED).unlink()
    with Collection.open(path) as collection:
        assert ids(collection) == {"a"}
        collection.write([record("c")])
    assert acknowledged(path) == 2


def test_write_that_was_cut_short_leaves_the_acknowledgement_before(tmp_path: Path) -> None:
    with created(tmp_path / "c") as collection:
        for name in "abc":
            collection.write([record(name)])
    path = tmp_path / "c" / ACKNOWLEDGED
    data = path.read_bytes()
    assert len(data) == 60
    assert acknowledged(tmp_path / "c") == 3
    path.write_bytes(data[:35] + b"?" + data[36:])
    assert acknowledged(tmp_path / "c") == 2


def test_sound_catalog_that_was_copied_is_sealed_again(tmp_path: Path) -> None:
    with created(tmp_path / "c") as collection:
        collection.write([record("a")])
    shutil.copytree(tmp_path / "c", tmp_path / "d", copy_function=shutil.copy)  # other times
    before = (tmp_path / "d" / VERIFIED).read_bytes()
    with Collection.open(tmp_path / "d") as collection:
        collection.write([record("b")])
    assert (tmp_path / "d" / VERIFIED).read_bytes() != before
    with Collection.open(tmp_path / "d") as collection:
        assert ids(collection) == {"a", "b"}


def test_failed_write_leaves_everything_as_it_was(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection.write([record("a")])
    with collection.folder.writing() as writer:
        connection = writer._connection  # to fail a write
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")  # as a full disk: SQLITE_FULL
    with pytest.raises(StorageError, match="the disk refused"):
        collection.write([record(f"b{i}", segments=20) for i in range(100)], remove=["a"])
    connection.execute("PRAGMA max_page_count = 1000000")
    assert ids(collection) == {"a"}
    collection.write([record("c")])
    assert ids(collection) == {"a", "c"}


def test_names_that_are_not_utf8_become_blobs() -> None:
    assert to_sql("plain") == "plain"
    assert to_sql("x\udcff") == b"x\xed\xb3\xbf"


# Where the disk is full


class FullDisk:
    """A connection that comes to the end of the disk when it has half emptied the log."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def execute(self, statement: str) -> sqlite3.Cursor:
        if "wal_checkpoint" not in statement:
            return self.connection.execute(statement)
        self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        raise sqlite3.OperationalError("database or disk is full")


def test_a_log_that_cannot_be_emptied_stays_and_is_written_to(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection.write([record("a")])
    with collection.folder.writing() as writer:
        # Private: no disk can be made full in the midst of emptying the log.
        own = writer._own
        connection = own.get()
        timeout = connection.execute("PRAGMA busy_timeout").fetchone()
        with monkeypatch.context() as patch:
            patch.setattr(own, "get", lambda: FullDisk(connection))
            with pytest.raises(StorageError, match="see that it has space"):
                writer.checkpoint()
        assert connection.execute("PRAGMA busy_timeout").fetchone() == timeout
    assert collection.remove(["a"]) == 1
    collection.write([record("b")])
    assert ids(collection) == {"b"}


def test_the_log_takes_no_more_of_the_disk_than_can_be_emptied(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_of(collection.path / CATALOG)
    usage = shutil.disk_usage(collection.path)
    longest = 0
    for free in (1_000_000, 0):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
        for number in range(100):
            collection.write([record(f"{free}-{number}", segments=3)])
            longest = max(longest, log.stat().st_size)
        assert log.stat().st_size <= free // 2
    assert longest < 600_000
