"""Parts and collections become one collection, as if all had been added to it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import tiny
from part_files import records_in, write_part
from tiny_files import write_media, write_picture

import anysense
from anysense.embed.errors import (
    CorruptMediaError,
    IncompatibleCollectionError,
    UsageError,
)
from anysense.index.building.build import build
from anysense.index.catalog.records import FileRecord, ItemRecord, QuarantinedFile
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A collection of five files and one that cannot be read."""
    write_media(tmp_path / "media")
    (tmp_path / "media" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nbut no more")
    with Collection.create(tmp_path / "built", ("tiny",)) as collection:
        build(collection, [tmp_path / "media"])
    return tmp_path / "built"


@pytest.fixture
def records(built: Path) -> list[ItemRecord]:
    with Collection.open(built) as collection:
        return records_in(collection)


@pytest.fixture
def source(built: Path) -> Iterator[Collection]:
    with Collection.open(built) as collection:
        yield collection


def contents(path: Path) -> dict[str, Any]:
    """What a collection holds, to the bit, but for when and in which order it was written."""
    with Collection.open(path) as collection:
        held = {
            record.id: (
                record.source,
                record.metadata,
                record.content_hash,
                list(record.files),
                [(s.place, s.text, s.origin, s.vector.tobytes()) for s in record.segments],
            )
            for record in records_in(collection)
        }
        return {**held, "unread": [file.path for file in collection.folder.quarantined()]}


def state(path: Path) -> dict[str, Any]:
    with Collection.open(path) as collection:
        return collection.info()


def test_a_merged_collection_is_the_one_that_was_built(built: Path, tmp_path: Path) -> None:
    report = anysense.merge([built], tmp_path / "merged")
    assert (report.added, report.updated, len(report.quarantined)) == (5, 0, 1)
    assert contents(tmp_path / "merged") == contents(built)
    with Collection.open(tmp_path / "merged") as collection:
        assert not collection.needs_publish
        assert collection.search("red", k=1)[0].source.endswith("red.png")
        again = build(collection, [tmp_path / "media"])
        assert (again.unchanged, again.segments, again.has_changes) == (5, 0, False)


def test_merging_twice_changes_nothing(
    built: Path, source: Collection, records: list[ItemRecord], tmp_path: Path
) -> None:
    inputs = [built, write_part(tmp_path / "a.parquet", source, records[:2])]
    first = anysense.merge(inputs, tmp_path / "merged")
    assert (first.added, first.superseded) == (5, 2)
    before = state(tmp_path / "merged")
    second = anysense.merge(inputs, tmp_path / "merged")
    assert (second.added, second.updated, second.unchanged) == (0, 0, 5)
    assert state(tmp_path / "merged") == before


def test_of_inputs_with_the_same_item_or_file_the_last_counts(
    source: Collection, records: list[ItemRecord], tmp_path: Path
) -> None:
    old, other = records[0], records[1]
    new = replace(old, metadata={"is": "new"})
    own_id = replace(other, id="mine")
    first = write_part(tmp_path / "1.parquet", source, [old, other])
    second = write_part(tmp_path / "2.parquet", source, [new, own_id])
    for _ in range(2):
        report = anysense.merge([first, second], tmp_path / "merged")
        assert report.superseded == 2
        held = contents(tmp_path / "merged")
        assert held.keys() == {old.id, "mine", "unread"}
        assert held[old.id][1] == {"is": "new"}
    assert report.unchanged == 2


def test_an_item_is_replaced_by_its_id(built: Path, tmp_path: Path) -> None:
    anysense.merge(built, tmp_path / "merged")
    generation = state(tmp_path / "merged")["generation"]
    write_picture(tmp_path / "media" / "red.png", (200, 20, 200))
    with Collection.open(built) as collection:
        build(collection, [tmp_path / "media"])
    report = anysense.merge(built, tmp_path / "merged")
    assert (report.added, report.updated, report.unchanged) == (0, 1, 4)
    assert contents(tmp_path / "merged") == contents(built)
    assert state(tmp_path / "merged")["generation"] == generation + 1


def test_another_revision_is_refused_before_anything_is_written(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anysense.merge(built, tmp_path / "merged")
    before = contents(tmp_path / "merged")
    other = tiny.TinyEncoder(revision="2")
    monkeypatch.setattr(tiny, "TinyEncoder", lambda *args, **kwargs: other)
    with Collection.create(tmp_path / "other", ("tiny",)) as collection:
        collection.add([tmp_path / "media" / "blue.png"])
    with pytest.raises(
        IncompatibleCollectionError, match=r"tiny of revision 2.*nothing was merged"
    ):
        anysense.merge([built, tmp_path / "other"], tmp_path / "merged")
    assert contents(tmp_path / "merged") == before
    with pytest.raises(IncompatibleCollectionError):
        anysense.merge([built, tmp_path / "other"], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_damaged_part_is_left_out_as_a_whole_and_the_others_are_merged(
    source: Collection, records: list[ItemRecord], tmp_path: Path
) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    first = write_part(parts / "1.parquet", source, records[:2])
    write_part(parts / "2.parquet", source, records[2:])
    data = bytearray(first.read_bytes())
    data[100:110] = bytes(10)
    first.write_bytes(data)
    report = anysense.merge(parts, tmp_path / "merged")
    assert [problem.path for problem in report.damaged] == [str(first)]
    assert report.added == len(records) - 2
    assert contents(tmp_path / "merged").keys() == {r.id for r in records[2:]} | {"unread"}


def test_a_part_that_names_an_id_that_nothing_may_have_is_left_out(
    source: Collection, records: list[ItemRecord], tmp_path: Path
) -> None:
    part = write_part(tmp_path / "1.parquet", source, [replace(records[0], id="batch/delete")])
    report = anysense.merge(part, tmp_path / "merged")
    assert "an id is" in report.damaged[0].reason
    assert report.added == 0


def test_a_file_that_another_input_could_read_is_no_failure(
    source: Collection, records: list[ItemRecord], tmp_path: Path
) -> None:
    [file] = records[0].files
    failure = QuarantinedFile(file.path, file.size, file.mtime_ns, "the disk failed")
    parts = [
        write_part(tmp_path / "1.parquet", source, [failure]),
        write_part(tmp_path / "2.parquet", source, records[:1]),
    ]
    anysense.merge(parts, tmp_path / "merged")
    report = anysense.merge(parts, tmp_path / "merged")
    assert report.quarantined == []
    assert contents(tmp_path / "merged")["unread"] == []


def test_a_copy_of_an_item_is_kept_with_it(
    source: Collection, records: list[ItemRecord], tmp_path: Path
) -> None:
    copy = FileRecord("/elsewhere/copy.png", 1, 2, records[0].content_hash or "")
    item = replace(records[0], files=[*records[0].files, copy])
    anysense.merge(write_part(tmp_path / "1.parquet", source, [item]), tmp_path / "merged")
    with Collection.open(tmp_path / "merged") as collection:
        assert collection.files()["/elsewhere/copy.png"].item_id == item.id


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (["missing.parquet"], "neither a part nor a collection"),
        (["media"], "has no parts"),
        ([], "Name what is to be merged"),
        (["built"], "into itself"),
    ],
)
def test_what_cannot_be_merged_is_said(
    built: Path, tmp_path: Path, inputs: list[str], words: str
) -> None:
    with Collection.open(built) as collection, pytest.raises(UsageError, match=words):
        collection.merge([tmp_path / name for name in inputs])


def test_where_no_part_can_be_read_no_collection_is_made(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(CorruptMediaError, match="cut short"):
        anysense.merge(tmp_path / "a.parquet", tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_a_merge_needs_no_model(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anysense.embed.errors import UnknownEncoderError
    from anysense.index import collection as module

    def load(*args: object, **kwargs: object) -> None:
        raise UnknownEncoderError("no such encoder")

    monkeypatch.setattr(module, "load_encoders", load)
    report = anysense.merge(built, tmp_path / "merged")
    assert (report.added, report.is_calibrated) == (5, False)
    assert state(tmp_path / "merged")["generation"] == 1


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import tiny
tiny.register()
import anysense
left = [int(sys.argv[2])]
def progress(done, total):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
anysense.merge(sys.argv[4:], sys.argv[3], progress=progress)
"""


def test_killed_at_work_it_loses_nothing_and_goes_on(
    source: Collection, records: list[ItemRecord], tmp_path: Path
) -> None:
    from pathlib import Path

    steps = 3
    parts = [
        write_part(tmp_path / f"{n}.parquet", source, [record]) for n, record in enumerate(records)
    ]
    child = [sys.executable, "-c", KILLED, str(Path(tiny.__file__).parent), str(steps)]
    done = subprocess.run([*child, str(tmp_path / "merged"), *map(str, parts)], check=False)
    assert done.returncode == -9
    with Collection.open(tmp_path / "merged") as collection:
        assert len(records_in(collection)) == steps  # the first call comes before anything
        assert collection.verify().problems == []
    report = anysense.merge(parts, tmp_path / "merged")
    assert (report.added, report.unchanged) == (len(records) - steps, steps)
    shutil.rmtree(tmp_path / "built")  # nothing of it is needed any more
    with Collection.open(tmp_path / "merged") as collection:
        assert collection.verify().problems == []
        assert not collection.needs_publish
