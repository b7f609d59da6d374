from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tiny_files import inputs_encoded, real, summary

from anysense.embed.errors import RemovalError, UsageError
from anysense.embed.media.digest import digest_text
from anysense.index.building.build import build
from anysense.index.catalog.records import FileRecord, QuarantinedFile

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection


def test_the_same_text_in_two_tables_stays_with_the_first(
    collection: Collection, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    first.write_text('{"text": "the same"}\n')
    second.write_text('{"text": "the same"}\n')
    assert summary(build(collection, [first])) == {"added": 1}
    assert summary(build(collection, [second])) == {"duplicates": 1}
    assert summary(build(collection, [first, second])) == {"unchanged": 2}
    second.unlink()
    first.write_text('{"text": "another"}\n')
    build(collection, [first])
    assert collection.search("x", k=5)[0].text == "another"


def test_a_table_gives_ids_texts_and_metadata(collection: Collection, media: Path) -> None:
    rows = [
        {"path": "red.png", "id": "r", "year": 2020},
        {"text": "a blue note", "id": "t", "lang": "en"},
        {"path": "missing.png"},
    ]
    table = media / "rows.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert summary(build(collection, [table])) == {"added": 2, "quarantined": 1}
    assert collection.folder.snapshot().item("r").metadata == {"year": 2020}
    assert collection.folder.snapshot().item("t").source == f"{real(table)}#t"
    assert [hit.id for hit in collection.search("blue", k=1, modalities=["text"])] == ["t"]
    assert summary(build(collection, [table])) == {"unchanged": 2, "quarantined": 1}
    before = inputs_encoded(collection)
    rows[0]["year"] = 2021
    table.write_text("".join(json.dumps(row) + "\n" for row in rows[:2]))
    assert summary(build(collection, [table])) == {"described": 1, "unchanged": 2}
    assert inputs_encoded(collection) == before
    assert collection.folder.quarantined() == []
    table.write_text(json.dumps(rows[0]) + "\n")
    assert summary(build(collection, [table])) == {"removed": 1, "unchanged": 1}


def test_texts_of_a_table_outlive_builds_of_its_folder(collection: Collection, media: Path) -> None:
    table = media / "rows.jsonl"
    table.write_text('{"text": "red", "id": "odd.csv#1"}\n{"text": "blue"}\n')
    build(collection, [table])
    assert summary(build(collection, [media])) == {"added": 5}
    assert collection.info()["items"] == 7
    assert summary(build(collection, [table])) == {"unchanged": 2}
    table.write_text("")
    with pytest.raises(UsageError, match="--keep-missing"):
        build(collection, [table])
    table.unlink()
    assert summary(build(collection, [media])) == {"removed": 2, "unchanged": 5}


def test_rows_with_ids_of_their_own_are_not_merged(collection: Collection, media: Path) -> None:
    (media / "copy.png").write_bytes((media / "red.png").read_bytes())
    table = media / "rows.csv"
    table.write_text("path,id,title\nred.png,a,one\ncopy.png,b,two\n")
    assert summary(build(collection, [table])) == {"added": 2}
    assert collection.folder.snapshot().item("b").metadata == {"title": "two"}
    assert summary(build(collection, [table])) == {"unchanged": 2}


def test_texts_are_noted_as_they_always_were(collection: Collection, tmp_path: Path) -> None:
    """So that a collection of an earlier version counts as unchanged, and this one there."""
    table = tmp_path / "rows.jsonl"
    table.write_text('{"text": "a réd", "id": "t"}\n{"text": " ", "id": "blank"}\n')
    build(collection, [table])
    path, blank = f"{real(table)}#t", f"{real(table)}#blank"
    content_hash = "15f29cb1d4ffd736f5ea207a0a84f74c35e77684bbf9d2a04b7b4f37397fa488"
    number = int(content_hash[:15], 16)
    assert collection.folder.files()[path].record == FileRecord(path, 6, number, content_hash)
    [failure] = collection.folder.quarantined()
    number = int(digest_text(" ")[:15], 16)
    assert failure == QuarantinedFile(blank, 1, number, failure.reason)


def test_the_content_of_a_text_counts_whatever_is_noted_as_its_time(
    collection: Collection, tmp_path: Path
) -> None:
    table = tmp_path / "rows.jsonl"
    table.write_text('{"text": "red", "id": "t"}\n')
    build(collection, [table])
    [(path, file)] = collection.folder.files().items()
    collection.folder.assign_files([(file.record._replace(mtime_ns=1), "t")])
    assert summary(build(collection, [table])) == {"unchanged": 1}
    assert collection.folder.files()[path].record.mtime_ns == 1  # nothing had to be compared


def write_texts(table: Path, ids: range, more: str = "") -> None:
    rows = "".join(json.dumps({"text": f"n{i}", "id": str(i)}) + "\n" for i in ids)
    table.write_text(rows + more)


def test_rows_that_cannot_be_read_remove_nothing(collection: Collection, tmp_path: Path) -> None:
    table = tmp_path / "rows.jsonl"
    write_texts(table, range(8))
    build(collection, [table])
    write_texts(table, range(3), '{"text": "n3", "i')  # as a crash leaves it
    report = build(collection, [table])
    assert summary(report) == {"unchanged": 3, "quarantined": 1}
    assert report.kept == 5
    assert collection.info()["items"] == 8
    write_texts(table, range(6))
    assert summary(build(collection, [table])) == {"removed": 2, "unchanged": 6}


def test_a_list_that_is_cut_off_removes_nothing_unless_that_is_allowed(
    collection: Collection, tmp_path: Path
) -> None:
    table = tmp_path / "rows.jsonl"
    write_texts(table, range(10))
    build(collection, [table])
    write_texts(table, range(4))
    with pytest.raises(RemovalError, match="4 of its rows left, and 6 of the 10") as refused:
        build(collection, [table])
    assert str(table) in str(refused.value)
    assert collection.info()["items"] == 10
    assert summary(build(collection, [table], keep_missing=True)) == {"unchanged": 4}
    assert summary(build(collection, [table], allow_removal=True)) == {
        "removed": 6,
        "unchanged": 4,
    }
    write_texts(table, range(2))
    assert summary(build(collection, [table])) == {"removed": 2, "unchanged": 2}  # not over half
    write_texts(table, range(1))
    assert summary(build(collection, [table])) == {"removed": 1, "unchanged": 1}  # too few to ask


def test_a_list_of_other_rows_has_not_been_cut_off(collection: Collection, tmp_path: Path) -> None:
    table = tmp_path / "rows.jsonl"
    write_texts(table, range(5))
    build(collection, [table])
    write_texts(table, range(10, 15))
    assert summary(build(collection, [table])) == {"added": 5, "removed": 5}


def test_a_list_may_be_parted(collection: Collection, tmp_path: Path) -> None:
    table, other = tmp_path / "rows.jsonl", tmp_path / "more.jsonl"
    lines = [json.dumps({"text": f"n{at}"}) + "\n" for at in range(6)]
    table.write_text("".join(lines))
    build(collection, [table])
    table.write_text("".join(lines[:1]))
    other.write_text("".join(lines[1:]))
    assert summary(build(collection, [table, other])) == {"moved": 5, "unchanged": 1}


def test_a_list_is_judged_without_others_beside_it(collection: Collection, media: Path) -> None:
    table, other = media / "rows.jsonl", media / "other.csv"
    write_texts(table, range(5))
    other.write_text("path\nred.png\nblue.png\ngreen.png\nlow.wav\nnote.txt\n")
    build(collection, [table, other])
    write_texts(table, range(1))
    with pytest.raises(RemovalError, match="4 of the 5 items"):
        build(collection, [table, other])
    assert summary(build(collection, [other])) == {"unchanged": 5}
