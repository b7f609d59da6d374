"""An animated picture is an item of kind video; what was read as a picture before is read again."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from animations import ANIMATED, COLOURS, animation, card
from media_files import saved
from tiny_files import inputs_encoded, summary

from anysense.embed.media.formats import animation as timing
from anysense.index.building.build import build
from anysense.index.building.settings.animations import items_to_animate

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.embed.media.signatures import Format
    from anysense.index.collection import Collection

CARDS = [card(name) for name in COLOURS]
PLACES = [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Animated pictures, one in a tar, and one that stands still."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for file_format in ANIMATED:
        data = animation(file_format, CARDS, 1.0)
        (folder / f"moving.{file_format.lower()}").write_bytes(data)
    (folder / "still.gif").write_bytes(saved(card("red", (32, 32)), "GIF"))
    with tarfile.open(folder / "shard.tar", "w") as tar:
        data = animation("GIF", CARDS[::-1], 1.0)
        member = tarfile.TarInfo("0001.gif")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return folder


def as_before(monkeypatch: pytest.MonkeyPatch, collection: Collection, *sources: Path) -> None:
    """Build as a version did that read the first frame alone."""

    def no_animation(file: io.BytesIO, file_format: Format) -> None:
        """Of a version that knew none."""

    with monkeypatch.context() as patch:
        patch.setattr("anysense.embed.media.identify.animated_format", no_animation)
        patch.setattr("anysense.embed.media.video.tracks.animated_format", no_animation)
        patch.setattr("anysense.index.building.build.note_animated", lambda *_: None)
        build(collection, list(sources))
    assert timing.animated_format is not no_animation


def kinds(collection: Collection) -> dict[str, str]:
    found = collection.folder.files().items()
    item = collection.folder.snapshot().item
    return {path.rpartition("/")[2]: str(item(file.item_id).kind) for path, file in found}


def places(collection: Collection, name: str) -> list[tuple[float | None, float | None]]:
    [file] = [f for path, f in collection.folder.files().items() if path.endswith(name)]
    segments = collection.folder.snapshot().item(file.item_id).segments
    return sorted((s.place.start, s.place.end) for s in segments)


def test_what_moves_is_a_video_of_its_frames(collection: Collection, pictures: Path) -> None:
    assert summary(build(collection, [pictures])) == {"added": 5}
    moving = {f"moving.{file_format.lower()}": "video" for file_format in ANIMATED}
    assert kinds(collection) == {**moving, "0001.gif": "video", "still.gif": "image"}
    for name in moving:
        assert places(collection, name) == PLACES
    assert summary(build(collection, [pictures])) == {"unchanged": 5}


def test_frames_that_show_the_same_are_one_segment(collection: Collection, tmp_path: Path) -> None:
    frames = [CARDS[0]] * 4 + [CARDS[2]] * 3
    data = animation("PNG", frames, 1.0, disposal=0)
    (tmp_path / "a.png").write_bytes(data)
    build(collection, [tmp_path / "a.png"])
    assert places(collection, "a.png") == [(0.0, 4.0), (4.0, 7.0)]


def test_what_was_a_picture_before_is_read_again_once(
    collection: Collection, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_before(monkeypatch, collection, pictures)
    assert set(kinds(collection).values()) == {"image"}
    assert len(items_to_animate(collection.folder)) == 4
    assert summary(build(collection, [pictures])) == {"updated": 4, "unchanged": 1}
    assert sorted(kinds(collection).values()) == ["image"] + ["video"] * 4
    before = inputs_encoded(collection)
    assert summary(build(collection, [pictures])) == {"unchanged": 5}
    assert inputs_encoded(collection) == before


def test_files_are_looked_into_once(
    collection: Collection, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_before(monkeypatch, collection, pictures)
    assert summary(build(collection, [pictures / "moving.gif"])) == {"updated": 1}
    looked = "anysense.index.building.settings.animations.animated_format"
    monkeypatch.setattr(looked, lambda *_: pytest.fail("a file was looked into again"))
    assert len(items_to_animate(collection.folder)) == 3  # those that were not built yet
    assert summary(build(collection, [pictures])) == {"updated": 3, "unchanged": 2}
    assert items_to_animate(collection.folder) == frozenset()


def test_what_is_gone_by_then_is_passed_over(
    collection: Collection, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_before(monkeypatch, collection, pictures)
    (pictures / "moving.gif").unlink()
    (pictures / "shard.tar").unlink()
    assert summary(build(collection, [pictures])) == {"updated": 2, "removed": 2, "unchanged": 1}


def test_a_cut_one_says_so(collection: Collection, tmp_path: Path) -> None:
    data = animation("GIF", [card(name, (200, 150)) for name in COLOURS * 4], 1.0)
    (tmp_path / "a.gif").write_bytes(data[: len(data) // 2])
    build(collection, [tmp_path / "a.gif"])
    [hit] = collection.search("red")
    assert (hit.kind.value, hit.metadata) == ("video", {"complete": False})
