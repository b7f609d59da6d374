"""Tars in storage: as on a disk, each fetched once; those of a real server are in
tests/integration/test_objects.py.
"""

from __future__ import annotations

import gzip
import logging
import os
from typing import TYPE_CHECKING

import pytest
from tar_files import tar_bytes
from tiny_files import picture_bytes, summary
from video_files import Scene, colour, film

from anysense.embed.errors import (
    MediaError,
    MediaGoneError,
    NoMediaError,
    ServiceUnreachableError,
    UsageError,
)
from anysense.index.building.build import build
from anysense.index.building.sources.reaching import file_at
from anysense.index.building.sources.scan import FileScan
from anysense.index.building.sources.tars import stored
from anysense.index.catalog.records import make_id
from anysense.index.objects import content, shared
from anysense.index.objects.failures import RefusedError
from anysense.index.objects.spool import Spool
from anysense.index.showing.finding import open_item_file
from anysense.index.showing.reader import CollectionReader

if TYPE_CHECKING:
    from pathlib import Path

    from memory_storage import MemoryStorage

    from anysense.index.collection import Collection
    from anysense.index.objects.addresses import Address

RED, GREEN, BLUE = map(picture_bytes, ("red", "green", "blue"))


def tar_of(**members: bytes | str) -> bytes:
    """A tar; a name's last `_` is its dot."""
    return tar_bytes({".".join(name.rsplit("_", 1)): data for name, data in members.items()})


