from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from format1 import EXPECTED, assert_as_before, unpack
from specimen import created, record

from anysense import Collection
from anysense.embed.errors import CorruptCollectionError, IncompatibleCollectionError
from anysense.embed.types import Modality
from anysense.index.catalog import migration
from anysense.index.catalog.integrity import catalog_problems
from anysense.index.catalog.rows import FORMAT_2
from anysense.index.catalog.schema import CATALOG, FORMAT, SCHEMA, row_crc
from anysense.index.catalog.sqlite.seals import seal
from anysense.index.catalog.words.tables import NAMES, NOTE, PASSAGES, WordTables, is_of_words
from anysense.index.snapshots.manifest import Manifest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return unpack(tmp_path)


def format_of(path: Path) -> int:
    connection = sqlite3.connect(path / CATALOG)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def digests(path: Path) -> dict[str, str]:
    """What is in each file, but for what readers may write: that the catalog was found sound."""
    files = (file for file in path.rglob("*") if file.is_file())
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if not file.name.endswith(("-shm", "-wal", "VERIFIED"))
    }


def test_format_1_is_read_as_it_is(path: Path) -> None:
    before = digests(path)
    with Collection.open(path) as collection:
        assert_as_before(collection)
        info, expected = collection.info(), EXPECTED["info"]
        same = ("items", "segments", "files", "quarantined", "unpublished", "tombstones")
        assert {name: info[name] for name in same} == {name: expected[name] for name in same}
        assert info["items_by_kind"] == expected["items_by_modality"]
        assert info["format"] == 1
        assert collection.verify().problems == []
        note = collection.folder.snapshot().item("note-1")
        assert note.segments[0].to_dict()["unit"] == "characters"
        assert note.segments[0].to_dict()["origin"] == "content"
        assert len(collection.folder.files()) == 11
    assert digests(path) == before


def test_the_first_change_brings_it_to_the_format_of_today(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Collection.open(path) as collection:
        files = collection.folder.files()
        items = {name: file.item_id for name, file in files.items()}
        collection.write([record("new")])
        assert f"is brought to format {FORMAT}" in caplog.text
        assert_as_before(collection, without={"new"})
        assert collection.folder.files() == files
        assert {name: f.item_id for name, f in collection.folder.files().items()} == items
        assert collection.info()["format"] == FORMAT
        [report] = [name for name in files if name.endswith(".pdf")]
        snapshot = collection.folder.snapshot()
        assert snapshot.item(items[report]).kind == "document"
        assert [hit.id for hit in collection.search("red", where="kind = 'document'")] == [
            items[report]
        ]
        assert catalog_problems(collection.folder.catalog) == []
        assert collection.verify().problems == []
        collection.remove(["new"])
        assert_as_before(collection)
        collection.publish()  # measures what a score means anew
        collection.compact()
        assert collection.verify().problems == []
    assert format_of(path) == Manifest.read(path).format == FORMAT
    with Collection.open(path) as collection:
        assert_as_before(collection, without={"new"})
    connection = sqlite3.connect(path / CATALOG)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    assert sorted(sql for name, sql in rows if not is_of_words(name)) == sorted(SCHEMA)
    connection.close()


def test_readers_go_on_while_it_is_brought_to_the_format_of_today(path: Path) -> None:
    with Collection.open(path) as reader, Collection.open(path) as writer:
        old = reader.folder.snapshot()
        assert_as_before(reader)
        writer.write([record("new")])
        assert old.item("note-1").kind == "text"
        assert_as_before(reader, without={"new"})
        assert reader.info()["items"] == EXPECTED["info"]["items"] + 1


def test_what_cannot_be_done_leaves_format_1(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(migration, "_TOTALS", ("this is no SQL",))  # the last step fails
        with Collection.open(path) as collection:
            with pytest.raises(CorruptCollectionError, match="syntax error"):
                collection.write([record("new")])
            assert_as_before(collection)
    assert format_of(path) == 0
    with Collection.open(path) as collection:
        assert_as_before(collection)
        collection.write([record("new")])
        assert_as_before(collection, without={"new"})


def test_a_newer_catalog_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path / CATALOG)
    connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()
    with pytest.raises(IncompatibleCollectionError, match=f"format {FORMAT + 1}.*up to {FORMAT}"):
        Collection.open(path)


def test_a_writer_that_waited_keeps_what_another_has_published(path: Path) -> None:
    with Collection.open(path) as late:
        with Collection.open(path) as first:
            first.write([record("new")])
            assert first.publish()
            generation = Manifest.read(path).generation
        late.write([record("newer")])
        assert Manifest.read(path).generation == generation
        assert generation is not None
        assert (path / f"gen-{generation.number:06d}").is_dir()
    with Collection.open(path) as collection:
        assert_as_before(collection, without={"new", "newer"})
        assert collection.verify().problems == []


def test_a_migration_takes_time_in_proportion_to_its_rows(path: Path) -> None:
    """Counted in steps of SQLite's machine: each text looks for its files."""

    def steps(texts: int) -> int:
        connection = sqlite3.connect(":memory:")
        connection.create_function("row_crc", -1, lambda *_: 0)
        source = sqlite3.connect(path / CATALOG)
        source.backup(connection)
        source.close()
        rows = [(10_000 + n, f"t{n}", f"/t{n}.txt") for n in range(texts)]
        connection.executemany("INSERT INTO items VALUES (?, ?, ?, 'text', '{}', '', 0, 0)", rows)
        connection.executemany(
            "INSERT INTO files VALUES (?, 0, 0, '', ?, 0)", [(row[2], row[0]) for row in rows]
        )
        taken = 0

        def count() -> int:
            nonlocal taken
            taken += 1
            return 0

        connection.set_progress_handler(count, 100)
        migration.rewrite(connection, 1)
        connection.close()
        return taken

    assert steps(4000) < 5 * steps(1000)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE segments SET text = 'other words' WHERE text IS NOT NULL",
        "UPDATE items SET content_hash = '00' WHERE item_pk = 1",
        "DELETE FROM files WHERE path = (SELECT min(path) FROM files)",
        "DELETE FROM segments WHERE segment_pk = 1",
    ],
)
def test_damage_is_not_taken_for_what_was_written(path: Path, damage: str) -> None:
    """A bit that flips on the disk changes no time, so that opening does not notice it."""
    file = path / CATALOG
    before = file.stat()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute(damage)
    connection.commit()
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    seal(path)
    assert file.stat().st_size == before.st_size
    with Collection.open(path) as collection, pytest.raises(CorruptCollectionError):
        collection.write([record("new")])
    assert format_of(path) == 0
    assert Manifest.read(path).format == 1


