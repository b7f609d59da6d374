from __future__ import annotations

import logging
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow
import pytest
from data_set_files import IMAGE, TEXT, embedded, picture, save_to_disk, table_of, to_hub
from pyarrow import parquet
from tiny_files import COLOURS, inputs_encoded, summary, write_media

from anysense.embed.errors import MediaError, UsageError
from anysense.embed.types import Kind, Origin
from anysense.index.building.build import build
from anysense.index.building.sources.data_sets import shards
from anysense.index.building.sources.data_sets.rows import Shard
from anysense.index.building.sources.reaching import file_at
from anysense.index.building.sources.scan import FileScan
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from anysense.index.catalog.records import Item

    Write = Callable[..., list[Path]]

PICTURES = {name: picture(colour) for name, colour in COLOURS.items()}
LABEL = {"names": ["warm", "cold"], "_type": "ClassLabel"}
FEATURES = {"image": IMAGE, "label": LABEL, "text": TEXT, "id": TEXT}
WRITERS = pytest.mark.parametrize("write", [save_to_disk, to_hub])


def pictures(names: Sequence[str] = tuple(PICTURES), **columns: Any) -> pyarrow.Table:
    """A data set of pictures."""
    files = embedded(*((PICTURES[name], f"{name}.png") for name in names))
    return table_of(FEATURES, image=files, **columns)


def items_of(collection: Collection) -> dict[str, Item]:
    """The items by what is behind the sign of a row in their paths, shards one after the other."""
    snapshot = collection.snapshot()
    return {path: snapshot.item(f.item_id) for path, f in sorted(collection.files().items())}


@WRITERS
def test_rows_are_items_with_captions_and_metadata(
    collection: Collection, tmp_path: Path, write: Write
) -> None:
    said = {"label": [0, 1, -1], "text": ["something warm", None, "blue"], "id": list("abc")}
    write(tmp_path / "d", pictures(**said), [2, 1])
    assert summary(build(collection, [tmp_path / "d"])) == {"added": 3}
    split = "train/" if write is to_hub else ""
    red, green, blue = items_of(collection).values()
    assert [item.id for item in (red, green, blue)] == [f"{split}{name}" for name in "abc"]
    assert red.metadata == {"label": "warm", "path": "red.png"}
    assert (green.metadata["label"], "label" in blue.metadata) == ("cold", False)
    origins = [(s.origin, s.text) for s in red.segments]
    assert origins == [(Origin.CONTENT, None), (Origin.CAPTION, "something warm")]
    [hit] = collection.search("green", k=1, modalities=["image"])
    assert (hit.id, hit.kind) == (green.id, Kind.IMAGE)
    assert hit.source.endswith("#1")


@WRITERS
def test_vectors_are_those_of_the_files(
    collection: Collection, tmp_path: Path, write: Write
) -> None:
    write_media(tmp_path / "media")
    files = [*(tmp_path / "media" / f"{name}.png" for name in COLOURS)]
    column = embedded(*((file.read_bytes(), file.name) for file in files))
    write(tmp_path / "d", table_of(None, image=column))
    build(collection, [tmp_path / "d"])
    with Collection.create(tmp_path / "own", ("tiny",)) as own:
        build(own, files)
        theirs, ours = (vectors_by_hash(each) for each in (collection, own))
    assert theirs.keys() == ours.keys()
    for digest, vector in ours.items():
        np.testing.assert_array_equal(theirs[digest], vector)


def vectors_by_hash(collection: Collection) -> dict[str, Any]:
    snapshot = collection.snapshot()
    by_hash = {}
    for file in collection.files().values():
        [vector] = snapshot.item_vectors(file.item_id).values()
        by_hash[file.record.content_hash] = vector
    return by_hash


@WRITERS
def test_nothing_is_read_of_what_is_as_it_was(
    collection: Collection, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "d", pictures(id=list("abc")), [1, 2])
    build(collection, [tmp_path / "d"])

    def read(*_: Any) -> Any:
        raise AssertionError("a row was read")

    for name in ("open_cell", "described_item"):
        monkeypatch.setattr(Shard, name, read)
    assert summary(build(collection, [tmp_path / "d"])) == {"unchanged": 3}