FIRST = tar_of(red_png=RED, red_txt="a low door", red_json='{"n": 1}', green_png=GREEN)
SECOND = tar_of(blue_png=BLUE, note_txt="a green note")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, which knows no tar yet."""
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def shards(storage: MemoryStorage) -> MemoryStorage:
    storage.fill("photos", {"s/000.tar": FIRST, "s/001.tar": SECOND})
    return storage


def found(*sources: str) -> list[str]:
    return [entry.path for entry in FileScan(sources).run().entries]


def test_members_are_items_and_each_tar_is_fetched_once(
    shards: MemoryStorage, collection: Collection
) -> None:
    assert summary(build(collection, ["gs://photos/s/"])) == {"added": 4}
    assert sorted(shards.reads) == ["s/000.tar", "s/001.tar"]
    item = collection.search("low door", k=1)[0]
    assert (item.source, item.metadata) == ("gs://photos/s/000.tar!/red.png", {"n": 1})


def test_what_is_as_it_was_is_not_read_again(shards: MemoryStorage, collection: Collection) -> None:
    build(collection, ["gs://photos/s"])
    shards.reads.clear()
    assert summary(build(collection, ["gs://photos/s"])) == {"unchanged": 4}
    assert (shards.reads, shards.looks) == ([], [])
    shards.fill("photos", {"s/000.tar": tar_of(red_png=RED, green_png=GREEN, third_png=BLUE)})
    report = build(collection, ["gs://photos/s"])
    assert summary(report) == {"updated": 1, "unchanged": 3, "duplicates": 1}
    assert shards.reads == ["s/000.tar"]


def test_what_was_found_is_read_again_where_it_was_not_kept_whole(
    shards: MemoryStorage, cache: Path
) -> None:
    expected = found("gs://photos/s")
    for kept in cache.joinpath("tars").iterdir():
        kept.write_bytes(gzip.compress(b'{"format": 1, "state": 3'))
    assert found("gs://photos/s") == expected
    for kept in cache.joinpath("tars").iterdir():
        kept.write_bytes(b"no gzip")
    assert found("gs://photos/s") == expected


def test_a_member_that_is_gone_is_removed_and_so_is_all_of_a_tar(
    shards: MemoryStorage, collection: Collection
) -> None:
    build(collection, ["gs://photos/s"])
    shards.fill("photos", {"s/000.tar": tar_of(red_png=RED, red_txt="a low door")})
    assert summary(build(collection, ["gs://photos/s"]))["removed"] == 1
    shards.files.rm_file("/photos/s/000.tar")
    assert summary(build(collection, ["gs://photos/s"])) == {"removed": 1, "unchanged": 2}
    shards.files.rm_file("/photos/s/001.tar")
    with pytest.raises(UsageError, match="is empty now, and 2 files"):
        build(collection, ["gs://photos/s"])


def test_a_service_that_fails_removes_nothing(
    shards: MemoryStorage, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(collection, ["gs://photos/s"])
    shards.failure = ConnectionError("no")
    with pytest.raises(ServiceUnreachableError):
        build(collection, ["gs://photos/s"])
    shards.failure = None
    shards.fill("photos", {"s/000.tar": tar_of(red_png=RED)})

    def refuse(address: Address, start: int, end: int) -> bytes:
        raise RefusedError("no", "AccessDenied", is_of_object=True)

    with monkeypatch.context() as patched:
        patched.setattr(shards, "read", refuse)
        report = build(collection, ["gs://photos/s"])
    assert [problem.path for problem in report.quarantined] == ["gs://photos/s/000.tar"]
    assert (report.removed, report.kept, report.unchanged) == (0, 2, 2)


def test_tars_are_named_one_by_one_and_in_braces(
    shards: MemoryStorage, collection: Collection
) -> None:
    shards.fill("photos", {"s/010.tar": FIRST, "s/x/000.tar": FIRST, "s/000.png": RED})
    assert found("gs://photos/s/001.tar") == [
        "gs://photos/s/001.tar!/blue.png",
        "gs://photos/s/001.tar!/note.txt",
    ]
    both = found("gs://photos/s/{000..009}.tar")
    assert {path.partition("!")[0] for path in both} == {
        "gs://photos/s/000.tar",
        "gs://photos/s/001.tar",
    }
    assert len(both) == 4
    build(collection, ["gs://photos/s/{000..001}.tar"])
    report = build(collection, ["gs://photos/s/{001..001}.tar"])
    assert (report.removed, report.unchanged) == (0, 2)
    with pytest.raises(UsageError, match="is no range"):
        found("gs://photos/s/{009..000}.tar")


def test_a_transport_stream_is_told_from_a_program_without_another_request(
    storage: MemoryStorage, collection: Collection
) -> None:
    tar = tar_bytes(
        {"app.ts": "let a = 1;\n" * 99, "film.ts": film([Scene(colour("red"))], "mpegts")}
    )
    storage.fill("photos", {"s/a.tar": tar})
    report = build(collection, ["gs://photos/s"])
    assert (summary(report), report.unread_kinds) == ({"added": 1}, {".ts": 1})
    storage.reads.clear()
    report = build(collection, ["gs://photos/s"])
    assert (summary(report), report.unread_kinds) == ({"unchanged": 1}, {".ts": 1})
    assert storage.reads == []


def test_of_what_is_kept_of_tars_the_longest_unused_goes_first(
    storage: MemoryStorage, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.fill("photos", {f"s/{n}.tar": tar_of(red_png=RED) for n in range(4)})
    found("gs://photos/s/0.tar")
    [first] = (cache / "tars").iterdir()
    found("gs://photos/s/{1..3}.tar")
    assert len(list((cache / "tars").iterdir())) == 4
    for at, file in enumerate(sorted((cache / "tars").iterdir())):
        os.utime(file, (at, at))
    os.utime(first, (0, 0))
    monkeypatch.setattr(stored, "MOST_KEPT_BYTES", 2.5 * first.stat().st_size)
    found("gs://photos/s/0.tar")  # which is asked for now
    kept = list((cache / "tars").iterdir())
    assert len(kept) == 2
    assert first in kept
    assert len(found("gs://photos/s")) == 4  # whether or not they are kept
    assert len(list((cache / "tars").iterdir())) == 2


def test_what_is_no_plain_tar_is_said(
    shards: MemoryStorage, collection: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    shards.fill(
        "photos",
        {
            "bad/no.tar": b"x" * 600,
            "bad/cut.tar": FIRST[: len(FIRST) // 3],
            "bad/a.tar!/b.png": RED,
            "bad/set.parquet": b"PAR1",
            "bad/no.parquet": b"PAR1",
            "bad/p.tar.gz": b"x",
        },
    )
    with caplog.at_level(logging.WARNING):
        scan = FileScan(["gs://photos/bad"]).run()
    reasons = {problem.path.rpartition("/")[2]: problem.reason for problem in scan.problems}
    assert reasons["no.tar"] == "is no tar"
    assert "cut off" in reasons["cut.tar"]
    assert reasons["b.png"] == "is called as a member of a tar is: rename it"
    assert caplog.text.count("are not read in storage") == 1
    for name, message in [
        ("no.tar", "is no tar"),
        ("set.parquet", "not read in storage"),
        ("p.tar.gz", "compressed"),
    ]:
        with pytest.raises(UsageError, match=message):
            found(f"gs://photos/bad/{name}")


def test_a_tar_has_as_many_files_as_on_a_disk(
    storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "DEFAULT_LIMITS", stored.DEFAULT_LIMITS.__class__(tar_members=1))
    storage.fill("photos", {"a.tar": FIRST})
    scan = FileScan(["gs://photos/a.tar"]).run()
    assert [problem.reason.partition(";")[0] for problem in scan.problems] == [
        "has more than 2 members"
    ]


@pytest.mark.parametrize("room", [0, 30_000])
def test_with_little_room_a_tar_is_fetched_once_for_its_headers_and_once_for_its_members(
    shards: MemoryStorage, collection: Collection, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    spool = Spool(most_bytes=room, small_bytes=0, lets_go=True)
    # Of the process and not of a build: there is no other place to give one.
    monkeypatch.setattr(shared, "_spool", lambda process: spool)
    assert summary(build(collection, ["gs://photos/s"])) == {"added": 4}
    assert sorted(set(shards.reads)) == ["s/000.tar", "s/001.tar"]
    assert len(shards.reads) <= 4


def test_members_are_shown_by_ranges_and_only_from_the_tar_that_was_added(
    storage: MemoryStorage, collection: Collection
) -> None:
    large = tar_of(**{f"x{number}_bin": b"x" * 100_000 for number in range(9)}, red_png=RED)
    storage.fill("photos", {"a.tar": large})
    path = "gs://photos/a.tar!/red.png"
    build(collection, ["gs://photos/a.tar"])
    sizes: list[int] = []
    read = storage.read

    def count(address: Address, start: int, end: int) -> bytes:
        sizes.append(end - start)
        return read(address, start, end)

    storage.read = count  # type: ignore[method-assign]
    reader = CollectionReader(collection.folder)
    shown = reader.media(make_id(path))
    assert (shown.data, shown.mime_type, shown.name) == (RED, "image/png", "red.png")
    assert sum(sizes) < 20_000
    assert reader.thumbnail(make_id(path), 160).mime_type == "image/jpeg"
    with pytest.raises(NoMediaError):
        open_item_file(collection.folder, make_id(path), reach_objects=False)
    record = collection.folder.files()[path].record
    assert file_at(path, record.mtime_ns).read() == file_at(path).read() == RED
    storage.fill("photos", {"a.tar": large.replace(b"red.png", b"bad.png")})
    with pytest.raises(MediaGoneError, match="is gone"):
        reader.media(make_id(path))
    with pytest.raises(MediaError, match="has changed"):
        file_at(path, record.mtime_ns)
    storage.files.rm_file("/photos/a.tar")
    with pytest.raises(MediaError, match="not there any more"):
        file_at(path)


def test_members_are_encoded_anew_by_another_model(
    shards: MemoryStorage, collection: Collection
) -> None:
    build(collection, ["gs://photos/s"])
    shards.reads.clear()
    assert collection.reencode(["tiny:other"]).missing == []
    assert sorted(shards.reads) == ["s/000.tar", "s/001.tar"]
    hit = collection.search("blue", k=1, modalities=["image"])[0]
    assert hit.source == "gs://photos/s/001.tar!/blue.png"


def test_a_tar_that_is_replaced_while_it_is_read_is_told(
    storage: MemoryStorage, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "BLOCK_BYTES", 4096)
    storage.fill("photos", {"a.tar": FIRST})
    read = storage.read

    def replace_first(address: Address, start: int, end: int) -> bytes:
        if not storage.reads:
            storage.fill("photos", {"a.tar": FIRST.replace(b"low", b"new")})
        return read(address, start, end)

    monkeypatch.setattr(storage, "read", replace_first)
    with pytest.raises(UsageError, match="has changed while it was read"):
        build(collection, ["gs://photos/a.tar"])
