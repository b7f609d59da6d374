"""A video is an item of its frames and its sound; how many frames is kept with the collection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tiny_files import summary
from video_files import Scene, colour, film, tones

from anysense.embed.errors import UsageError
from anysense.index.building.build import build
from anysense.index.building.settings.cutting import video_fps_of

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection

COLOURS = ("red", "blue", "lime", "red", "blue", "lime", "red", "blue")
QUICK = film([Scene(colour(name), 0.5, tones((110, 0.5))) for name in COLOURS])
"""Two scenes a second."""


def frames(collection: Collection, path: Path) -> int:
    item_id = collection.folder.files()[str(path.resolve())].item_id
    segments = collection.folder.snapshot().item(item_id).segments
    return sum(segment.modality.value == "image" for segment in segments)


def test_a_video_is_one_item_of_its_kind(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(QUICK)
    build(collection, [tmp_path / "a.mkv"])
    [hit] = collection.search("red", kinds=["video"])
    assert (hit.kind.value, hit.metadata) == ("video", {})
    assert (hit.place.start, hit.place.end) in ((0.0, 1.0), (3.0, 4.0))


def test_how_many_frames_is_kept_for_videos_to_come(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    first, second = folder / "a.mp4", folder / "b.mp4"
    first.write_bytes(QUICK)
    assert not build(collection, [folder], video_fps=1).has_new_video_fps
    assert frames(collection, first) == 4
    second.write_bytes(QUICK + b"\0\0\0\x10free" + bytes(8))
    report = build(collection, [folder], video_fps=2)
    assert (summary(report), report.has_new_video_fps) == ({"added": 1, "unchanged": 1}, True)
    assert (frames(collection, first), frames(collection, second)) == (4, 8)
    assert not build(collection, [folder], reread=True).has_new_video_fps
    assert frames(collection, first) == 8
    build(collection, [folder], video_fps=1.0)
    assert video_fps_of(collection.folder) == 1.0


@pytest.mark.parametrize("fps", [0.0, 31.0, float("nan")])
def test_too_many_or_too_few_are_refused(collection: Collection, media: Path, fps: float) -> None:
    with pytest.raises(UsageError, match=r"0\.01 to 30 frames are taken, not"):
        build(collection, [media], video_fps=fps)


def test_a_video_that_was_cut_short_says_so(collection: Collection, tmp_path: Path) -> None:
    data = film([Scene(colour("red"), 3.0), Scene(colour("blue"), 3.0)], "matroska")
    (tmp_path / "a.mkv").write_bytes(data[: len(data) // 2])
    build(collection, [tmp_path / "a.mkv"])
    [hit] = collection.search("red")
    assert hit.metadata == {"complete": False}


def test_a_transport_stream_is_told_from_a_program(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "app.ts").write_text("export const answer: number = 42;\n" * 50)
    (tmp_path / "film.ts").write_bytes(film([Scene(colour("red"))], "mpegts"))
    report = build(collection, [tmp_path])
    assert (summary(report), report.unread_kinds) == ({"added": 1}, {".ts": 1})