@WRITERS
@pytest.mark.parametrize("with_ids", [True, False])
def test_rows_in_other_files_keep_their_ids_and_vectors(
    collection: Collection, tmp_path: Path, write: Write, with_ids: bool
) -> None:
    said = {"id": list("abc")} if with_ids else {}
    write(tmp_path / "d", pictures(**said))
    build(collection, [tmp_path / "d"])
    before = sorted(item.id for item in items_of(collection).values())
    encoded = inputs_encoded(collection)
    write(tmp_path / "d", pictures(**said), [1, 1, 1])
    report = build(collection, [tmp_path / "d"])
    assert (report.added, report.updated, report.removed) == (0, 0, 0)
    write(tmp_path / "d", pictures(("blue", "red", "green"), **{k: list("cab") for k in said}))
    report = build(collection, [tmp_path / "d"])
    assert (report.added, report.updated, report.removed) == (0, 0, 0)
    assert sorted(item.id for item in items_of(collection).values()) == before
    assert inputs_encoded(collection) == encoded
    [hit] = collection.search("green", k=1, modalities=["image"])
    assert hit.metadata["path"] == "green.png"


@WRITERS
def test_rows_that_go_are_removed_and_changed_ones_encoded_anew(
    collection: Collection, tmp_path: Path, write: Write
) -> None:
    write(tmp_path / "d", pictures())
    build(collection, [tmp_path / "d"])
    write(tmp_path / "d", pictures(("red", "blue")))
    assert build(collection, [tmp_path / "d"]).removed == 1
    assert collection.info()["items"] == 2
    write(tmp_path / "d", pictures(("red", "green")))
    build(collection, [tmp_path / "d"])
    sources = sorted(item.metadata["path"] for item in items_of(collection).values())
    assert (sources, collection.info()["items"]) == (["green.png", "red.png"], 2)


@WRITERS
def test_metadata_that_changes_is_taken_over(
    collection: Collection, tmp_path: Path, write: Write
) -> None:
    write(tmp_path / "d", pictures(id=list("abc"), label=[0, 0, 0]))
    build(collection, [tmp_path / "d"])
    encoded = inputs_encoded(collection)
    write(tmp_path / "d", pictures(id=list("abc"), label=[0, 1, 0], year=[1, 2, 3]))
    assert build(collection, [tmp_path / "d"]).described == 3
    assert [i.metadata["label"] for i in items_of(collection).values()] == ["warm", "cold", "warm"]
    assert inputs_encoded(collection) == encoded


def test_a_file_that_is_cut_off_is_told_and_nothing_is_removed(
    collection: Collection, tmp_path: Path
) -> None:
    [file] = save_to_disk(tmp_path / "d", pictures(id=list("abc")))
    whole = file.read_bytes()
    build(collection, [tmp_path / "d"])
    second = whole.rindex(PICTURES["blue"])
    for cut in (second + 10, len(whole) - 8):
        file.write_bytes(whole[:cut])
        report = build(collection, [tmp_path / "d"])
        assert report.removed == 0
        assert [p.path for p in report.quarantined] == [str(file)]
        assert any(w in report.quarantined[0].reason for w in ("cut off", "cannot be read"))
        assert collection.info()["items"] == 3
    file.write_bytes(whole[:40])
    with pytest.raises(UsageError, match="cannot be read"):
        build(collection, [tmp_path / "d"])
    file.write_bytes(whole)
    report = build(collection, [tmp_path / "d"])
    assert (report.unchanged, report.quarantined) == (3, [])


def test_parquet_that_is_cut_off_is_told_and_nothing_is_removed(
    collection: Collection, tmp_path: Path
) -> None:
    first, second = to_hub(tmp_path / "d", pictures(id=list("abc")), [2, 1])
    build(collection, [tmp_path / "d"])
    whole = first.read_bytes()
    first.write_bytes(whole[:-20])
    report = build(collection, [tmp_path / "d"])
    assert (report.unchanged, report.removed, report.kept) == (1, 0, 2)
    assert [p.path for p in report.quarantined] == [str(first)]
    second.unlink()
    first.write_bytes(whole)
    assert build(collection, [tmp_path / "d"]).removed == 1


