from __future__ import annotations

import contextlib
import csv
import json
import os
import random
import shlex
import subprocess
import sys
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tiny
from PIL import Image
from specimen import opened_with

from anysense.embed.errors import (
    CollectionLockedError,
    CorruptMediaError,
    MissingWeightsError,
    StorageError,
    UsageError,
)
from anysense.embed.limits import Limits
from anysense.embed.types import Waveform
from anysense.index.background.bank import background
from anysense.index.building import changes as changes_module
from anysense.index.building import encoding
from anysense.index.building.build import build, check_sources, ingest
from anysense.index.building.content import hash_file
from anysense.index.building.sources.table import hash_text
from anysense.index.catalog.records import item_id
from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.building.report import BuildProgress, BuildReport

COLOURS = {"red": (230, 20, 20), "green": (20, 230, 20), "blue": (20, 20, 230)}


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Three pictures, a sound and a text."""
    folder = tmp_path / "media"
    folder.mkdir()
    for name, colour in COLOURS.items():
        picture(folder / f"{name}.png", colour)
    tone(folder / "low.wav", 200.0)
    (folder / "note.txt").write_text("a green note")
    return folder


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection.create(tmp_path / "collection", ("tiny",)) as made:
        yield made


def picture(path: Path, colour: tuple[int, int, int]) -> None:
    Image.new("RGB", (24, 24), colour).save(path)


def tone(path: Path, frequency: float, seconds: float = 1.0) -> None:
    time = np.arange(int(8000 * seconds)) / 8000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((20000 * np.sin(2 * np.pi * frequency * time)).astype("<i2").tobytes())


def real(path: Path) -> str:
    return os.path.realpath(path)


def encoded(collection: Collection) -> int:
    """How many inputs the model has been given."""
    [encoder] = collection.encoders()
    assert isinstance(encoder, tiny.TinyEncoder)
    return encoder.encoded


def sources(collection: Collection) -> list[str]:
    snapshot = collection.folder.snapshot()
    ids = {file.item_id for file in collection.folder.files().values()}
    return sorted(Path(snapshot.item(own).source).name for own in ids)


def summary(report: BuildReport) -> dict[str, int]:
    """The counts that are not zero."""
    names = ("added", "updated", "moved", "described", "removed", "unchanged", "duplicates")
    counts = {name: getattr(report, name) for name in names}
    counts["quarantined"] = len(report.quarantined)
    return {name: number for name, number in counts.items() if number}


def test_a_build_indexes_every_file_and_its_items_are_found(
    collection: Collection, media: Path
) -> None:
    report = build(collection, [media])
    assert summary(report) == {"added": 5}
    assert collection.info()["items_by_modality"] == {"text": 1, "image": 3, "audio": 1}
    assert not collection.needs_publish
    hits = collection.search("blue", k=5, modalities=["image"])
    assert hits[0].source == real(media / "blue.png")
    assert hits[0].id == item_id(real(media / "blue.png"))


def test_nothing_changed_means_that_nothing_is_encoded_or_published(
    collection: Collection, media: Path
) -> None:
    build(collection, [media])
    before, generation = encoded(collection), collection.info()["generation"]
    assert summary(build(collection, [media])) == {"unchanged": 5}
    assert encoded(collection) == before
    assert collection.info()["generation"] == generation


def test_a_touched_file_is_compared_by_content_once(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(collection, [media])
    before = encoded(collection)
    for path in media.iterdir():
        os.utime(path, ns=(1, 1))
    assert summary(build(collection, [media])) == {"unchanged": 5}
    assert encoded(collection) == before
    monkeypatch.setattr(changes_module, "hash_file", lambda path: pytest.fail("read again"))
    assert summary(build(collection, [media])) == {"unchanged": 5}


def test_a_changed_file_replaces_its_item_and_keeps_its_id_and_metadata(
    collection: Collection, media: Path
) -> None:
    build(collection, [media])
    own = item_id(real(media / "red.png"))
    collection.describe({own: {"by": "me"}})
    picture(media / "red.png", (200, 200, 20))
    (media / "note.txt").write_text("a red note")
    assert summary(build(collection, [media])) == {"updated": 2, "unchanged": 3}
    assert collection.folder.snapshot().item(own).metadata == {"by": "me"}
    [hit] = collection.search("red note", k=1, modalities=["text"])
    assert hit.text == "a red note"


def test_a_copy_becomes_an_alias_and_is_not_encoded(collection: Collection, media: Path) -> None:
    (media / "copy.png").write_bytes((media / "red.png").read_bytes())
    report = build(collection, [media])
    assert summary(report) == {"added": 5, "duplicates": 1}
    (media / "later.png").write_bytes((media / "red.png").read_bytes())
    before = encoded(collection)
    assert summary(build(collection, [media])) == {"duplicates": 1, "unchanged": 6}
    assert encoded(collection) == before
    item = collection.folder.snapshot().item(item_id(real(media / "copy.png")))
    assert item.aliases == [real(media / "later.png"), real(media / "red.png")]


def test_a_moved_file_keeps_its_vectors(collection: Collection, media: Path) -> None:
    build(collection, [media])
    before = encoded(collection)
    (media / "sub").mkdir()
    (media / "red.png").rename(media / "sub/crimson.png")
    assert summary(build(collection, [media])) == {"moved": 1, "unchanged": 4}
    assert encoded(collection) == before
    item = collection.folder.snapshot().item(item_id(real(media / "sub/crimson.png")))
    assert item.source == real(media / "sub/crimson.png")
    assert item.aliases == []
    assert collection.info()["items"] == 5


def test_two_files_that_trade_places_end_up_right(collection: Collection, media: Path) -> None:
    build(collection, [media])
    (media / "red.png").rename(media / "swap")
    (media / "blue.png").rename(media / "red.png")
    (media / "swap").rename(media / "blue.png")
    build(collection, [media])
    assert collection.info()["items"] == 5
    for name, colour in (("red.png", "blue"), ("blue.png", "red")):
        [hit] = collection.search(colour, k=1, modalities=["image"])
        assert hit.source == real(media / name)
    assert summary(build(collection, [media])) == {"unchanged": 5}


def test_a_copy_lives_on_when_the_original_changes_or_goes(
    collection: Collection, media: Path
) -> None:
    build(collection, [media])
    (media / "copy.png").write_bytes((media / "red.png").read_bytes())
    build(collection, [media])
    picture(media / "red.png", (9, 9, 9))
    before = encoded(collection)
    assert summary(build(collection, [media])) == {"added": 1, "unchanged": 5}
    assert encoded(collection) == before + 1
    [hit] = collection.search("red", k=1, modalities=["image"])
    assert hit.source == real(media / "copy.png")
    (media / "copy2.png").write_bytes((media / "copy.png").read_bytes())
    build(collection, [media])
    (media / "copy.png").unlink()
    build(collection, [media])
    [hit] = collection.search("red", k=1, modalities=["image"])
    assert hit.source == real(media / "copy2.png")
    assert collection.info()["items"] == 6


def test_gone_files_are_removed_unless_they_are_kept(collection: Collection, media: Path) -> None:
    build(collection, [media])
    (media / "red.png").unlink()
    assert summary(build(collection, [media], keep_missing=True)) == {"unchanged": 4}
    assert "red.png" in sources(collection)
    assert summary(build(collection, [media])) == {"removed": 1, "unchanged": 4}
    assert sources(collection) == ["blue.png", "green.png", "low.wav", "note.txt"]


def test_other_sources_are_left_alone(collection: Collection, media: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.txt").write_text("elsewhere")
    build(collection, [media, other])
    (media / "red.png").unlink()
    assert summary(build(collection, [other])) == {"unchanged": 1}
    assert collection.info()["items"] == 6
    assert summary(build(collection, [media / "*.wav"])) == {"unchanged": 1}
    assert collection.info()["items"] == 6


def test_a_manifest_without_rows_is_said_to_be_empty(
    collection: Collection, tmp_path: Path
) -> None:
    (tmp_path / "none.csv").write_text("path,year\n")
    with pytest.raises(UsageError, match=r"none\.csv has no row that names a file or a text"):
        build(collection, [tmp_path / "none.csv"])


def test_a_missing_or_emptied_source_removes_nothing(collection: Collection, media: Path) -> None:
    build(collection, [media])
    away = media.with_name("unmounted")
    media.rename(away)
    with pytest.raises(UsageError, match="no such file or folder"):
        build(collection, [media])
    media.mkdir()  # as the mount point of a disk that is not there
    with pytest.raises(UsageError, match="--keep-missing"):
        build(collection, [media])
    (media / ".hidden").write_text("x")
    with pytest.raises(UsageError, match="--keep-missing"):
        build(collection, [media, away])
    assert collection.info()["items"] == 5
    build(collection, [media], keep_missing=True)
    assert collection.info()["items"] == 5


def test_the_advice_for_an_emptied_source_selects_its_items_alone(
    collection: Collection, tmp_path: Path
) -> None:
    odd, beside = tmp_path / 'it\'s a \\ "disk"', tmp_path / 'it\'s a \\ "disk" of others'
    for folder in (odd, beside):
        folder.mkdir()
        (folder / "a.txt").write_text(f"red {folder.name}")
    build(collection, [odd, beside])
    (odd / "a.txt").unlink()
    with pytest.raises(UsageError, match="1 file of the collection comes from it") as refused:
        build(collection, [odd])
    command = shlex.split(str(refused.value).split("`")[1])
    assert command[:4] == ["anysense", "remove", str(collection.path), "--where"]
    snapshot = collection.folder.snapshot()
    selected = snapshot.select(command[4])
    assert selected is not None
    [row] = snapshot.rows(selected)
    assert row is not None
    assert row.item_id == item_id(real(odd / "a.txt"))


def test_an_empty_folder_is_one_sentence(tmp_path: Path, collection: Collection) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"empty holds no file that anysense reads; .*\.jpg"):
        check_sources([tmp_path / "empty"])
    with pytest.raises(UsageError, match="holds no file"):
        build(collection, [tmp_path / "empty"])


def test_unreadable_files_are_quarantined_and_the_others_go_on(
    collection: Collection, media: Path
) -> None:
    (media / "broken.png").write_bytes((media / "red.png").read_bytes()[:40])
    (media / "empty.txt").write_bytes(b"")
    (media / "empty too.txt").write_bytes(b"")
    report = build(collection, [media])
    assert summary(report) == {"added": 5, "quarantined": 3}
    bad = [real(media / name) for name in ("broken.png", "empty too.txt", "empty.txt")]
    assert sorted(problem.path for problem in report.quarantined) == bad
    assert all(problem.reason for problem in report.quarantined)
    assert [file.path for file in collection.folder.quarantined()] == bad
    assert collection.info()["quarantined"] == 3


def test_quarantined_files_are_tried_again_when_changed_or_on_request(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = (media / "red.png").read_bytes()
    (media / "broken.png").write_bytes(good[:40])
    build(collection, [media])
    with monkeypatch.context() as patched:
        patched.setattr(changes_module, "hash_file", lambda path: pytest.fail("read again"))
        left = build(collection, [media])
        assert summary(left) == {"unchanged": 5, "quarantined": 1}
        assert left.untried == 1
    again = build(collection, [media], retry_failed=True)
    assert summary(again) == {"unchanged": 5, "quarantined": 1}
    assert again.untried == 0
    (media / "broken.png").write_bytes(good + b"\0")
    assert summary(build(collection, [media])) == {"added": 1, "unchanged": 5}
    assert collection.folder.quarantined() == []


def test_a_quarantined_file_that_goes_is_forgotten(collection: Collection, media: Path) -> None:
    (media / "broken.png").write_bytes(b"x")
    build(collection, [media])
    (media / "broken.png").unlink()
    assert summary(build(collection, [media])) == {"unchanged": 5}
    assert collection.folder.quarantined() == []


def test_a_file_that_breaks_takes_its_old_item_with_it(collection: Collection, media: Path) -> None:
    build(collection, [media])
    (media / "red.png").write_bytes(b"no longer a picture")
    assert summary(build(collection, [media])) == {"removed": 1, "unchanged": 4, "quarantined": 1}
    assert "red.png" not in sources(collection)


def test_a_text_of_a_manifest_that_was_bad_is_tried_when_it_changes(
    collection: Collection, media: Path
) -> None:
    manifest = media / "rows.jsonl"
    manifest.write_text('{"text": "   ", "id": "t"}\n{"text": "red", "id": "u"}\n')
    assert summary(build(collection, [manifest])) == {"added": 1, "quarantined": 1}
    assert summary(build(collection, [manifest])) == {"unchanged": 1, "quarantined": 1}
    manifest.write_text('{"text": "low", "id": "t"}\n{"text": "dim", "id": "u"}\n')  # as long
    assert summary(build(collection, [manifest])) == {"added": 1, "updated": 1}
    assert collection.folder.quarantined() == []


def test_copies_of_a_bad_file_are_all_quarantined(collection: Collection, media: Path) -> None:
    for name in ("bad0.png", "bad1.png", "zz.png"):
        (media / name).write_bytes(b"no picture")
    assert summary(build(collection, [media])) == {"added": 5, "quarantined": 3}


def test_a_file_that_is_too_large_is_quarantined_unread(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes_module, "DEFAULT_LIMITS", Limits(file_bytes=10))
    (media / "note.txt").write_text("red")
    report = build(collection, [media])
    assert summary(report) == {"added": 1, "quarantined": 4}
    assert "of at most 10 bytes" in report.quarantined[0].reason


def test_a_file_that_cannot_be_opened_is_tried_again_by_each_build(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> str:
        if path.endswith("red.png"):
            raise CorruptMediaError(path, "cannot be read: Permission denied")
        return hash_file(path)

    monkeypatch.setattr(changes_module, "hash_file", refuse)
    report = build(collection, [media])
    assert summary(report) == {"added": 4, "quarantined": 1}
    assert report.quarantined[0].reason == "cannot be read: Permission denied"
    assert summary(build(collection, [media])) == {"unchanged": 4, "quarantined": 1}
    assert len(collection.folder.quarantined()) == 1
    monkeypatch.undo()  # as by chmod, which changes neither size nor time
    assert summary(build(collection, [media])) == {"added": 1, "unchanged": 4}
    assert collection.folder.quarantined() == []


def test_a_file_that_goes_between_scan_and_reading_is_left_to_the_next_build(
    collection: Collection, media: Path
) -> None:
    scan = check_sources([media])
    (media / "red.png").unlink()
    assert summary(build(collection, scan)) == {"added": 4}
    assert summary(build(collection, [media])) == {"unchanged": 4}


def test_many_small_notes_are_written_in_between(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes_module, "MOST_NOTES", 2)
    build(collection, [media])
    for path in media.iterdir():
        os.utime(path, ns=(1, 1))

    def stop(progress: BuildProgress) -> None:
        if progress.phase == "encode" and progress.done == 5:
            monkeypatch.setattr(
                collection.folder, "assign_files", lambda files: pytest.fail("one batch")
            )

    with pytest.raises(pytest.fail.Exception):  # the fifth is written at the end, by itself
        build(collection, [media], progress=stop)
    touched = [file.record.mtime_ns for file in collection.folder.files().values()]
    assert touched.count(1) == 4


def test_files_that_no_encoder_takes_are_left_out(tmp_path: Path, media: Path) -> None:
    with Collection.create(tmp_path / "c", ("tiny:text-image",)) as made:
        report = build(made, [media])
        assert (summary(report), report.left_out) == ({"added": 4}, 1)
        (media / "sound named otherwise.txt").write_bytes((media / "low.wav").read_bytes())
        report = build(made, [media])
        assert summary(report) == {"unchanged": 4, "quarantined": 1}
        assert "audio" in report.quarantined[0].reason


def test_a_folder_that_was_renamed_keeps_its_vectors(collection: Collection, media: Path) -> None:
    build(collection, [media])
    before = encoded(collection)
    new = media.rename(media.with_name("renamed"))
    assert summary(build(collection, [new])) == {"moved": 5}
    assert encoded(collection) == before
    assert {Path(path).parent.name for path in collection.folder.files()} == {"renamed"}
    [hit] = collection.search("red", k=1, modalities=["image"])
    assert hit.source == real(new / "red.png")
    assert collection.folder.snapshot().item(hit.id).aliases == []


def test_the_same_text_in_two_manifests_stays_with_the_first(
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


def test_a_collection_that_another_process_writes_is_refused_before_encoding(
    collection: Collection, media: Path, tmp_path: Path
) -> None:
    collection.write([])  # takes the lock
    with Collection.open(tmp_path / "collection") as other:
        with pytest.raises(CollectionLockedError):
            build(other, [media])
        assert other._encoders is None


def test_a_full_disk_is_an_error_and_quarantines_nothing(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(records: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(collection.folder, "write", refuse)
        with pytest.raises(StorageError):
            build(collection, [media])
    assert collection.folder.quarantined() == []
    assert summary(build(collection, [media])) == {"added": 5}


def test_a_manifest_gives_ids_texts_and_metadata(collection: Collection, media: Path) -> None:
    rows = [
        {"path": "red.png", "id": "r", "year": 2020},
        {"text": "a blue note", "id": "t", "lang": "en"},
        {"path": "missing.png"},
    ]
    manifest = media / "rows.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert summary(build(collection, [manifest])) == {"added": 2, "quarantined": 1}
    assert collection.folder.snapshot().item("r").metadata == {"year": 2020}
    assert collection.folder.snapshot().item("t").source == f"{real(manifest)}#t"
    assert [hit.id for hit in collection.search("blue", k=1, modalities=["text"])] == ["t"]
    assert summary(build(collection, [manifest])) == {"unchanged": 2, "quarantined": 1}
    before = encoded(collection)
    rows[0]["year"] = 2021
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows[:2]))
    assert summary(build(collection, [manifest])) == {"described": 1, "unchanged": 2}
    assert encoded(collection) == before
    assert collection.folder.quarantined() == []
    manifest.write_text(json.dumps(rows[0]) + "\n")
    assert summary(build(collection, [manifest])) == {"removed": 1, "unchanged": 1}


def test_texts_of_a_manifest_outlive_builds_of_its_folder(
    collection: Collection, media: Path
) -> None:
    manifest = media / "rows.jsonl"
    manifest.write_text('{"text": "red", "id": "odd.csv#1"}\n{"text": "blue"}\n')
    build(collection, [manifest])
    assert summary(build(collection, [media])) == {"added": 5}
    assert collection.info()["items"] == 7
    assert summary(build(collection, [manifest])) == {"unchanged": 2}
    manifest.write_text("")
    with pytest.raises(UsageError, match="--keep-missing"):
        build(collection, [manifest])
    manifest.unlink()
    assert summary(build(collection, [media])) == {"removed": 2, "unchanged": 5}


def test_rows_with_ids_of_their_own_are_not_merged(collection: Collection, media: Path) -> None:
    (media / "copy.png").write_bytes((media / "red.png").read_bytes())
    manifest = media / "rows.csv"
    manifest.write_text("path,id,title\nred.png,a,one\ncopy.png,b,two\n")
    assert summary(build(collection, [manifest])) == {"added": 2}
    assert collection.folder.snapshot().item("b").metadata == {"title": "two"}
    assert summary(build(collection, [manifest])) == {"unchanged": 2}


def test_a_metadata_file_describes_by_path_and_id(collection: Collection, media: Path) -> None:
    described = media.parent / "about.csv"
    with described.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "id", "year"])
        writer.writerow(["media/red.png", "", 2001])
        writer.writerow(["blue.png", "", 2002])
        writer.writerow(["", item_id(real(media / "note.txt")), 2003])
        writer.writerow(["nowhere.png", "", 2004])
    report = build(collection, [media], metadata=described)
    assert report.unmatched_metadata == 1
    assert [hit.source for hit in collection.search("x", where="year = 2002")] == [
        real(media / "blue.png")
    ]
    item = collection.folder.snapshot().item(item_id(real(media / "note.txt")))
    assert item.metadata == {"year": 2003}
    assert summary(build(collection, [media])) == {"unchanged": 5}
    assert collection.folder.snapshot().item(item.id).metadata == {"year": 2003}
    described.write_text("path,year\nred.png,1999\n")
    assert summary(build(collection, [media], metadata=described)) == {
        "described": 1,
        "unchanged": 5,
    }


@pytest.mark.parametrize(
    ("name", "text"), [("m.txt", "x"), ("m.jsonl", "{"), ("m.csv", "year\n2020\n")]
)
def test_a_metadata_file_that_cannot_be_used_stops_before_anything_is_done(
    collection: Collection, media: Path, name: str, text: str
) -> None:
    path = media.parent / name
    path.write_text(text)
    with pytest.raises(UsageError, match=name):
        build(collection, [media], metadata=path)
    assert collection.info()["items"] == 0


def test_an_interrupted_build_keeps_what_it_did_and_goes_on(
    collection: Collection, media: Path
) -> None:
    def stop(progress: BuildProgress) -> None:
        if progress.phase == "encode" and progress.done == 3:
            raise KeyboardInterrupt

    background(collection.encoders()[0])  # or else it is encoded, and counted, below
    with pytest.raises(KeyboardInterrupt):
        build(collection, [media], progress=stop)
    kept = collection.info()["items"]
    assert kept == 3
    before = encoded(collection)
    assert summary(build(collection, [media])) == {"added": 2, "unchanged": 3}
    assert encoded(collection) - before == 2
    assert not collection.needs_publish


@pytest.mark.parametrize("seed", range(12))
def test_any_history_of_changes_and_stops_ends_up_as_the_files_are(
    collection: Collection, tmp_path: Path, seed: int
) -> None:
    rng, folder = random.Random(seed), tmp_path / "media"
    (folder / "sub").mkdir(parents=True)
    (folder / "stays.txt").write_text("red stays")  # so that the folder is never empty
    for _ in range(12):
        for _ in range(rng.randint(1, 6)):
            change_a_file(rng, folder)
        stop_at = rng.choice([None, None, 1, 2, 3])

        def stop(progress: BuildProgress, stop_at: int | None = stop_at) -> None:
            if progress.phase == "encode" and progress.done == stop_at:
                raise KeyboardInterrupt

        with contextlib.suppress(KeyboardInterrupt):
            build(collection, [folder], progress=stop, retry_failed=rng.random() < 0.3)
        check_sources_of_items(collection)
    build(collection, [folder])
    here = {real(path) for path in folder.rglob("*.txt")}
    bad = {path for path in here if not Path(path).read_text().strip()}
    assert {file.path for file in collection.folder.quarantined()} == bad
    assert collection.folder.files().keys() == here - bad
    contents = {Path(path).read_text() for path in here - bad}
    assert collection.info()["items"] == len(contents)
    for path, known in collection.folder.files().items():
        item = collection.folder.snapshot().item(known.item_id)
        assert path in (item.source, *item.aliases)
        assert item.segments[0].text == Path(path).read_text()
    assert collection.verify().ok


def change_a_file(rng: random.Random, folder: Path) -> None:
    """Write, copy, move, touch or delete a file; contents are few, so that many are the same."""
    names = [folder / inner / f"{name}.txt" for inner in ("", "sub") for name in "abcd"]
    present = [path for path in names if path.exists()]
    kind = rng.choice(["write", "write", "copy", "move", "trade", "touch", "delete"])
    if kind == "write" or not present:
        text = rng.choice(["red", "green", "blue", "dark", "", " "])
        rng.choice(names).write_text(text and f"{text} {rng.randint(0, 2)}" * bool(text.strip()))
        return
    path, other = rng.choice(present), rng.choice(names)
    if kind == "copy" and path != other:
        other.write_text(path.read_text())
    elif kind == "move":
        path.replace(other)
    elif kind == "trade" and other.exists():
        mine, theirs = path.read_text(), other.read_text()
        path.write_text(theirs)
        other.write_text(mine)
    elif kind == "touch":
        os.utime(path, ns=(rng.randint(1, 9), rng.randint(1, 9)))
    elif kind == "delete":
        path.unlink()


def check_sources_of_items(collection: Collection) -> None:
    """Whatever happened, each item has a file of the content that it was made of."""
    for path, known in collection.folder.files().items():
        item = collection.folder.snapshot().item(known.item_id)
        assert path in (item.source, *item.aliases)
        text = item.segments[0].text
        assert text is not None
        assert known.record.content_hash == hash_text(text)


def test_progress_counts_every_new_file_once(collection: Collection, media: Path) -> None:
    seen: list[BuildProgress] = []
    build(collection, [media], progress=seen.append)
    done = [p.done for p in seen if p.phase == "encode"]
    assert sorted(set(done) - {0}) == [1, 2, 3, 4, 5]
    assert done == sorted(done)
    assert {p.total for p in seen if p.phase == "encode"} == {5}
    phases = list(dict.fromkeys(p.phase for p in seen))
    assert phases == ["scan", "load", "encode", "publish"]


def test_a_long_build_publishes_each_time_that_its_index_would_double(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        (media / f"more-{number}.txt").write_text(f"note number {number} about green")
    monkeypatch.setattr(encoding, "BATCH_ITEMS", 1)  # each item is written by itself
    collection.close()
    indexed: list[int] = []

    def note(progress: BuildProgress) -> None:
        if progress.phase == "publish":
            indexed.append(sum(collection.folder.snapshot().partitions.values()))

    with opened_with(collection.path, overdue=2) as collection:
        build(collection, [media], progress=note)
        assert indexed == [2, 4, 8, 12]  # the last at the end
        assert not collection.needs_publish
        assert collection.info()["generation"] == 4
        assert len(collection.search("green", k=20)) == 12


def test_progress_counts_the_segments_of_a_file_that_is_not_done(
    collection: Collection, media: Path
) -> None:
    long = media / "long.txt"
    long.write_text("red " * 20 * 100)  # the tiny encoder takes 20 words at once
    seen: list[tuple[int, int]] = []

    def note(progress: BuildProgress) -> None:
        seen.append((progress.done, progress.report.segments))

    report = build(collection, [long], batch_size=10, progress=note)
    assert [segments for done, segments in seen if done == 0 and segments] == list(
        range(10, 101, 10)
    )
    assert report.segments == 100


def test_copies_are_not_counted_before_the_file_is_known_to_be_readable(
    collection: Collection, media: Path
) -> None:
    for number in range(4):
        (media / f"empty {number}.txt").write_bytes(b"")
    seen: list[int] = []
    report = build(collection, [media], progress=lambda p: seen.append(p.report.duplicates))
    assert summary(report) == {"added": 5, "quarantined": 4}
    assert set(seen) == {0}


def test_an_unchanged_build_does_not_need_its_encoder(
    tmp_path: Path, media: Path, collection: Collection
) -> None:
    build(collection, [media])
    collection.close()
    code = (
        "import sys\n"
        "from anysense.index.building.build import build\n"
        "from anysense.index.collection import Collection\n"
        f"with Collection.open({str(tmp_path / 'collection')!r}) as c:\n"
        f"    report = build(c, [{str(media)!r}])\n"
        "assert report.unchanged == 5, report\n"
        "assert 'torch' not in sys.modules\n"
    )  # in this process there is no encoder named tiny, so loading it would be an error
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_a_model_that_cannot_be_loaded_quarantines_nothing(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise MissingWeightsError("its weights are not here")

    monkeypatch.setattr(collection, "encoders", refuse)
    with pytest.raises(MissingWeightsError):
        build(collection, [media])
    assert collection.folder.quarantined() == []


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
    red = item_id(real(media / "red.png"))
    assert report.ids == [red, "t", None, None, "bytes", None]
    assert (report.added, report.updated, report.duplicates) == (3, 0, 0)
    assert [failure.index for failure in report.failed] == [2, 3, 5]
    assert collection.folder.snapshot().item("t").metadata == {"a": 1}


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
    red = item_id(real(media / "red.png"))
    assert report.ids == [red, red, None, None, red]
    assert (report.added, report.duplicates, len(report.failed)) == (1, 2, 2)
    assert len(collection.folder.snapshot().item(red).aliases) == 2


def test_a_copy_adds_its_metadata(collection: Collection, media: Path) -> None:
    (media / "copy.png").write_bytes((media / "red.png").read_bytes())
    ingest(collection, [NewItem(media / "red.png", metadata={"a": 1, "b": 1})])
    ingest(collection, [NewItem(media / "copy.png", metadata={"b": 2})])
    item = collection.folder.snapshot().item(item_id(real(media / "red.png")))
    assert item.metadata == {"a": 1, "b": 2}


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
    assert (again.ids, again.updated) == (report.ids[:3], 3)
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


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    import hashlib

    data = bytes(range(256)) * 9000
    (tmp_path / "a").write_bytes(data)
    assert hash_file(str(tmp_path / "a")) == hashlib.blake2b(data, digest_size=32).hexdigest()
