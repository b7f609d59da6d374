from __future__ import annotations

import contextlib
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tiny_files import inputs_encoded, real, summary, write_picture

from anysense.embed.media.digest import digest_text
from anysense.index.building.build import build, check_sources, run_build
from anysense.index.building.options import BuildOptions
from anysense.index.catalog.records import make_id

if TYPE_CHECKING:
    from anysense.index.building.report import BuildProgress
    from anysense.index.collection import Collection


def test_a_touched_file_is_compared_by_content_once(collection: Collection, media: Path) -> None:
    build(collection, [media])
    before = inputs_encoded(collection)
    for path in media.iterdir():
        os.utime(path, ns=(1, 1))
    assert summary(build(collection, [media])) == {"unchanged": 5}
    assert inputs_encoded(collection) == before
    (media / "note.txt").write_text("a green vote")  # as long, and below as old
    os.utime(media / "note.txt", ns=(1, 1))
    assert summary(build(collection, [media])) == {"updated": 1, "unchanged": 4}


def test_a_changed_file_replaces_its_item_and_keeps_its_id_and_metadata(
    collection: Collection, media: Path
) -> None:
    build(collection, [media])
    item_id = make_id(real(media / "red.png"))
    collection.describe({item_id: {"by": "me"}})
    write_picture(media / "red.png", (200, 200, 20))
    (media / "note.txt").write_text("a red note")
    assert summary(build(collection, [media])) == {"updated": 2, "unchanged": 3}
    assert collection.folder.snapshot().item(item_id).metadata == {"by": "me"}
    [hit] = collection.search("red note", k=1, modalities=["text"])
    assert hit.text == "a red note"


def test_a_copy_becomes_an_alias_and_is_not_encoded(collection: Collection, media: Path) -> None:
    (media / "copy.png").write_bytes((media / "red.png").read_bytes())
    report = build(collection, [media])
    assert summary(report) == {"added": 5, "duplicates": 1}
    (media / "later.png").write_bytes((media / "red.png").read_bytes())
    before = inputs_encoded(collection)
    assert summary(build(collection, [media])) == {"duplicates": 1, "unchanged": 6}
    assert inputs_encoded(collection) == before
    item = collection.folder.snapshot().item(make_id(real(media / "copy.png")))
    assert item.aliases == [real(media / "later.png"), real(media / "red.png")]


def test_a_moved_file_keeps_its_vectors(collection: Collection, media: Path) -> None:
    build(collection, [media])
    before = inputs_encoded(collection)
    (media / "sub").mkdir()
    (media / "red.png").rename(media / "sub/crimson.png")
    assert summary(build(collection, [media])) == {"moved": 1, "unchanged": 4}
    assert inputs_encoded(collection) == before
    item = collection.folder.snapshot().item(make_id(real(media / "sub/crimson.png")))
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
        [hit] = collection.search(colour, k=1, modalities=["image"], match="vector")
        assert hit.source == real(media / name)
    assert summary(build(collection, [media])) == {"unchanged": 5}


def test_a_copy_lives_on_when_the_original_changes_or_goes(
    collection: Collection, media: Path
) -> None:
    build(collection, [media])
    (media / "copy.png").write_bytes((media / "red.png").read_bytes())
    build(collection, [media])
    write_picture(media / "red.png", (9, 9, 9))
    before = inputs_encoded(collection)
    assert summary(build(collection, [media])) == {"added": 1, "unchanged": 5}
    assert inputs_encoded(collection) == before + 1
    [hit] = collection.search("red", k=1, modalities=["image"], match="vector")
    assert hit.source == real(media / "copy.png")
    (media / "copy2.png").write_bytes((media / "copy.png").read_bytes())
    build(collection, [media])
    (media / "copy.png").unlink()
    build(collection, [media])
    [hit] = collection.search("red", k=1, modalities=["image"], match="vector")
    assert hit.source == real(media / "copy2.png")
    assert collection.info()["items"] == 6


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
    build(collection, [media])
    for path in media.iterdir():
        os.utime(path, ns=(1, 1))

    def stop(progress: BuildProgress) -> None:
        if progress.phase == "encode" and progress.done == 5:
            monkeypatch.setattr(
                collection.folder, "assign_files", lambda files: pytest.fail("one batch")
            )

    with pytest.raises(pytest.fail.Exception):  # the fifth is written at the end, by itself
        run_build(collection, [media], BuildOptions(most_notes=2), progress=stop)
    touched = [file.record.mtime_ns for file in collection.folder.files().values()]
    assert touched.count(1) == 4


def test_a_folder_that_was_renamed_keeps_its_vectors(collection: Collection, media: Path) -> None:
    build(collection, [media])
    before = inputs_encoded(collection)
    new = media.rename(media.with_name("renamed"))
    assert summary(build(collection, [new])) == {"moved": 5}
    assert inputs_encoded(collection) == before
    assert {Path(path).parent.name for path in collection.folder.files()} == {"renamed"}
    [hit] = collection.search("red", k=1, modalities=["image"], match="vector")
    assert hit.source == real(new / "red.png")
    assert collection.folder.snapshot().item(hit.id).aliases == []


def test_copies_are_not_counted_before_the_file_is_known_to_be_readable(
    collection: Collection, media: Path
) -> None:
    for number in range(4):
        (media / f"empty {number}.txt").write_bytes(b"")
    seen: list[int] = []
    report = build(collection, [media], progress=lambda p: seen.append(p.report.duplicates))
    assert summary(report) == {"added": 5, "quarantined": 4}
    assert set(seen) == {0}


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
    for path, file in collection.folder.files().items():
        item = collection.folder.snapshot().item(file.item_id)
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
    for path, file in collection.folder.files().items():
        item = collection.folder.snapshot().item(file.item_id)
        assert path in (item.source, *item.aliases)
        text = item.segments[0].text
        assert text is not None
        assert file.record.content_hash == digest_text(text)
