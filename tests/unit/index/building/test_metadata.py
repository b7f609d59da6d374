from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from tiny_files import real, summary, write_picture

from anysense.embed.errors import UsageError
from anysense.index.building.attribution import Attribution
from anysense.index.building.build import build
from anysense.index.catalog.records import make_id

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection


def test_a_metadata_file_describes_by_path_and_id(collection: Collection, media: Path) -> None:
    described = media.parent / "about.csv"
    with described.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "id", "year"])
        writer.writerow(["media/red.png", "", 2001])
        writer.writerow(["blue.png", "", 2002])
        writer.writerow(["", make_id(real(media / "note.txt")), 2003])
        writer.writerow(["nowhere.png", "", 2004])
    report = build(collection, [media], metadata=described)
    assert report.unmatched_metadata == 1
    assert [hit.source for hit in collection.search("x", where="year = 2002")] == [
        real(media / "blue.png")
    ]
    item = collection.folder.snapshot().item(make_id(real(media / "note.txt")))
    assert item.metadata == {"year": 2003}
    assert summary(build(collection, [media])) == {"unchanged": 5}
    assert collection.folder.snapshot().item(item.id).metadata == {"year": 2003}
    described.write_text("path,year\nred.png,1999\nblue.png,2002\n")
    assert summary(build(collection, [media], metadata=described)) == {
        "described": 2,
        "unchanged": 5,
    }
    assert collection.folder.snapshot().item(item.id).metadata == {}


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


def describe_with(collection: Collection, media: Path, *rows: str) -> dict[str, int]:
    """A build with a metadata file of these rows."""
    about = media.parent / "about.csv"
    about.write_text("path,year,by\n" + "".join(f"{row}\n" for row in rows))
    return summary(build(collection, [media], metadata=about))


def metadata_of(collection: Collection, path: Path) -> dict[str, object]:
    item_id = collection.folder.files()[real(path)].item_id
    return collection.folder.snapshot().item(item_id).metadata


def test_what_a_metadata_file_says_no_more_is_taken_back(
    collection: Collection, media: Path
) -> None:
    red, blue = media / "red.png", media / "blue.png"
    describe_with(collection, media, "red.png,2001,me", "blue.png,2002,")
    item_id = collection.folder.files()[real(red)].item_id
    collection.describe({item_id: {"year": 2001, "by": "you", "title": "Red"}})
    assert summary(build(collection, [media])) == {"unchanged": 5}
    assert describe_with(collection, media, "blue.png,2002,") == {"described": 1, "unchanged": 5}
    assert metadata_of(collection, red) == {"by": "you", "title": "Red"}
    assert metadata_of(collection, blue) == {"year": 2002}
    assert describe_with(collection, media, "blue.png,2002,") == {"unchanged": 5}
    assert describe_with(collection, media, "red.png,2003,") == {"described": 2, "unchanged": 5}
    assert metadata_of(collection, blue) == {}
    assert collection.verify().ok


def test_what_was_said_of_a_file_is_known_where_it_has_moved(
    collection: Collection, media: Path
) -> None:
    describe_with(collection, media, "red.png,2001,me", "low.wav,2002,")
    (media / "red.png").rename(media / "moved.png")
    (media / "low.wav").rename(media / "moved.wav")
    describe_with(collection, media, "moved.wav,2002,you")
    assert metadata_of(collection, media / "moved.png") == {}
    assert metadata_of(collection, media / "moved.wav") == {"year": 2002, "by": "you"}


def test_copies_and_other_folders_keep_what_was_said(collection: Collection, media: Path) -> None:
    other = media.parent / "other"
    other.mkdir()
    (other / "copy.png").write_bytes((media / "red.png").read_bytes())
    write_picture(other / "pink.png", (255, 100, 100))
    describe_with(collection, media, "red.png,2001,me", "blue.png,2002,")
    about = other / "about.csv"
    about.write_text("path,year\npink.png,2005\n")
    build(collection, [other], metadata=about)
    assert metadata_of(collection, media / "red.png") == {"year": 2001, "by": "me"}
    assert metadata_of(collection, media / "blue.png") == {"year": 2002}
    build(collection, [media, other], metadata=about)
    assert metadata_of(collection, media / "red.png") == {}
    assert metadata_of(collection, other / "pink.png") == {"year": 2005}


