"""Texts beside photos and sounds are part of their items, whatever happens to both."""

from __future__ import annotations

import contextlib
import os
import random
from typing import TYPE_CHECKING

import pytest
from source_files import write_table
from tiny_files import (
    COLOURS,
    inputs_encoded,
    real,
    source_names,
    summary,
    write_picture,
    write_tone,
)

from anysense.embed.errors import MediaError
from anysense.embed.media.beside import pair_sidecars
from anysense.embed.media.identify import MEDIA_SUFFIXES
from anysense.embed.types import Kind, Modality, Origin
from anysense.index.building import content
from anysense.index.building.build import build, check_sources, run_build
from anysense.index.building.ingest import ingest
from anysense.index.building.options import BuildOptions
from anysense.index.catalog.records import make_id
from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anysense.index.building.report import BuildProgress
    from anysense.index.catalog.records import Item


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A red photo that a text describes, a blue one that none does, and a note."""
    folder = tmp_path / "photos"
    folder.mkdir()
    write_picture(folder / "red.png", COLOURS["red"])
    (folder / "red.txt").write_text("a low dark barn")
    write_picture(folder / "blue.png", COLOURS["blue"])
    (folder / "note.txt").write_text("a green note")
    return folder


def item_of(collection: Collection, path: Path) -> Item:
    """The item that a file holds."""
    file = collection.folder.files()[real(path)]
    return collection.folder.snapshot().item(file.item_id)


def words_of(collection: Collection, path: Path) -> list[str | None]:
    """The texts about a file that its item has."""
    segments = item_of(collection, path).segments
    return [segment.text for segment in segments if segment.origin is Origin.CAPTION]


# What a build makes of them


def test_words_beside_a_photo_are_segments_of_it_and_find_it(
    collection: Collection, photos: Path
) -> None:
    assert summary(build(collection, [photos])) == {"added": 3}
    assert source_names(collection) == ["blue.png", "note.txt", "red.png"]
    item = item_of(collection, photos / "red.png")
    assert item.kind is Kind.IMAGE
    assert item.id == make_id(real(photos / "red.png"))
    assert [(s.modality, s.origin, s.text) for s in item.segments] == [
        (Modality.IMAGE, Origin.CONTENT, None),
        (Modality.TEXT, Origin.CAPTION, "a low dark barn"),
    ]
    [hit] = collection.search("dark barn", k=1)
    assert (hit.source, hit.kind, hit.origin) == (item.source, Kind.IMAGE, Origin.CAPTION)
    assert collection.verify().ok


def test_sounds_have_words_too(collection: Collection, photos: Path) -> None:
    write_tone(photos / "hum.wav", 200.0)
    (photos / "hum.wav.txt").write_text("green bees")
    build(collection, [photos / "hum.wav"])
    assert item_of(collection, photos / "hum.wav").kind is Kind.AUDIO
    assert words_of(collection, photos / "hum.wav") == ["green bees"]


def test_an_unchanged_build_reads_and_writes_nothing(
    collection: Collection, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(collection, [photos])
    state = collection.info()["generation"], collection.folder.snapshot().version
    monkeypatch.setattr(content, "digest_file", lambda path: pytest.fail("it was read"))
    monkeypatch.setattr(collection, "encoders", lambda: pytest.fail("the model was loaded"))
    sources = [[photos], [photos / "*"], sorted(photos.iterdir())]
    for source in sources:
        assert summary(build(collection, source)) == {"unchanged": 3}
    assert (collection.info()["generation"], collection.folder.snapshot().version) == state


def test_a_touched_text_is_compared_by_content_once(collection: Collection, photos: Path) -> None:
    build(collection, [photos])
    before = inputs_encoded(collection)
    os.utime(photos / "red.txt", ns=(1, 1))
    assert summary(build(collection, [photos])) == {"unchanged": 3}
    assert inputs_encoded(collection) == before
    (photos / "red.txt").write_text("a low dark bush")  # as long, and below as old: so not read
    os.utime(photos / "red.txt", ns=(1, 1))
    assert summary(build(collection, [photos])) == {"unchanged": 3}


def test_text_is_added_changed_emptied_and_removed(collection: Collection, photos: Path) -> None:
    photo, text = photos / "blue.png", photos / "blue.txt"
    build(collection, [photos])
    collection.describe({make_id(real(photo)): {"by": "me"}})
    for words in ("one", "two three", "", "four"):
        text.write_text(words)
        before = inputs_encoded(collection)
        assert summary(build(collection, [photos])) == {"updated": 1, "unchanged": 2}
        assert inputs_encoded(collection) == before + 1 + bool(words)
        assert words_of(collection, photo) == [words] * bool(words)
    text.unlink()
    assert summary(build(collection, [photos])) == {"updated": 1, "unchanged": 2}
    item = item_of(collection, photo)
    assert (item.id, item.metadata) == (make_id(real(photo)), {"by": "me"})
    assert len(item.segments) == 1
    assert collection.verify().ok


def test_without_sidecars_the_text_is_an_item_again_and_the_photo_loses_its_words(
    collection: Collection, photos: Path
) -> None:
    build(collection, [photos])
    report = build(collection, [photos], sidecars=False)
    assert summary(report) == {"added": 1, "updated": 1, "unchanged": 2}
    assert source_names(collection) == ["blue.png", "note.txt", "red.png", "red.txt"]
    assert words_of(collection, photos / "red.png") == []
    report = build(collection, [photos])
    assert summary(report) == {"updated": 1, "removed": 1, "unchanged": 2}
    assert words_of(collection, photos / "red.png") == ["a low dark barn"]
    assert summary(build(collection, [photos])) == {"unchanged": 3}


@pytest.mark.parametrize("keep_missing", [False, True])
def test_a_text_that_was_an_item_goes_also_if_what_is_missing_is_kept(
    collection: Collection, photos: Path, keep_missing: bool
) -> None:
    build(collection, [photos], sidecars=False)
    (photos / "note.txt").unlink()
    report = build(collection, [photos], keep_missing=keep_missing)
    assert report.removed == 2 - keep_missing
    kept = ["note.txt"] * keep_missing
    assert source_names(collection) == sorted(["blue.png", "red.png", *kept])


def test_a_source_of_texts_that_are_all_absorbed_is_not_taken_for_an_empty_disk(
    collection: Collection, photos: Path
) -> None:
    (photos / "note.txt").rename(photos / "blue.txt")
    build(collection, [photos], sidecars=False)
    report = build(collection, [photos / "*.txt", photos / "*.png"])
    assert summary(report) == {"updated": 2, "removed": 2}


def test_a_glob_of_photos_takes_their_words_from_the_items_that_the_texts_were(
    collection: Collection, photos: Path
) -> None:
    build(collection, [photos], sidecars=False)
    report = build(collection, [photos / "*.png"])
    assert summary(report) == {"updated": 1, "removed": 1, "unchanged": 1}
    assert source_names(collection) == ["blue.png", "note.txt", "red.png"]


def test_a_text_that_could_not_be_read_is_no_problem_once_it_belongs_to_a_photo(
    collection: Collection, photos: Path
) -> None:
    (photos / "blue.txt").write_bytes(b"\0\1")
    assert summary(build(collection, [photos], sidecars=False))["quarantined"] == 1
    report = build(collection, [photos])
    assert report.quarantined == []
    assert collection.folder.quarantined() == []
    assert words_of(collection, photos / "blue.png") == []


def test_the_metadata_of_a_table_goes_with_its_photos_and_texts(
    collection: Collection, photos: Path
) -> None:
    rows = write_table(photos, {"path": "red.png", "id": "r", "year": 1}, {"path": "note.txt"})
    build(collection, [rows])
    item = item_of(collection, photos / "red.png")
    assert (item.id, item.metadata) == ("r", {"year": 1})
    (photos / "red.txt").write_text("other words")
    assert summary(build(collection, [rows])) == {"updated": 1, "unchanged": 1}
    assert words_of(collection, photos / "red.png") == ["other words"]
    assert item_of(collection, photos / "red.png").id == "r"


def test_texts_beside_files_that_no_encoder_takes_are_items(tmp_path: Path, photos: Path) -> None:
    write_tone(photos / "hum.wav", 200.0)
    (photos / "hum.txt").write_text("a high hum")
    with Collection.create(tmp_path / "c", ("tiny:text-image",)) as made:
        report = build(made, [photos])
        assert (summary(report), report.left_out) == ({"added": 4}, 1)
        assert source_names(made) == ["blue.png", "hum.txt", "note.txt", "red.png"]
        assert summary(build(made, [photos])) == {"unchanged": 4}


# Copies and moves


def test_copies_are_one_item_only_if_their_words_are_the_same(
    collection: Collection, photos: Path
) -> None:
    for name in ("bare", "same", "other"):
        (photos / f"{name}.png").write_bytes((photos / "red.png").read_bytes())
    (photos / "same.png.txt").write_text("a low dark barn")
    (photos / "other.txt").write_text("other words")
    assert summary(build(collection, [photos])) == {"added": 5, "duplicates": 1}
    item = item_of(collection, photos / "same.png")
    assert {item.source, *item.aliases} == {real(photos / "red.png"), real(photos / "same.png")}
    assert words_of(collection, photos / "bare.png") == []
    assert words_of(collection, photos / "other.png") == ["other words"]
    (photos / "same.png.txt").unlink()
    assert summary(build(collection, [photos])) == {"duplicates": 1, "unchanged": 5}
    assert words_of(collection, photos / "same.png") == []
    assert words_of(collection, photos / "red.png") == ["a low dark barn"]


def test_two_photos_of_one_stem_both_have_the_words(collection: Collection, photos: Path) -> None:
    write_picture(photos / "red.bmp", COLOURS["green"])
    assert summary(build(collection, [photos])) == {"added": 4}
    assert words_of(collection, photos / "red.bmp") == ["a low dark barn"]
    (photos / "red.bmp.txt").write_text("its own")
    assert summary(build(collection, [photos])) == {"updated": 1, "unchanged": 3}
    assert words_of(collection, photos / "red.bmp") == ["its own"]
    assert words_of(collection, photos / "red.png") == ["a low dark barn"]


def test_a_photo_that_moves_with_its_text_keeps_its_vectors(
    collection: Collection, photos: Path
) -> None:
    build(collection, [photos])
    collection.describe({make_id(real(photos / "red.png")): {"by": "me"}})
    before = inputs_encoded(collection)
    (photos / "sub").mkdir()
    (photos / "red.png").rename(photos / "sub/barn.png")
    (photos / "red.txt").rename(photos / "sub/barn.png.txt")
    assert summary(build(collection, [photos])) == {"moved": 1, "unchanged": 2}
    assert inputs_encoded(collection) == before
    item = item_of(collection, photos / "sub/barn.png")
    assert (item.source, item.metadata) == (real(photos / "sub/barn.png"), {"by": "me"})
    assert words_of(collection, photos / "sub/barn.png") == ["a low dark barn"]


def test_a_photo_that_moves_alone_is_another_without_words(
    collection: Collection, photos: Path
) -> None:
    build(collection, [photos])
    (photos / "red.png").rename(photos / "barn.png")
    assert summary(build(collection, [photos])) == {"added": 2, "removed": 1, "unchanged": 2}
    assert source_names(collection) == ["barn.png", "blue.png", "note.txt", "red.txt"]
    assert words_of(collection, photos / "barn.png") == []


def test_a_text_that_moves_alone_goes_to_what_it_lies_beside(
    collection: Collection, photos: Path
) -> None:
    build(collection, [photos])
    (photos / "red.txt").rename(photos / "blue.txt")
    assert summary(build(collection, [photos])) == {"updated": 2, "unchanged": 1}
    assert words_of(collection, photos / "red.png") == []
    assert words_of(collection, photos / "blue.png") == ["a low dark barn"]
    (photos / "blue.txt").rename(photos / "barn.txt")
    assert summary(build(collection, [photos])) == {"added": 1, "updated": 1, "unchanged": 2}
    assert source_names(collection) == ["barn.txt", "blue.png", "note.txt", "red.png"]
    (photos / "note.txt").rename(photos / "red.txt")
    assert summary(build(collection, [photos])) == {"updated": 1, "removed": 1, "unchanged": 2}


# What goes wrong


@pytest.mark.parametrize("comes_first", ["text", "neither"])
@pytest.mark.parametrize("is_opened", [False, True])
def test_the_text_of_a_photo_that_cannot_be_read_is_an_item_until_it_can(
    collection: Collection,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    comes_first: str,
    is_opened: bool,
) -> None:
    digest_file = content.digest_file

    def refuse(path: str) -> str:
        if str(path).endswith("bad.png"):
            raise MediaError(path, "cannot be read: Permission denied")
        return digest_file(path)

    if not is_opened:  # so that each build tries it again
        monkeypatch.setattr(content, "digest_file", refuse)
    photo, text = photos / "bad.png", photos / "bad.txt"
    text.write_text("what it would show")
    if comes_first == "text":
        build(collection, [photos])
    photo.write_bytes(b"x")
    report = build(collection, [photos])
    counts = {"unchanged": 4} if comes_first == "text" else {"added": 4}
    assert summary(report) == {**counts, "quarantined": 1}
    assert [problem.path for problem in report.quarantined] == [real(photo)]
    for _ in range(2):
        again = build(collection, [photos])
        assert (summary(again), again.untried) == ({"unchanged": 4, "quarantined": 1}, is_opened)
    again = build(collection, [photos], retry_failed=True)
    assert (summary(again), again.untried) == ({"unchanged": 4, "quarantined": 1}, 0)
    text.write_text("which is not to be seen")
    assert summary(build(collection, [photos])) == {"updated": 1, "unchanged": 3, "quarantined": 1}
    assert item_of(collection, text).kind is Kind.TEXT
    monkeypatch.undo()
    write_picture(photo, COLOURS["green"])
    assert summary(build(collection, [photos])) == {"added": 1, "removed": 1, "unchanged": 3}
    assert words_of(collection, photo) == ["which is not to be seen"]
    photo.write_bytes(b"x")
    report = build(collection, [photos])
    assert summary(report) == {"added": 1, "removed": 1, "unchanged": 3, "quarantined": 1}
    assert collection.verify().ok


def test_a_text_beside_a_photo_that_can_be_read_and_one_that_cannot_belongs_to_the_first(
    collection: Collection, photos: Path
) -> None:
    (photos / "red.bmp").write_bytes(b"x")
    for _ in range(2):
        build(collection, [photos])
        assert source_names(collection) == ["blue.png", "note.txt", "red.png"]
        assert words_of(collection, photos / "red.png") == ["a low dark barn"]


def test_a_text_that_cannot_be_read_is_warned_of_and_looked_at_again(
    collection: Collection,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    digest_file = content.digest_file

    def refuse(path: str) -> str:  # as for a user without permission; tests may run as root
        if str(path).endswith("red.txt"):
            raise MediaError(path, "cannot be read: Permission denied")
        return digest_file(path)

    with monkeypatch.context() as patched:
        patched.setattr(content, "digest_file", refuse)
        assert summary(build(collection, [photos])) == {"added": 3}
        assert summary(build(collection, [photos])) == {"unchanged": 3}
        assert not collection.needs_publish
    assert [message for message in caplog.messages if "left out" in message] == [
        f"{real(photos / 'red.txt')}: its words are left out: it cannot be read: Permission denied"
    ] * 2
    assert words_of(collection, photos / "red.png") == []
    assert summary(build(collection, [photos])) == {"updated": 1, "unchanged": 2}
    assert words_of(collection, photos / "red.png") == ["a low dark barn"]


@pytest.mark.parametrize("moment", ["before it is compared", "before it is encoded"])
def test_a_text_that_goes_while_a_build_is_going_on(
    collection: Collection, photos: Path, moment: str, caplog: pytest.LogCaptureFixture
) -> None:
    scan = check_sources([photos])
    digest_file = content.digest_file

    def digest_and_remove(path: str) -> str:
        digest = digest_file(path)
        if str(path).endswith("red.txt"):
            (photos / "red.txt").unlink()
        return digest

    with pytest.MonkeyPatch.context() as patched:
        if moment == "before it is encoded":
            patched.setattr(content, "digest_file", digest_and_remove)
        else:
            (photos / "red.txt").unlink()
        build(collection, scan)
    is_warned = "red.txt: its words are left out: it does not exist" in caplog.text
    assert is_warned == (moment == "before it is encoded")
    assert words_of(collection, photos / "red.png") == []
    build(collection, [photos])
    assert summary(build(collection, [photos])) == {"unchanged": 3}


def test_a_text_without_words_is_no_error(collection: Collection, photos: Path) -> None:
    (photos / "blue.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (photos / "blue.xmp").write_bytes(b"no XML")
    assert summary(build(collection, [photos])) == {"added": 3}
    assert words_of(collection, photos / "blue.png") == []
    assert summary(build(collection, [photos])) == {"unchanged": 3}


def test_a_build_that_was_stopped_goes_on(collection: Collection, photos: Path) -> None:
    build(collection, [photos], sidecars=False)
    (photos / "blue.txt").write_text("more words")

    def stop(progress: BuildProgress) -> None:
        if progress.phase == "encode" and progress.done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(collection, [photos], progress=stop)
    assert words_of(collection, photos / "blue.png") == ["more words"]
    assert words_of(collection, photos / "red.png") == []
    assert "red.txt" in source_names(collection)
    report = build(collection, [photos])
    assert summary(report) == {"updated": 1, "removed": 1, "unchanged": 2}


# Reading again, and adding


def test_what_has_not_changed_is_read_again_on_request(
    collection: Collection, photos: Path
) -> None:
    (photos / "copy.png").write_bytes((photos / "blue.png").read_bytes())
    rows = write_table(photos, {"text": "a green row", "id": "row"})
    build(collection, [photos, rows])
    collection.describe({make_id(real(photos / "red.png")): {"by": "me"}})
    items = {path: file.item_id for path, file in collection.folder.files().items()}
    before = inputs_encoded(collection)
    report = build(collection, [photos, rows], reread=True)
    assert summary(report) == {"updated": 4, "unchanged": 1}  # the copy is not read for itself
    assert inputs_encoded(collection) == before + 5
    assert {path: file.item_id for path, file in collection.folder.files().items()} == items
    assert item_of(collection, photos / "red.png").metadata == {"by": "me"}
    assert collection.verify().ok
    assert summary(build(collection, [photos, rows])) == {"unchanged": 5}


def test_an_item_is_read_again_whichever_of_its_files_is_there(
    collection: Collection, photos: Path
) -> None:
    (photos / "a.png").write_bytes((photos / "blue.png").read_bytes())
    build(collection, [photos / "blue.png"])
    build(collection, [photos])  # so that the item is called after the second of its files
    before = inputs_encoded(collection)
    assert summary(build(collection, [photos], reread=True)) == {"updated": 3, "unchanged": 1}
    assert inputs_encoded(collection) == before + 4
    (photos / "blue.png").unlink()
    report = build(collection, [photos], reread=True, keep_missing=True)
    assert summary(report) == {"updated": 3}
    assert item_of(collection, photos / "a.png").source == real(photos / "blue.png")
    write_picture(photos / "blue.png", COLOURS["green"])
    build(collection, [photos], reread=True)
    assert item_of(collection, photos / "a.png").source == real(photos / "a.png")
    assert item_of(collection, photos / "blue.png").aliases == []
    assert collection.verify().ok


def test_items_that_have_a_source_of_their_own_keep_it_when_they_are_read_again(
    collection: Collection, photos: Path
) -> None:
    ingest(collection, [NewItem(photos / "blue.png", "b", "shop/1", metadata={"price": 3})])
    assert summary(build(collection, [photos / "blue.png"], reread=True)) == {"updated": 1}
    item = item_of(collection, photos / "blue.png")
    assert (item.id, item.source, item.metadata) == ("b", "shop/1", {"price": 3})


@pytest.mark.parametrize("error", [MemoryError(), MediaError("x", "is no longer read")])
def test_what_cannot_be_read_again_stays_as_it_was(
    collection: Collection, photos: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(source: Path, options: object) -> object:
        raise error

    (photos / "copy.png").write_bytes((photos / "blue.png").read_bytes())
    build(collection, [photos])
    with monkeypatch.context() as patched:
        patched.setattr("anysense.embed.media.picture.motion.photo_pieces", refuse)
        report = build(collection, [photos], reread=True)
    assert summary(report) == {"updated": 1, "unchanged": 1, "quarantined": 2}
    assert [os.path.basename(problem.path) for problem in report.quarantined] == [  # noqa: PTH119
        "blue.png",
        "red.png",
    ]
    assert collection.folder.quarantined() == []
    assert words_of(collection, photos / "red.png") == ["a low dark barn"]
    assert summary(build(collection, [photos])) == {"unchanged": 4}
    assert summary(build(collection, [photos], reread=True)) == {"updated": 3, "unchanged": 1}


def test_what_cannot_be_opened_to_be_read_again_stays_as_it_was(
    collection: Collection, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> str:
        raise MediaError(path, "cannot be read: Permission denied")

    build(collection, [photos])
    monkeypatch.setattr(content, "digest_file", refuse)
    assert summary(build(collection, [photos], reread=True)) == {"quarantined": 3}
    monkeypatch.undo()
    assert summary(build(collection, [photos])) == {"unchanged": 3}


def test_a_copy_is_read_again_though_its_item_is_called_after_a_file_elsewhere(
    collection: Collection, photos: Path, tmp_path: Path
) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    (copies / "z.png").write_bytes((photos / "blue.png").read_bytes())
    build(collection, [photos])
    build(collection, [copies])
    former = item_of(collection, copies / "z.png")
    assert former.source == real(photos / "blue.png")
    before = inputs_encoded(collection)
    assert summary(build(collection, [copies], reread=True)) == {"updated": 1}
    assert inputs_encoded(collection) == before + 1
    item = item_of(collection, copies / "z.png")
    assert (item.id, item.source, item.aliases) == (former.id, former.source, former.aliases)


@pytest.mark.parametrize("names", [("a.png", "b.png"), ("b.png", "a.png")])
@pytest.mark.parametrize("batch_items", [1, 128])
@pytest.mark.parametrize("is_bad", [False, True])
def test_a_copy_is_read_again_though_the_file_that_its_item_is_called_after_has_changed(
    collection: Collection, tmp_path: Path, names: tuple[str, str], batch_items: int, is_bad: bool
) -> None:
    source, copy = (tmp_path / "pair" / name for name in names)
    source.parent.mkdir()
    for path in (source, copy):
        write_picture(path, COLOURS["red"])
        build(collection, [path])
    assert item_of(collection, copy).source == real(source)
    if is_bad:
        source.write_bytes(b"x")
    else:
        write_picture(source, COLOURS["green"])
    before = inputs_encoded(collection)
    options = BuildOptions(reread=True, batch_items=batch_items)
    report = run_build(collection, [source.parent], options)
    outcome = {"quarantined": 1} if is_bad else {"added": 1}
    assert summary(report) == {"updated": 1, **outcome}
    assert inputs_encoded(collection) == before + 2 - is_bad
    assert item_of(collection, copy).source == real(copy)
    if not is_bad:
        assert item_of(collection, source).source == real(source)
    assert collection.verify().ok
    assert collection.info()["items"] == 2 - is_bad


def test_an_added_photo_brings_its_words(collection: Collection, photos: Path) -> None:
    ingest(collection, [NewItem(photos / "red.png")])
    assert words_of(collection, photos / "red.png") == ["a low dark barn"]
    assert summary(build(collection, [photos])) == {"added": 2, "unchanged": 1}
    report = ingest(collection, [NewItem(photos / "red.png")], sidecars=False)
    assert (report.updated, report.duplicates) == (1, 0)
    assert words_of(collection, photos / "red.png") == []


# Any history


@pytest.mark.parametrize("seed", range(16))
def test_any_history_of_photos_and_texts_ends_up_as_the_files_are(
    collection: Collection, tmp_path: Path, seed: int
) -> None:
    rng, folder = random.Random(seed), tmp_path / "media"
    (folder / "sub").mkdir(parents=True)
    (folder / "stays.txt").write_text("red stays")  # so that the folder is never empty
    for name in COLOURS:
        write_picture(tmp_path / f"{name}.png", COLOURS[name])
    for _ in range(12):
        for _ in range(rng.randint(1, 6)):
            change_a_file(rng, folder, [*tmp_path.glob("*.png")])
        stop_at = rng.choice([None, None, None, 1, 2, 3])

        def stop(progress: BuildProgress, stop_at: int | None = stop_at) -> None:
            if progress.phase == "encode" and progress.done == stop_at:
                raise KeyboardInterrupt

        with contextlib.suppress(KeyboardInterrupt):
            build(
                collection,
                [folder],
                progress=stop,
                retry_failed=rng.random() < 0.3,
                keep_missing=rng.random() < 0.2,
                sidecars=rng.random() < 0.8,
                reread=rng.random() < 0.2,
            )
        check_words_of_items(collection)
    sidecars = seed % 4 != 0
    build(collection, [folder], sidecars=sidecars)
    check_words_of_items(collection)
    expected = model_of(folder, sidecars)
    assert {path: content_of(collection, path) for path in collection.folder.files()} == {
        path: texts for path, (_, texts) in expected.items() if texts is not None
    }
    assert {file.path for file in collection.folder.quarantined()} == {
        path for path, (_, texts) in expected.items() if texts is None
    }
    contents = {key for key, texts in expected.values() if texts is not None}
    assert collection.info()["items"] == len(contents)
    assert collection.verify().ok
    report = build(collection, [folder], sidecars=sidecars)
    assert summary(report).keys() <= {"unchanged", "quarantined"}


def model_of(
    folder: Path, sidecars: bool
) -> Mapping[str, tuple[tuple[bytes, bytes | None], list[str] | None]]:
    """What each file comes to: what its copies have too, and its texts; None if it is bad."""
    outcome: dict[str, tuple[tuple[bytes, bytes | None], list[str] | None]] = {}
    for place in (folder, folder / "sub"):
        files = {path.name: path for path in place.iterdir() if path.is_file()}
        pairs = pair_sidecars(files) if sidecars else {}
        readable = [name for name in pairs if len(files[name].read_bytes()) >= 10]
        absorbed = {name for photo in readable for name in pairs[photo]}
        for name in files.keys() - absorbed:
            data = files[name].read_bytes()
            [text] = pairs.get(name, [None])
            said = files[text].read_bytes() if text is not None else None
            texts: list[str] | None = [said.decode()] if said is not None and said.strip() else []
            if MEDIA_SUFFIXES[files[name].suffix] is Modality.TEXT:
                texts = [data.decode()] if data.strip() else None
            elif len(data) < 10:
                texts = None
            outcome[real(files[name])] = ((data, said), texts)
    return outcome


def content_of(collection: Collection, path: str) -> list[str | None]:
    """The texts that the item of a file has."""
    file = collection.folder.files()[path]
    item = collection.folder.snapshot().item(file.item_id)
    assert path in (item.source, *item.aliases)
    return [segment.text for segment in item.segments if segment.modality is Modality.TEXT]


def check_words_of_items(collection: Collection) -> None:
    """Whatever happened, each item has the words that are noted beside its files."""
    for path, file in collection.folder.files().items():
        if MEDIA_SUFFIXES[os.path.splitext(path)[1]] is not Modality.TEXT:  # noqa: PTH122
            assert len(content_of(collection, path)) <= len(file.record.sidecars)


def change_a_file(rng: random.Random, folder: Path, pictures: list[Path]) -> None:
    """Write, copy, move, trade or delete a photo, a text, or both; contents are few."""
    stems = [folder / inner / name for inner in ("", "sub") for name in "ab"]
    suffixes = (".png", ".bmp", ".txt", ".png.txt")
    stem, other = rng.choice(stems), rng.choice(stems)
    suffix = rng.choice(suffixes)
    path = stem.with_name(stem.name + suffix)
    kind = rng.choice(["write", "write", "write", "copy", "move", "move both", "touch", "delete"])
    if kind == "write" or not path.exists():
        if "txt" in suffix:
            path.write_text(rng.choice(["red barn", "low hum", "blue", "", " "]))
        else:
            path.write_bytes(rng.choice([*(p.read_bytes() for p in pictures), b"x"]))
    elif kind == "copy":
        other.with_name(other.name + suffix).write_bytes(path.read_bytes())
    elif kind == "move":
        path.replace(other.with_name(other.name + suffix))
    elif kind == "move both":
        for each in suffixes:
            if (mine := stem.with_name(stem.name + each)).exists():
                mine.replace(other.with_name(other.name + each))
    elif kind == "touch":
        os.utime(path, ns=(rng.randint(1, 9), rng.randint(1, 9)))
    else:
        path.unlink()
