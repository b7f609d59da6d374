"""Builds from objects; those of a real server are in tests/integration/test_objects.py."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tiny_files import picture_bytes, summary
from video_files import Scene, colour, film

from anysense.embed.errors import AccessError, ServiceUnreachableError, UsageError
from anysense.index.building.build import build, check_sources, run_build, scan_sources
from anysense.index.building.options import DEFAULT_OPTIONS
from anysense.index.building.sources.scan import FileScan

if TYPE_CHECKING:
    from memory_storage import MemoryStorage

    from anysense.index.collection import Collection

RED, GREEN, BLUE = map(picture_bytes, ("red", "green", "blue"))


def scanned(*sources: str) -> FileScan:
    return FileScan(sources).run()


def test_the_rules_of_folders_hold_for_objects(storage: MemoryStorage) -> None:
    storage.fill(
        "photos",
        {
            "a/red.png": RED,
            "a/red.txt": b"a door",
            "a/red.png.json": b'{"place": "Lima"}',
            "a/note.txt": b"green",
            "a/.hidden.png": RED,
            "a/.trash/x.png": RED,
            "a/@eaDir/t.png": RED,
            "a/Thumbs.db": b"x",
            "a/x.raw9": b"x",
            "a/b/c.png": RED,
            "ab/no.png": RED,
        },
    )
    scan = scanned("gs://photos/a")
    names = {entry.path: [beside.name for beside in entry.sidecars] for entry in scan.entries}
    assert names == {
        "gs://photos/a/b/c.png": [],
        "gs://photos/a/note.txt": [],
        "gs://photos/a/red.png": ["red.txt", "red.png.json"],
    }
    assert scan.litter == {"gs://photos/a/@eaDir"}
    assert scan.unread_kinds == {".raw9": 1}
    assert storage.reads == []
    without = FileScan(["gs://photos/a"], with_sidecars=False, exclude=["b/"]).run()
    assert [entry.path for entry in without.entries] == [
        "gs://photos/a/note.txt",
        "gs://photos/a/red.png",
        "gs://photos/a/red.txt",
    ]
    assert without.ignored == {"gs://photos/a/b/c.png": "--exclude"}


def test_each_new_object_is_read_once_and_none_that_is_as_it_was(
    storage: MemoryStorage, collection: Collection
) -> None:
    contents = {"a/red.png": RED, "a/red.txt": b"low", "a/red.json": b'{"n": 1}', "a/b.png": BLUE}
    storage.fill("photos", contents | {"a/copy.png": BLUE})
    assert summary(build(collection, ["gs://photos/a"])) == {"added": 2, "duplicates": 1}
    assert sorted(storage.reads) == sorted({**contents, "a/copy.png": b""})
    storage.reads.clear()
    assert summary(build(collection, ["gs://photos/a"])) == {"unchanged": 3}
    assert (storage.reads, storage.looks) == ([], [])
    item = collection.search("low", k=1)[0]
    assert (item.source, item.metadata) == ("gs://photos/a/red.png", {"n": 1})

    storage.fill("photos", {"a/red.txt": b"a high door"})
    assert summary(build(collection, ["gs://photos/a"])) == {"updated": 1, "unchanged": 2}
    assert sorted(storage.reads) == ["a/red.json", "a/red.png", "a/red.txt"]


def test_what_is_gone_is_removed_and_what_nobody_can_tell_is_not(
    storage: MemoryStorage, collection: Collection
) -> None:
    storage.fill("photos", {"a/1.png": RED, "a/2.png": GREEN, "b/3.png": BLUE})
    build(collection, ["gs://photos"])
    for failure, error in (
        (PermissionError("no"), AccessError),
        (ConnectionError("no"), ServiceUnreachableError),
    ):
        storage.failure = failure
        with pytest.raises(error):
            build(collection, ["gs://photos"])
    storage.failure = None
    assert len(collection.folder.files()) == 3
    storage.files.rm_file("/photos/a/1.png")
    assert summary(build(collection, ["gs://photos"])) == {"removed": 1, "unchanged": 2}
    storage.files.rm("/photos/a", recursive=True)
    with pytest.raises(UsageError, match="gs://photos/a is empty now, and 1 file"):
        build(collection, ["gs://photos/a"])
    assert summary(build(collection, ["gs://photos"])) == {"removed": 1, "unchanged": 1}


def test_a_service_that_goes_down_ends_a_build_and_loses_nothing(
    storage: MemoryStorage, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.fill(
        "photos", {f"{number}.png": picture_bytes("red", 20 + number) for number in range(9)}
    )
    read, left = storage.read, iter(range(4))

    def fail_later(*arguments: object) -> bytes:
        if next(left, None) is None:
            storage.failure = ConnectionError("no")
        return read(*arguments)

    monkeypatch.setattr(storage, "read", fail_later)
    with pytest.raises(ServiceUnreachableError):
        build(collection, ["gs://photos"])
    monkeypatch.setattr(storage, "read", read)
    storage.failure = None
    report = build(collection, ["gs://photos"])
    assert report.added + report.unchanged == 9
    assert report.quarantined == []


def test_a_text_beside_what_cannot_be_read_is_an_item_as_in_a_folder(
    storage: MemoryStorage, collection: Collection
) -> None:
    storage.fill("photos", {"a.png": b"\x89PNG\r\n\x1a\nbroken", "a.txt": b"a green word"})
    assert summary(build(collection, ["gs://photos"])) == {"added": 1, "quarantined": 1}
    assert list(collection.folder.files()) == ["gs://photos/a.txt"]
    assert summary(build(collection, ["gs://photos"])) == {"unchanged": 1, "quarantined": 1}
    storage.fill("photos", {"a.png": RED})
    assert summary(build(collection, ["gs://photos"])) == {"added": 1, "removed": 1}
    assert list(collection.folder.files()) == ["gs://photos/a.png"]
    assert collection.search("a green word", k=1)[0].source == "gs://photos/a.png"


def test_one_object_is_a_source_whatever_its_suffix(
    storage: MemoryStorage, collection: Collection
) -> None:
    storage.fill("photos", {"picture": RED, "other.png": BLUE})
    assert summary(build(collection, ["gs://photos/picture"])) == {"added": 1}
    with pytest.raises(UsageError, match="holds no file that anysense reads"):
        check_sources(["gs://photos/none"])


def test_web_servers_are_asked_only_if_that_is_allowed(
    storage: MemoryStorage, collection: Collection
) -> None:
    with pytest.raises(UsageError, match="--allow-http"):
        scan_sources(["https://example.org/red.png"], DEFAULT_OPTIONS, None)
    allowed = replace(DEFAULT_OPTIONS, allow_http=True)
    storage.files.pipe_file("https://example.org/red.png", RED)
    report = run_build(collection, ["https://example.org/red.png"], allowed)
    assert summary(report) == {"added": 1}


def test_texts_beside_objects_are_in_the_encoding_that_is_given(
    storage: MemoryStorage, collection: Collection
) -> None:
    said = "красная дверь"
    storage.fill("photos", {"red.png": RED, "red.txt": said.encode("koi8-r")})
    build(collection, ["gs://photos"], encoding="koi8-r")
    [hit] = collection.search("красная", k=1)
    segments = collection.folder.snapshot().item(hit.id).segments
    assert said in [segment.text for segment in segments]


def test_a_transport_stream_is_told_from_a_program_by_its_size(
    storage: MemoryStorage, collection: Collection
) -> None:
    stream = film([Scene(colour("red"))], "mpegts")
    stream += b"".join([b"G\x1f\xff\x10" + b"\xff" * 184] * (65_536 // 188))
    program = b"let a = 1;\n" * 17_000
    storage.fill(
        "photos",
        {
            "v/film.ts": stream,
            "v/app.ts": program,
            "v/like.ts": program[: 188 * 500],
            "v/small.ts": program[:188],
        },
    )
    report = build(collection, ["gs://photos/v"])
    assert (report.added, report.unread_kinds) == (1, {".ts": 2})
    [problem] = report.quarantined
    assert (problem.path, problem.reason[:25]) == (
        "gs://photos/v/like.ts",
        "is no video in MPEG-TS, a",
    )
    assert set(storage.reads) == {"v/film.ts", "v/like.ts"}
    storage.reads.clear()
    assert build(collection, ["gs://photos/v"]).unchanged == 1
    assert storage.reads == []
