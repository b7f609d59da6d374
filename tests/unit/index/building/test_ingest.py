from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from tiny_files import real

from anysense.embed.errors import MediaError, UsageError
from anysense.embed.types import Modality, Waveform
from anysense.index.building.ingest import encode_one, ingest
from anysense.index.building.pending import make_pending
from anysense.index.catalog.records import make_id
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from anysense.index.collection import Collection


def test_ingest_reports_each_item_in_its_place(collection: Collection, media: Path) -> None:
    report = ingest(
        collection,
        [
            NewItem(media / "red.png"),
            NewItem("some text", id="t", metadata={"a": 1}),
            NewItem(media / "missing.png"),
            NewItem("  "),
            NewItem((media / "blue.png").read_bytes(), id="bytes"),
            NewItem(media / "green.png", id="line\nbreak"),
        ],
    )
    red = make_id(real(media / "red.png"))
    assert report.ids == [red, "t", None, None, "bytes", None]
    assert (report.added, report.updated, report.duplicates) == (3, 0, 0)
    assert [failure.index for failure in report.failed] == [2, 3, 5]
    assert collection.folder.snapshot().item("t").metadata == {"a": 1}


def test_ingest_reads_texts_in_a_named_encoding(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("Š".encode("cp1250"))
    Image.new("RGB", (8, 8), "red").save(tmp_path / "b.png")
    (tmp_path / "b.txt").write_bytes("Ž".encode("cp1250"))
    files = [NewItem(tmp_path / "a.txt"), NewItem(tmp_path / "b.png")]
    report = ingest(collection, files, encoding="cp1250")
    assert report.added == 2
    texts = [collection.folder.snapshot().item(i).segments for i in report.ids if i is not None]
    assert [segments[-1].text for segments in texts] == ["Š", "Ž"]


def test_ingest_refuses_what_is_no_encoding(collection: Collection) -> None:
    with pytest.raises(UsageError, match="'klingon' is no encoding"):
        ingest(collection, [], encoding="klingon")


def test_ingest_replaces_by_id_and_aliases_by_content(collection: Collection, media: Path) -> None:
    first = ingest(collection, [NewItem("red", id="t"), NewItem(media / "red.png")])
    (media / "copy.png").write_bytes((media / "red.png").read_bytes())
    second = ingest(collection, [NewItem("blue", id="t"), NewItem(media / "copy.png")])
    assert (second.added, second.updated, second.duplicates) == (0, 1, 1)
    assert second.ids == first.ids
    assert collection.info()["items"] == 2
    assert collection.search("x", k=1, modalities=["text"])[0].text == "blue"


def test_copies_in_one_call_share_an_item_or_its_failure(
    collection: Collection, media: Path
) -> None:
    for name in ("red", "bad"):
        data = (media / "red.png").read_bytes() if name == "red" else b"no picture"
        for i in range(2):
            (media / f"{name}{i}.png").write_bytes(data)
    paths = [media / name for name in ("red.png", "red0.png", "bad0.png", "bad1.png", "red1.png")]
    report = ingest(collection, [NewItem(path) for path in paths])
    red = make_id(real(media / "red.png"))
    assert report.ids == [red, red, None, None, red]
    assert (report.added, report.duplicates, len(report.failed)) == (1, 2, 2)
    assert len(collection.folder.snapshot().item(red).aliases) == 2


def test_a_copy_adds_its_metadata(collection: Collection, media: Path) -> None:
    (media / "copy.png").write_bytes((media / "red.png").read_bytes())
    ingest(collection, [NewItem(media / "red.png", metadata={"a": 1, "b": 1})])
    ingest(collection, [NewItem(media / "copy.png", metadata={"b": 2})])
    item = collection.folder.snapshot().item(make_id(real(media / "red.png")))
    assert item.metadata == {"a": 1, "b": 2}


def test_what_is_added_again_keeps_what_was_said_of_it(collection: Collection, media: Path) -> None:
    items = [NewItem(media / "red.png"), NewItem("some text"), NewItem("red", source="a name")]
    ids = [i for i in ingest(collection, items).ids if i is not None]
    folder = collection.folder
    folder.describe({item_id: {"tag": "x", "n": 1, "complete": False} for item_id in ids})
    before = [folder.snapshot().item(item_id) for item_id in ids]
    said = {"n": 2, "complete": True}
    again = ingest(collection, [replace(item, metadata=said) for item in items])
    assert (again.ids, again.duplicates, again.updated) == (ids, 3, 0)
    after = [folder.snapshot().item(item_id) for item_id in ids]
    assert [item.segments for item in after] == [item.segments for item in before]
    assert [item.metadata for item in after] == [{"tag": "x", "n": 2, "complete": False}] * 3


def test_a_file_that_is_added_again_is_noted_as_it_is_now(
    collection: Collection, media: Path
) -> None:
    path = media / "red.png"
    ingest(collection, [NewItem(path)])
    os.utime(path, ns=(1, 1))
    assert ingest(collection, [NewItem(path)]).duplicates == 1
    assert collection.folder.files()[real(path)].record.mtime_ns == 1
    path.write_bytes((media / "blue.png").read_bytes())
    changed = ingest(collection, [NewItem(path)])
    assert (changed.updated, changed.duplicates) == (1, 0)


def test_a_file_that_is_added_again_joins_the_item_that_has_it(
    collection: Collection, media: Path
) -> None:
    data = (media / "red.png").read_bytes()
    ingest(collection, [NewItem(data, id="older"), NewItem(media / "red.png", id="given")])
    again = ingest(collection, [NewItem(media / "red.png", metadata={"n": 1})])
    assert (again.ids, again.duplicates) == (["given"], 1)
    assert collection.folder.snapshot().item("given").metadata == {"n": 1}


def test_an_id_that_was_made_for_a_text_may_be_given_to_another(collection: Collection) -> None:
    [made_id] = ingest(collection, [NewItem("red")]).ids
    ingest(collection, [NewItem("blue", id=made_id, metadata={"n": 1})])
    report = ingest(collection, [NewItem("red")])
    assert (report.ids, report.updated, report.duplicates) == ([made_id], 1, 0)


def test_copies_in_one_call_are_described_together(collection: Collection, media: Path) -> None:
    (media / "copy.png").write_bytes((media / "red.png").read_bytes())
    contents = [media / "red.png", media / "copy.png", "some text", "some text"]
    items = [NewItem(content, metadata={f"n{i % 2}": i}) for i, content in enumerate(contents)]
    report = ingest(collection, items)
    assert (report.added, report.duplicates) == (2, 2)
    picture, text = (collection.folder.snapshot().item(str(report.ids[i])) for i in (0, 2))
    assert (picture.metadata, text.metadata) == ({"n0": 0, "n1": 1}, {"n0": 2, "n1": 3})


def test_everything_that_may_be_an_item_can_be_added(collection: Collection) -> None:
    sound = Waveform(np.sin(np.arange(8000, dtype=np.float32) / 8000 * 200 * 2 * np.pi), 8000)
    items = [
        NewItem(sound),
        NewItem(Image.new("RGB", (8, 8), "red")),
        NewItem("red", source="a name"),
        NewItem(3),  # type: ignore[arg-type]
    ]
    report = ingest(collection, items)
    assert report.added == 3
    assert [failure.index for failure in report.failed] == [3]
    assert "int" in report.failed[0].reason
    again = ingest(collection, items[:3])
    assert (again.ids, again.duplicates, again.updated) == (report.ids[:3], 3, 0)
    [hit] = collection.search("low", k=1, modalities=["audio"])
    assert hit.id == report.ids[0]


def test_what_is_no_file_cannot_be_added(collection: Collection, media: Path) -> None:
    (media / "folder.png").mkdir()
    report = ingest(collection, [NewItem(media / "folder.png"), NewItem(Path("a\0b"))])
    assert report.ids == [None, None]
    assert len(report.failed) == 2


def test_texts_without_ids_are_known_by_their_content(collection: Collection) -> None:
    first = ingest(collection, [NewItem("the same"), NewItem("another")])
    again = ingest(collection, [NewItem("the same")])
    assert again.ids[0] == first.ids[0] != first.ids[1]
    assert collection.info()["items"] == 2


def test_a_text_that_cannot_be_read_fails_alone_where_a_file_holds_the_same(
    collection: Collection, media: Path
) -> None:
    for name in ("blank.txt", "blank too.txt"):
        (media / name).write_text("  ")
    items = [NewItem(media / "blank.txt"), NewItem("  "), NewItem(media / "blank too.txt")]
    report = ingest(collection, items)
    assert [failure.index for failure in report.failed] == [0, 1, 2]
    assert report.ids == [None, None, None]


def written(collection: Collection, item: NewItem, **options: str) -> str:
    """The id of an item that was encoded by itself and written."""
    record = encode_one(collection, item, **options)
    collection.folder.write([record])
    return record.id


def test_one_item_is_written_when_its_id_is_returned(collection: Collection, media: Path) -> None:
    item_id = written(collection, NewItem(media / "red.png", metadata={"a": 1}))
    assert item_id == make_id(real(media / "red.png"))
    assert collection.folder.snapshot().item(item_id).metadata == {"a": 1}
    assert written(collection, NewItem("blue", id="t")) == "t"
    assert written(collection, NewItem("green", id="t")) == "t"
    assert collection.info()["items"] == 2


def test_one_item_whose_hash_is_known_is_not_hashed(collection: Collection, media: Path) -> None:
    written(collection, NewItem(media / "red.png", id="r"), content_hash="0" * 64)
    assert collection.folder.by_hash("0" * 64) == "r"
    [file] = collection.folder.files().values()
    assert file.record.content_hash == "0" * 64


@pytest.mark.parametrize("given_hash", [None, "0" * 64])
def test_one_item_that_cannot_be_used_raises_why(
    collection: Collection, media: Path, given_hash: str | None
) -> None:
    (media / "bad.png").write_bytes(b"no picture")
    with pytest.raises(MediaError, match=r"bad\.png"):
        encode_one(collection, NewItem(media / "bad.png"), content_hash=given_hash)
    with pytest.raises(MediaError, match=r"missing\.png: no such file"):
        encode_one(collection, NewItem(media / "missing.png"), content_hash=given_hash)
    with pytest.raises(MediaError, match=r"^<text>"):
        encode_one(collection, NewItem("  "), content_hash=given_hash)
    with pytest.raises(UsageError, match="An id is"):
        encode_one(collection, NewItem("red", id=" "), content_hash=given_hash)
    assert collection.info()["items"] == 0


def test_captions_that_are_given_are_segments(collection: Collection, media: Path) -> None:
    data = (media / "red.png").read_bytes()
    items = [NewItem(data, captions=["low"]), NewItem(data, captions=["high"]), NewItem(data)]
    report = collection.add(items)
    assert len(set(report.ids)) == 3
    assert collection.search("high", k=1)[0].id == report.ids[1]
    assert collection.search("high", k=1)[0].text == "high"
    path = media / "red.png"
    described = collection.add([NewItem(path, captions=["middle"])])
    assert described.duplicates == 0
    assert collection.search("middle", k=1)[0].source == str(path.resolve())
    assert collection.add([NewItem(data, "x", captions=["dark"])], sidecars=False).ids == ["x"]
    assert len(collection.folder.snapshot().item("x").segments) == 1


def test_an_item_in_place_of_another_leaves_nothing_of_it(
    collection: Collection, media: Path
) -> None:
    for content in (media / "red.png", media / "green.png", "blue"):
        collection.add([NewItem(content, id="x")])
        assert [hit.id for hit in collection.search("red")] == ["x"]
    assert collection.folder.files() == {}


def test_a_path_that_is_added_as_a_text_is_told(
    collection: Collection, media: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = str(media / "red.png")
    assert collection.add([NewItem(path, id="x")]).added == 1
    assert f"{path} is a file, and its name is added as a text: give" in caplog.text
    caplog.clear()
    collection.add([NewItem(path, id="x", modality=Modality.TEXT), NewItem("gone.png", id="y")])
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (None, "An item cannot be a NoneType"),
        (5, "An item cannot be a int"),
        (NewItem("red", id=5), "An id is"),  # type: ignore[arg-type]
        (NewItem("red", captions="abc"), "captions of an item are a list"),
    ],
)
def test_what_is_no_item_does_not_stop_the_others(
    collection: Collection, item: Any, reason: str
) -> None:
    report = collection.add([NewItem("green", id="g"), item])
    assert report.ids == ["g", None]
    assert reason in report.failed[0].reason


def test_messages_do_not_write_out_what_is_added() -> None:
    pending = make_pending(0, NewItem("some text", id="t"))
    assert str(pending) == pending.source == "text:t"