def test_a_build_that_was_killed_leaves_nothing_for_good(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe_with(collection, media, "red.png,2001,me")

    def die(*_: object) -> int:
        raise KeyboardInterrupt

    write_picture(media / "new.png", (10, 200, 200))
    with monkeypatch.context() as patch:
        patch.setattr(Attribution, "settle", die)
        with pytest.raises(KeyboardInterrupt):
            describe_with(collection, media, "red.png,2009,", "new.png,2009,")
    assert metadata_of(collection, media / "new.png") == {"year": 2009}
    describe_with(collection, media, "blue.png,2002,")
    assert metadata_of(collection, media / "red.png") == {}
    assert metadata_of(collection, media / "new.png") == {}


def test_a_changed_file_that_is_named_no_more_loses_what_was_said(
    collection: Collection, media: Path
) -> None:
    describe_with(collection, media, "red.png,2001,me")
    write_picture(media / "red.png", (200, 0, 0))
    describe_with(collection, media, "blue.png,2002,")
    assert metadata_of(collection, media / "red.png") == {}


def test_what_was_said_of_files_is_known_where_they_have_traded_places(
    collection: Collection, media: Path
) -> None:
    red, blue = media / "red.png", media / "blue.png"
    describe_with(collection, media, "red.png,2001,me", "blue.png,2002,you")
    red.rename(media / "away")
    blue.rename(red)
    (media / "away").rename(blue)
    describe_with(collection, media, "low.wav,2003,")
    assert metadata_of(collection, red) == metadata_of(collection, blue) == {}


def test_what_was_said_is_known_of_a_file_that_moved_and_was_edited_in_builds_of_their_own(
    collection: Collection, media: Path
) -> None:
    describe_with(collection, media, "red.png,2001,me")
    (media / "red.png").rename(media / "rose.png")
    build(collection, [media])
    write_picture(media / "rose.png", (200, 20, 90))
    build(collection, [media])
    assert metadata_of(collection, media / "rose.png") == {"year": 2001, "by": "me"}
    assert describe_with(collection, media, "blue.png,2002,") == {"described": 2, "unchanged": 5}
    assert metadata_of(collection, media / "rose.png") == {}


def test_what_was_said_is_known_of_the_copy_that_is_left(
    collection: Collection, media: Path
) -> None:
    copy = media / "copy.png"
    copy.write_bytes((media / "red.png").read_bytes())
    describe_with(collection, media, "copy.png,2001,me")
    describe_with(collection, media, "red.png,2002,me")
    (media / "red.png").unlink()
    build(collection, [media])
    assert metadata_of(collection, copy) == {"year": 2002, "by": "me"}
    assert describe_with(collection, media, "blue.png,2002,") == {"described": 2, "unchanged": 5}
    assert metadata_of(collection, copy) == {}


def test_of_copies_that_counts_which_is_said_of_the_first(
    collection: Collection, media: Path
) -> None:
    build(collection, [media])
    content = (media / "red.png").read_bytes()
    (media / "red.png").rename(media / "rose.png")
    (media / "ruby.png").write_bytes(content)
    said = ("ruby.png,2001,me",)
    assert describe_with(collection, media, *said)["described"] == 1
    assert metadata_of(collection, media / "rose.png") == {"year": 2001, "by": "me"}
    said = ("ruby.png,2001,me", "rose.png,2002,you")
    assert describe_with(collection, media, *said) == {"described": 1, "unchanged": 6}
    assert metadata_of(collection, media / "ruby.png") == {"year": 2002, "by": "you"}
    assert describe_with(collection, media, *said) == {"unchanged": 6}
