"""A motion photo is an image that is found by its sound, too, and can be played."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from motion_photos import by_length
from tiny_files import summary
from video_files import Scene, colour, film, tones

from anysense.embed.media.identify import media_type
from anysense.embed.media.video.facts import is_heard, stated_length
from anysense.embed.types import Modality, Waveform
from anysense.index.building.build import build

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection

TONE = tones((3000, 2.0))
VIDEO = film([Scene(colour("red"), 1.0, TONE[:48_000]), Scene(colour("blue"), 1.0, TONE[48_000:])])


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(by_length(colour("red"), VIDEO))
    return path


def test_it_is_one_item_with_what_its_picture_does_not_show(
    collection: Collection, photo: Path
) -> None:
    assert summary(build(collection, [photo])) == {"added": 1}
    [file] = collection.folder.files().values()
    item = collection.folder.snapshot().item(file.item_id)
    assert item.kind.value == "image"
    seen = [s.place.start for s in item.segments if s.modality is Modality.IMAGE]
    heard = [s.place.start for s in item.segments if s.modality is Modality.AUDIO]
    assert (seen, heard) == ([None, 1.0], [0.0])  # what is red is seen in the picture
    assert len(collection.search("red")) == 1


def test_its_sound_is_found_and_played(collection: Collection, photo: Path) -> None:
    build(collection, [photo])
    [hit] = collection.search(Waveform(TONE, 48_000), modalities=["audio"])
    assert (hit.kind.value, hit.modality.value, hit.start) == ("image", "audio", 0.0)
    clip = hit.clip()
    assert (clip.mime_type, media_type(clip.data)) == ("video/mp4", "video/mp4")
    assert is_heard(clip.data)
    assert stated_length(clip.data) == pytest.approx(2.0, abs=0.2)
    assert hit.thumbnail(160).mime_type == "image/jpeg"
    told = collection.search(Waveform(TONE, 48_000), modalities=["audio"]).as_messages()
    assert [part["type"] for part in told[1:]] == ["input_audio"]


def test_as_a_query_it_is_its_picture(collection: Collection, photo: Path, tmp_path: Path) -> None:
    still = tmp_path / "still.jpg"
    data = photo.read_bytes()
    still.write_bytes(data[: len(data) - len(VIDEO)])
    build(collection, [photo])
    scores = [collection.search(path)[0].raw_score for path in (photo, still)]
    assert scores[0] == scores[1]


def test_a_broken_one_is_a_picture(
    collection: Collection, photo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with photo.open("r+b") as file:
        file.seek(-len(VIDEO), os.SEEK_END)
        file.write(bytes(64))
    assert summary(build(collection, [photo])) == {"added": 1}
    [hit] = collection.search("red")
    assert (hit.kind.value, hit.metadata) == ("image", {})
    assert "photo.jpg: its video is left out" in caplog.text
