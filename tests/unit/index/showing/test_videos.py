"""A video that was found is shown by the frame that matched and played from there on."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
import tiny
from PIL import Image
from video_files import Scene, colour, film, tones

from anysense import Collection, NewItem
from anysense.embed.errors import MediaTooLargeError, UsageError
from anysense.embed.media.identify import media_type
from anysense.embed.media.video.hearing import read_soundtrack
from anysense.index.hits.hits import Hits
from anysense.index.showing.reader import CollectionReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense import Hit
    from anysense.index.hits.media import MediaFile

NAMES = ("red", "lime", "blue")


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    tiny.register()
    scenes = [
        Scene(colour(name), 3.0, tones((300 + 300 * at, 3.0))) for at, name in enumerate(NAMES)
    ]
    (tmp_path / "film.mp4").write_bytes(film(scenes))
    with Collection.create(tmp_path / "c", ["tiny"]) as made:
        assert made.add([NewItem(tmp_path / "film.mp4", id="film")]).failed == []
        yield made


def hit_of(collection: Collection, name: str) -> Hit:
    [hit] = collection.search(Image.new("RGB", (32, 32), name), modalities=["image"])
    return hit


def brightest(file: MediaFile) -> int:
    with Image.open(io.BytesIO(file.data)) as picture:
        pixel = picture.convert("RGB").getpixel((2, 2))
    assert isinstance(pixel, tuple)
    return pixel.index(max(pixel))


def test_the_thumbnail_of_a_hit_is_the_frame_that_matched(collection: Collection) -> None:
    for channel, name in enumerate(NAMES):
        hit = hit_of(collection, name)
        assert (hit.kind, hit.frame) == ("video", hit.start)
        assert 3 * channel <= (hit.start or 0) < 3 * channel + 3
        small = hit.thumbnail(160)
        assert (small.mime_type, small.name) == ("image/jpeg", "film.jpg")
        assert brightest(small) == channel
        assert hit.thumbnail(160) == small  # which was kept
    assert brightest(CollectionReader(collection.folder).thumbnail("film", 160)) == 0


def test_the_clip_of_a_hit_has_its_seconds(collection: Collection) -> None:
    hit = hit_of(collection, "blue")
    clip = hit.clip()
    assert (clip.mime_type, clip.name, media_type(clip.data)) == (
        "video/mp4",
        "film.mp4",
        "video/mp4",
    )
    moment = hit.moments[0]
    heard = read_soundtrack(clip.data, 0, 60)
    assert abs(heard.seconds - (moment.end - moment.start)) < 0.2


def test_a_clip_is_bounded(collection: Collection) -> None:
    reader = CollectionReader(collection.folder)
    with pytest.raises(MediaTooLargeError, match="at most 120 seconds"):
        reader.clip("film", 0, 121)
    with pytest.raises(UsageError, match="begins before it ends"):
        reader.clip("film", 5, 5)


def test_language_models_get_the_frame_and_the_sound(collection: Collection) -> None:
    hits = Hits([hit_of(collection, "lime")])
    told = hits.as_messages()
    assert "film.mp4" in told[0]["text"]
    assert [part["type"] for part in told[1:]] == ["image_url"]
    tone = tones((600, 3.0))
    from anysense import Waveform

    heard = collection.search(Waveform(tone, 48_000), modalities=["audio"])
    parts = heard.as_messages()
    assert [part["type"] for part in parts[1:]] == ["input_audio"]


def test_notebooks_play_the_first_videos_and_show_frames_of_others(collection: Collection) -> None:
    shown = Hits([hit_of(collection, "lime")] * 5)._repr_html_()
    assert shown.count('src="data:video/mp4;base64,') == 3
    assert shown.count('src="data:image/jpeg;base64,') == 2