@WRITERS
def test_texts_are_items_where_there_are_no_files(
    collection: Collection, tmp_path: Path, write: Write
) -> None:
    texts = ["a red note", "a green note", "  "]
    write(tmp_path / "d", table_of({"text": TEXT}, text=texts, label=[0, 1, 1]), [2, 1])
    report = build(collection, [tmp_path / "d"])
    assert (report.added, len(report.quarantined)) == (2, 1)
    [hit] = collection.search("green", k=1)
    assert (hit.kind, hit.text, hit.metadata) == (Kind.TEXT, "a green note", {"label": 1})


@WRITERS
def test_each_file_of_a_row_is_an_item(
    collection: Collection, tmp_path: Path, write: Write
) -> None:
    write_media(tmp_path / "media")
    sound = (tmp_path / "media" / "low.wav").read_bytes()
    table = pictures(("red", "blue"), id=["x", "y"], text=["words", None])
    table = table.append_column("audio", embedded((sound, "low.wav"), None))
    write(tmp_path / "d", table)
    assert build(collection, [tmp_path / "d"]).added == 3
    split = "train/" if write is to_hub else ""
    items = {path.rpartition("#")[2]: item for path, item in items_of(collection).items()}
    assert {k: i.id for k, i in items.items()} == {
        "0/image": f"{split}x/image",
        "0/audio": f"{split}x/audio",
        "1/image": f"{split}y/image",
    }
    assert items["0/audio"].kind is Kind.AUDIO
    assert items["0/audio"].segments[-1].text == "words"


