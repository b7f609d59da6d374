"""Builds of tars: WebDatasets, and what img2dataset writes."""

from __future__ import annotations

import json
import logging
import os
import tarfile
import tracemalloc
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from parquet_files import write_parquet
from tar_files import add_member, write_folder_tar, write_tar
from tiny_files import COLOURS, inputs_encoded, picture_bytes, real, summary
from video_files import Scene, colour, film

from anysense.embed.errors import MediaError, MediaGoneError, UsageError
from anysense.embed.limits import Limits
from anysense.embed.types import Kind, Modality, Origin
from anysense.index.building.build import build
from anysense.index.building.report import unread_text
from anysense.index.building.sources.paths import member_path
from anysense.index.building.sources.reaching import file_at
from anysense.index.building.sources.scan import FileScan
from anysense.index.building.sources.tars.groups import Words
from anysense.index.building.sources.tars.packed import PackedWords
from anysense.index.building.sources.tars.source import tar_entries
from anysense.index.catalog.records import Item, make_id
from anysense.index.collection import Collection
from anysense.index.showing.reader import CollectionReader

if TYPE_CHECKING:
    from pathlib import Path

CAPTIONS = dict(zip(COLOURS, ("low", "middle", "high"), strict=True))


def shard(colour: str, **more: bytes | str) -> dict[str, bytes | str]:
    """What img2dataset writes of a picture."""
    row = {"caption": CAPTIONS[colour], "url": f"http://{colour}", "status": "success"}
    row |= {"width": 24, "error_message": None, "exif": "{}"}
    parts: dict[str, bytes | str] = {"jpg": picture_bytes(colour), "txt": CAPTIONS[colour]}
    return {
        f"{colour}.{end}": part for end, part in {**parts, "json": json.dumps(row), **more}.items()
    }