# From format 2


def as_format_2(path: Path) -> None:
    """Make the catalog of a collection what it was before passages had headings and words."""
    connection = sqlite3.connect(path / CATALOG)
    for table in (PASSAGES, NAMES):
        connection.execute(f"DROP TABLE {table}")
    connection.execute("DELETE FROM totals WHERE kind IN (?, ?)", (PASSAGES, NAMES))
    connection.execute("DELETE FROM meta WHERE key = ?", (NOTE,))
    old = FORMAT_2.segments.replace("s.", "").replace("crc", "0")
    connection.execute("ALTER TABLE segments RENAME TO new")
    [statement] = [s for s in FORMAT_2.schema if s.startswith("CREATE TABLE segments")]
    connection.execute(statement)
    connection.execute(f"INSERT INTO segments SELECT {old} FROM new")
    connection.execute("DROP TABLE new")
    [index] = [s for s in SCHEMA if s.startswith("CREATE INDEX segments_by_item")]
    connection.execute(index)
    connection.create_function("row_crc", -1, lambda *row: row_crc(*row))
    covered = ", ".join(FORMAT_2.segments.replace("s.", "").split(", ")[:-1])
    connection.execute(f"UPDATE segments SET crc = row_crc({covered})")
    for totals in migration._TOTALS:  # as a writer of format 2 kept them
        connection.execute(totals)
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    replace(Manifest.read(path), format=2).write(path)
    seal(path)


def test_format_2_is_read_as_it_is_until_its_first_change(tmp_path: Path) -> None:
    path = tmp_path / "c"
    with created(path) as collection:
        collection.write([record("a", modality=Modality.TEXT), record("b")])
        collection.publish()
        before = collection.folder.snapshot().item("a").to_dict()
    as_format_2(path)
    with Collection.open(path) as collection:
        assert collection.info()["format"] == 2
        assert collection.verify().problems == []
        assert collection.folder.snapshot().item("a").to_dict() == before
    assert format_of(path) == 2
    with Collection.open(path) as collection:
        collection.write([record("c")])
        assert collection.info()["format"] == FORMAT
        assert collection.folder.snapshot().item("a").to_dict() == before
        assert collection.verify().problems == []
        assert catalog_problems(collection.folder.catalog) == []
    assert format_of(path) == Manifest.read(path).format == FORMAT


@pytest.fixture
def format_2(tmp_path: Path) -> Path:
    """A collection as it was before there were words and headings: a text and a picture."""
    path = tmp_path / "format2"
    with created(path) as collection:
        collection.write([record("note", segments=2, modality=Modality.TEXT), record("picture")])
        collection.publish()
    as_format_2(path)
    return path


def test_format_2_is_searched_by_vectors_and_gets_its_words_with_the_first_change(
    format_2: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Collection.open(format_2) as collection:
        before = digests(format_2)
        assert {hit.id for hit in collection.search("passage")} == {"note", "picture"}
        assert list(collection.search("passage", match="words")) == []
        assert caplog.text.count("were not made yet, so its texts are found by their vectors") == 1
        assert (collection.verify().problems, collection.info()["format"]) == ([], 2)
        assert digests(format_2) == before
        collection.remove(["nothing"])
        assert f"is brought to format {FORMAT}" in caplog.text
        assert [hit.id for hit in collection.search("passage", match="words")] == ["note"]
        assert (collection.verify().problems, collection.info()["format"]) == ([], FORMAT)
    assert format_of(format_2) == Manifest.read(format_2).format == FORMAT


def test_words_that_could_not_be_made_at_first_are_made_later(
    format_2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(WordTables, "make", killed)
        with Collection.open(format_2) as collection, pytest.raises(KeyboardInterrupt):
            collection.remove(["picture"])
    assert format_of(format_2) == FORMAT
    with Collection.open(format_2) as collection:
        assert {hit.id for hit in collection.search("passage")} == {"note", "picture"}
        assert list(collection.search("passage", match="words")) == []
        assert collection.verify().problems == []
        collection.remove(["picture"])
        assert [hit.id for hit in collection.search("passage", match="words")] == ["note"]
        assert collection.verify().problems == []