def test_splits_tell_ids_apart_and_an_id_that_comes_twice_is_not_used(
    collection: Collection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_to_disk(tmp_path / "d" / "train", pictures(id=[1, 2, 1]))
    save_to_disk(tmp_path / "d" / "test", pictures(("red",), id=[1]))
    (tmp_path / "d" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    with caplog.at_level(logging.WARNING, "anysense"):
        assert build(collection, [tmp_path / "d"]).added == 4
    ids = {item.id for item in items_of(collection).values()}
    assert {"train/1", "train/2", "test/1"} < ids
    assert "1 of its rows have an id that came before" in caplog.text
    assert summary(build(collection, [tmp_path / "d"])) == {"unchanged": 4}


def test_a_row_without_bytes_may_name_a_file_in_its_folder(
    collection: Collection, tmp_path: Path
) -> None:
    (tmp_path / "outside.png").write_bytes(PICTURES["red"])
    outside = str(tmp_path / "outside.png")
    names = ["red.png", "../outside.png", "gone.png", None, outside, "red\0.png"]
    column = embedded(*((None, name) for name in names))
    [file] = save_to_disk(tmp_path / "d", table_of(None, image=column))
    (tmp_path / "d" / "red.png").write_bytes(PICTURES["red"])
    report = build(collection, [tmp_path / "d"], exclude=["*.png"])
    assert report.added == 1
    reasons = {p.path.rpartition("/")[2]: p.reason for p in report.quarantined}
    assert reasons.pop(file.name) == "1 of its 6 rows have nothing in image; the first is row 4"
    is_elsewhere = {name[-2:]: "not in the data set" in why for name, why in reasons.items()}
    assert is_elsewhere == {"#1": True, "#2": False, "#4": True, "#5": True}


def test_a_damaged_row_stops_no_other(collection: Collection, tmp_path: Path) -> None:
    column = embedded((PICTURES["red"], None), (b"not a picture", None))
    to_hub(tmp_path / "d", table_of(None, image=column))
    report = build(collection, [tmp_path / "d"])
    assert (report.added, [p.path[-2:] for p in report.quarantined]) == (1, ["#1"])
    assert build(collection, [tmp_path / "d"]).untried == 1


def test_other_files_are_left_alone(
    collection: Collection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "d"
    [file] = save_to_disk(folder, pictures(("red",)))
    (folder / "cache-1234.arrow").write_bytes(file.read_bytes())
    parquet.write_table(pyarrow.table({"text": ["a list of somebody"]}), folder / "list.parquet")
    parquet.write_table(pyarrow.table({"q": ["?"]}), folder / "train-00000-of-00001.parquet")
    (folder / "broken.parquet").write_bytes(b"PAR1")
    with caplog.at_level(logging.WARNING, "anysense"):
        report = build(collection, [folder])
    assert report.added == 1
    assert report.unread_kinds == {".parquet": 3, ".arrow": 1}
    assert "of its columns, q, none holds files" in caplog.text


def test_a_glob_takes_the_files_that_it_names(collection: Collection, tmp_path: Path) -> None:
    first, _ = to_hub(tmp_path / "d", pictures(id=list("abc")), [2, 1])
    pattern = str(tmp_path / "d" / "data" / "*-00000-*.parquet")
    assert build(collection, [pattern]).added == 2
    assert {path.rpartition("#")[0] for path in collection.files()} == {str(first)}
    to_hub(tmp_path / "d", pictures(("red",), id=["a"]))
    assert build(collection, [pattern]).removed == 1


def test_without_sidecars_there_are_no_captions(collection: Collection, tmp_path: Path) -> None:
    save_to_disk(tmp_path / "d", pictures(("red",), text=["words"]))
    build(collection, [tmp_path / "d"], sidecars=False)
    [item] = items_of(collection).values()
    assert (len(item.segments), item.metadata["text"]) == (1, "words")
    build(collection, [tmp_path / "d"])
    [item] = items_of(collection).values()
    assert (len(item.segments), "text" in item.metadata) == (2, False)


@WRITERS
def test_a_row_is_reached_again_by_its_path(
    collection: Collection, tmp_path: Path, write: Write
) -> None:
    files = write(tmp_path / "d", pictures(id=list("abc")))
    build(collection, [tmp_path / "d"])
    [(path, file), *_] = collection.files().items()
    assert file_at(path, file.record.mtime_ns).read() == PICTURES["red"]
    assert file_at(path).read() == PICTURES["red"]
    assert pickle.loads(pickle.dumps(file_at(path))).read() == PICTURES["red"]  # as Ray sends it
    write(tmp_path / "d", pictures(("blue", "green", "red"), id=list("cba"), more=[1, 2, 3]))
    with pytest.raises(MediaError):
        file_at(path, file.record.mtime_ns).read()
    for each in files:
        each.unlink()
    with pytest.raises(MediaError):
        file_at(path, file.record.mtime_ns)


@WRITERS
def test_rows_are_encoded_again_from_where_they_are(
    collection: Collection, tmp_path: Path, write: Write
) -> None:
    write(tmp_path / "d", pictures(id=list("abc"), text=["one", "two", None]), [2, 1])
    build(collection, [tmp_path / "d"])
    report = collection.reencode("tiny:other", drop="tiny")
    assert (report.encoded, report.missing) == (3, [])
    [hit] = collection.search("green", k=1, modalities=["image"])
    assert hit.metadata["path"] == "green.png"
    assert [len(item.segments) for item in items_of(collection).values()] == [2, 2, 1]


def test_parquet_is_read_in_order_and_little_of_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 40
    column = embedded(*((bytes([at]) * 1000, None) for at in range(rows)))
    [file] = to_hub(tmp_path / "d", table_of(None, image=column))
    monkeypatch.setattr(shards, "KEPT_BYTES", 8000)
    reader = shards.open_rows(str(file))
    reads = 0
    read_batches = shards.read_batches

    def counted(*args: Any) -> Any:
        nonlocal reads
        for batch in read_batches(*args):
            reads += 1
            yield batch

    monkeypatch.setattr(shards, "read_batches", counted)
    [image] = reader.columns.media
    for at in range(rows):  # as a build asks for them: hashed a little ahead of being encoded
        for row in (at, max(0, at - 3)):
            batch, place = reader.row(row)
            assert image.read(batch, place)[0] == bytes([row]) * 1000
    assert reads <= rows // 2 + 1


def test_a_scan_holds_little_of_each_row(tmp_path: Path) -> None:
    import tracemalloc

    rows = 5000
    column = embedded(*((b"x" * 200, "name.png") for _ in range(rows)))
    save_to_disk(tmp_path / "d", table_of(None, image=column, id=list(range(rows))))
    scan = FileScan([tmp_path / "d"])
    tracemalloc.start()
    try:
        [source] = scan.sources
        entries = list(source.find(scan))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(entries) == rows
    assert held / rows < 350