def write_shards(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    write_tar(folder / "00000.tar", {**shard("red"), **shard("green")})
    write_tar(folder / "00001.tar", {**shard("blue", cls="7"), "notes.npy": b"1"})
    return folder


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    return write_shards(tmp_path / "shards")


def item_of(collection: Collection, tar: Path, name: str) -> Item:
    return collection.folder.snapshot().item(make_id(member_path(real(tar), name)))


def test_members_are_items_with_what_their_groups_say(collection: Collection, shards: Path) -> None:
    write_parquet(shards / "00000.parquet", url=["http://red"], key=["red"], status=["success"])
    report = build(collection, [shards])
    assert summary(report) == {"added": 3}
    assert report.unread_kinds == {".npy": 1, ".parquet": 1}
    item = item_of(collection, shards / "00001.tar", "blue.jpg")
    assert item.source == f"{real(shards)}/00001.tar!/blue.jpg"
    assert item.metadata == {
        "cls": 7,
        "url": "http://blue",
        "status": "success",
        "width": 24,
        "exif": "{}",
    }
    words = [s.text for s in item.segments if s.origin is Origin.CAPTION]
    assert words == ["high"]  # once, though two members say it
    assert collection.search("middle", k=1, modalities=["text"])[0].source.endswith("green.jpg")
    assert collection.search("red", k=1, where="width = 24")[0].source.endswith("red.jpg")


def test_captions_in_a_tar_are_in_the_encoding_that_is_given(
    collection: Collection, tmp_path: Path
) -> None:
    said = "красная дверь"
    members = {"a.png": picture_bytes("red"), "a.txt": said.encode("koi8-r")}
    tar = write_tar(tmp_path / "a.tar", members)
    build(collection, [tar], encoding="koi8-r")
    assert said in [segment.text for segment in item_of(collection, tar, "a.png").segments]


@pytest.mark.parametrize("source", ["", "*.tar", "0000*.tar", "{00000..00001}.tar"])
def test_shards_are_named_as_people_name_them(
    collection: Collection, shards: Path, source: str
) -> None:
    assert summary(build(collection, [shards / source])) == {"added": 3}
    assert summary(build(collection, [f"{shards / source}"])) == {"unchanged": 3}


def test_a_range_of_shards_leaves_out_the_others(collection: Collection, shards: Path) -> None:
    assert summary(build(collection, [shards / "{00000..00000}.tar"])) == {"added": 2}
    assert summary(build(collection, [shards / "0000{1,2}.tar"])) == {"added": 1}
    with pytest.raises(UsageError, match="is no range"):
        FileScan([shards / "{3..1}.tar"])


def test_a_rerun_reads_no_member_and_no_model(
    collection: Collection, shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(collection, [shards])
    monkeypatch.setattr(
        "anysense.index.building.sources.tars.source.TarMember.open", lambda _: pytest.fail("read")
    )
    monkeypatch.setattr(
        "anysense.index.building.sources.tars.source.read_words", lambda *_: pytest.fail("read")
    )
    with Collection.open(collection.path) as other:
        assert summary(build(other, [shards])) == {"unchanged": 3}
        assert other.loaded_encoders == []


def test_only_what_has_changed_in_a_tar_is_encoded_again(
    collection: Collection, shards: Path
) -> None:
    build(collection, [shards])
    encoded = inputs_encoded(collection)
    members = {**shard("green", txt="dark"), **shard("red", json='{"caption": "low", "year": 3}')}
    write_tar(shards / "00000.tar", members)
    assert summary(build(collection, [shards])) == {"updated": 1, "described": 1, "unchanged": 2}
    assert inputs_encoded(collection) == encoded + 3  # a picture and its two captions
    assert item_of(collection, shards / "00000.tar", "red.jpg").metadata == {"year": 3}
    write_tar(shards / "00000.tar", shard("red", json='{"caption": "low", "year": 3}'))
    assert summary(build(collection, [shards])) == {"removed": 1, "unchanged": 2}
    (shards / "00000.tar").unlink()
    assert summary(build(collection, [shards])) == {"removed": 1, "unchanged": 1}
    (shards / "00001.tar").unlink()
    with pytest.raises(UsageError, match="is empty now, and 1 file of the collection comes"):
        build(collection, [shards])


def test_a_tar_that_is_empty_by_mistake_removes_nothing(
    collection: Collection, shards: Path
) -> None:
    tar = shards / "00000.tar"
    build(collection, [tar])
    write_tar(tar, {})
    with pytest.raises(UsageError, match=r"00000\.tar is empty now, and 2 files .*00000\.tar!/"):
        build(collection, [tar])
    assert len(collection.folder.files()) == 2


def test_of_a_tar_that_is_cut_off_the_rest_is_kept(collection: Collection, shards: Path) -> None:
    tar = shards / "00000.tar"
    build(collection, [tar])
    data = tar.read_bytes()
    tar.write_bytes(data[: data.index(b"green.txt") + 100])
    report = build(collection, [tar])
    assert summary(report) == {"unchanged": 1, "quarantined": 1}
    assert report.kept == 1
    [problem] = report.quarantined
    assert problem.path == real(tar)
    assert problem.reason.startswith("is cut off: it ends at byte")
    assert "3 files, is used" in problem.reason
    assert item_of(collection, tar, "green.jpg").metadata["width"] == 24
    tar.write_bytes(b"")
    with pytest.raises(UsageError, match=r"Nothing in .*00000\.tar can be read: .*cut off\."):
        build(collection, [tar])
    assert build(collection, [shards]).kept == 2
    cut = shards / "cut.tar"
    cut.write_bytes(data[: data.index(b"green.jpg") + 600])  # the group before it is whole
    assert build(collection, [cut]).duplicates == 1


def test_bad_tars_are_told_and_stop_nothing(collection: Collection, shards: Path) -> None:
    (shards / "text.tar").write_text("no tar " * 200)
    write_tar(shards / "broken.tar", {"a.jpg": b"no picture", "b.jpg": picture_bytes("red", 30)})
    report = build(collection, [shards])
    assert (report.added, len(report.quarantined)) == (4, 2)
    assert {os.path.basename(p.path): p.reason for p in report.quarantined} == {  # noqa: PTH119
        "text.tar": "is no tar",
        "a.jpg": "is named like a .jpg file, but holds text",
    }
    with pytest.raises(UsageError, match=r"text\.tar is no tar\."):
        build(collection, [shards / "text.tar"])
    (shards / "a.tar.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(UsageError, match="is a compressed tar"):
        build(collection, [shards / "a.tar.gz"])


@pytest.mark.parametrize(
    ("module", "unpacker"), [("gzip", "gunzip"), ("bz2", "bunzip2"), ("lzma", "unxz")]
)
def test_a_compressed_tar_is_told_with_what_to_do(
    collection: Collection, shards: Path, module: str, unpacker: str
) -> None:
    data: bytes = import_module(module).compress((shards / "00000.tar").read_bytes())
    (shards / "00000.tar").write_bytes(data)
    for name in ("a.tar.gz", "b.TGZ", "c.gz"):
        (shards / name).write_bytes(data)
    report = build(collection, [shards])
    [problem] = report.quarantined
    assert (report.added, problem.path) == (1, real(shards / "00000.tar"))
    assert problem.reason.startswith("is compressed with ")
    assert f"only if it is plain: unpack it, as with `{unpacker} < " in problem.reason
    assert report.unread_kinds == {".tar.gz": 1, ".tgz": 1, ".gz": 1, ".npy": 1}
    told = unread_text(report.unread_kinds)
    assert "; 2 of them are compressed tars, and a tar is read in place only if it is plain" in told
    assert "1 of them is a compressed tar" in unread_text({".tar.zst": 1})
    with pytest.raises(UsageError, match=r"00000\.tar is compressed with "):
        build(collection, [shards / "00000.tar"])


def test_a_transport_stream_in_a_tar_is_told_from_a_program(
    collection: Collection, tmp_path: Path
) -> None:
    members = {
        "app.ts": "export const answer: number = 42;\n" * 50,
        "film.ts": film([Scene(colour("red"))], "mpegts"),
        "film.txt": "a low door",
        "empty.mts": "",
        "late.ts": "G" + "x" * 10,
    }
    tar = write_tar(tmp_path / "a.tar", members)
    report = build(collection, [tar])
    assert (summary(report), report.unread_kinds) == ({"added": 1}, {".ts": 2, ".mts": 1})
    [hit] = collection.search("a low door", k=1)
    assert (hit.source, hit.kind) == (f"{real(tar)}!/film.ts", Kind.VIDEO)
    assert summary(build(collection, [tar])) == {"unchanged": 1}


def test_what_is_said_in_many_tars_is_held_in_little_memory(tmp_path: Path) -> None:
    count = 4_000
    said = {f"{n:06}.{end}": "x" for n in range(count) for end in ("jpg", "txt", "json")}
    for name in ("a.tar", "b.tar"):
        write_tar(tmp_path / name, said, form=tarfile.USTAR_FORMAT)
    FileScan([tmp_path / "a.tar"]).run()  # whatever is made once
    tracemalloc.start()
    try:
        scan = FileScan([tmp_path]).run()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(scan.entries) == 2 * count
    assert held / (2 * count) < 300  # bytes for an item, its caption and its metadata


def test_packed_words_are_those_that_were_packed() -> None:
    words = {
        "b": (Words("txt", 1, 2), Words("json", 3, 4)),
        "a/\u00e9": (Words("seg.txt", 5, 6),),
        "a": (Words("cls", 1 << 43, 8),),
        "": (Words("json", 0, 0),),
    }
    packed = PackedWords(words)
    assert {key: packed.of(key) for key in words} == words
    assert [packed.of(key) for key in ("c", "a/", "A", "\uffff")] == [()] * 4
    assert PackedWords({}).of("a") == ()


def test_what_is_wrong_with_what_is_said_is_told_once(
    collection: Collection, tmp_path: Path, media: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken: dict[str, bytes | str] = {
        "a.png": picture_bytes("red"),
        "a.json": "{",
        "a.cls": "x",
        "a.txt": b"\xff\xfe\x00",
    }
    tar = write_tar(tmp_path / "a.tar", broken)
    (media / "red.json").write_text("{")
    with caplog.at_level(logging.WARNING, "anysense"):
        build(collection, [tar, media])
    told = [record.getMessage() for record in caplog.records]
    assert sorted(told) == sorted(set(told))
    assert len(told) == 4
    caplog.clear()
    with caplog.at_level(logging.WARNING, "anysense"):
        build(collection, [tar, media], reread=True)  # another build tells it again
    assert len(caplog.records) == 4


def test_what_was_not_downloaded_is_left_out_and_told(
    collection: Collection, shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = shard("red", json=json.dumps({"status": "failed_to_resize", "caption": "low"}))
    tar = write_tar(shards / "00002.tar", {**failed, **shard("green", json='{"status": "draft"}')})
    report = build(collection, [tar])
    assert report.added == 1
    [problem] = report.quarantined
    assert problem.reason == "is left out: its data set gives it the status failed_to_resize"
    monkeypatch.setattr("anysense.index.building.sources.tars.source.read_words", None)
    again = build(collection, [tar])  # without being read
    assert (again.unchanged, again.quarantined) == (1, [problem])
    assert len(collection.folder.quarantined()) == 1


def test_names_are_never_paths(collection: Collection, tmp_path: Path) -> None:
    tar = tmp_path / "a.tar"
    with tarfile.open(tar, "w") as file:
        add_member(file, "../../etc/a.png", picture_bytes("red"))
        add_member(file, "/etc/b.png", picture_bytes("green"))
        add_member(file, "c.png", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        add_member(file, "d.png", b"1", pax_headers={"GNU.sparse.major": "1"})
        add_member(file, ".hidden.png", picture_bytes("blue"))
        add_member(file, "e.fifo", type=tarfile.FIFOTYPE)
    before = sorted(tmp_path.rglob("*"))
    report = build(collection, [tar])
    assert (report.added, report.outside_links) == (2, 1)
    assert [p.reason for p in report.quarantined] == [
        "is a sparse file, which is not read out of a tar"
    ]
    assert report.unread_kinds == {".fifo": 1}
    sources = {collection.search(colour, k=1)[0].source for colour in ("red", "green")}
    assert sources == {f"{real(tar)}!/../../etc/a.png", f"{real(tar)}!//etc/b.png"}
    reader = CollectionReader(collection.folder)
    assert reader.media(make_id(f"{real(tar)}!//etc/b.png")).data == picture_bytes("green")
    after = [path for path in sorted(tmp_path.rglob("*")) if collection.path not in path.parents]
    assert set(after) - set(before) == set()


def test_a_tar_has_so_many_files_at_most(tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "a.tar", {f"{n}.png": b"1" for n in range(5)})
    scan = FileScan([tmp_path])
    entries = list(tar_entries(str(tar), scan, limits=Limits(tar_members=3)))
    assert len(entries) == 3
    [problem] = scan.problems
    assert problem.reason == "has more than 3 files; what was read before, 3 files, is used"
    assert not scan.is_gone(f"{tar}!/4.png")


def test_a_folder_and_a_tar_of_it_have_the_same_vectors(
    collection: Collection, media: Path, tmp_path: Path
) -> None:
    tar = write_folder_tar(tmp_path / "a.tar", media)
    build(collection, [media])
    with Collection.create(tmp_path / "other", ("tiny",)) as other:
        assert build(other, [tar]).added == 5
        assert vectors(other) == vectors(collection)
    assert build(collection, [media, tar]).duplicates == 5


def vectors(collection: Collection) -> dict[str, list[bytes]]:
    """The vectors of each content, by its hash."""
    return {
        file.record.content_hash: [
            vectors.tobytes()
            for vectors in collection.folder.catalog.item_vectors(file.item_id).values()
        ]
        for file in collection.folder.files().values()
    }


def test_members_are_shown_only_from_the_tar_that_was_added(
    collection: Collection, shards: Path
) -> None:
    tar = shards / "00000.tar"
    build(collection, [tar])
    item_id, path = make_id(f"{real(tar)}!/red.jpg"), f"{real(tar)}!/red.jpg"
    reader = CollectionReader(collection.folder)
    shown = reader.media(item_id)
    assert (shown.data, shown.mime_type, shown.name) == (
        picture_bytes("red"),
        "image/png",
        "red.jpg",
    )
    assert reader.thumbnail(item_id, 160).mime_type == "image/jpeg"
    record = collection.folder.files()[path].record
    assert file_at(path, record.mtime_ns).read() == file_at(path).read() == picture_bytes("red")
    times = tar.stat()
    data = tar.read_bytes()
    kept = shards / "kept.tar"
    tar.rename(kept)
    tar.symlink_to(kept)
    with pytest.raises(MediaGoneError, match="is gone"):  # a link leads there now
        reader.media(item_id)
    tar.unlink()
    tar.write_bytes(data.replace(b"red.jpg", b"bad.jpg"))
    os.utime(tar, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(MediaGoneError, match="is gone"):  # the same size and time
        reader.media(item_id)
    with pytest.raises(MediaError, match="has changed"):
        file_at(path, record.mtime_ns).read()
    with pytest.raises(MediaError, match="is not in its tar any more"):
        file_at(path)


def test_members_are_encoded_anew_by_another_model(collection: Collection, shards: Path) -> None:
    build(collection, [shards])
    os.utime(shards / "00001.tar", ns=(1, 1))  # another time, and nothing else
    report = collection.reencode(["tiny:other"])
    assert report.missing == []
    assert collection.search("blue", k=1, modalities=[Modality.IMAGE])[0].source.endswith(
        "blue.jpg"
    )
    assert collection.search("high", k=1, modalities=[Modality.TEXT])[0].source.endswith("blue.jpg")
