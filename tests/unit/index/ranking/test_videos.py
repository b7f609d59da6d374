"""A query by a video: its frames look for pictures and texts, its sound for sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tiny
from PIL import Image
from video_files import RATE, Scene, film, tones

from anysense import Collection, NewItem, Term, Waveform
from anysense.embed.errors import MediaTooLargeError, UsageError
from anysense.embed.limits import Limits
from anysense.embed.types import Modality
from anysense.index.ranking.query import VideoTerm, parse_query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOW, HIGH = tones((100, 4.0)), tones((3000, 4.0))
RED = Image.new("RGB", (320, 180), (220, 20, 20))


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """It is red, and sounds high."""
    path = tmp_path / "film.mp4"
    path.write_bytes(film([Scene(RED, 4.0, HIGH)]))
    return path


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    tiny.register()
    with Collection.create(tmp_path / "c", ["tiny"]) as made:
        sounds = [NewItem(Waveform(s, RATE), id=n) for s, n in ((LOW, "low"), (HIGH, "high"))]
        colours = {"red": (220, 20, 20), "blue": (20, 20, 220)}
        pictures = [NewItem(Image.new("RGB", (32, 32), c), id=n) for n, c in colours.items()]
        assert made.add([*sounds, *pictures, NewItem("a red thing", id="note")]).failed == []
        yield made


@pytest.mark.parametrize("as_bytes", [False, True])
def test_frames_find_pictures_and_the_sound_finds_sounds(
    collection: Collection, video: Path, as_bytes: bool
) -> None:
    query = video.read_bytes() if as_bytes else video
    for modality, best in ((Modality.IMAGE, "red"), (Modality.AUDIO, "high")):
        hit = collection.search(query, modalities=[modality])[0]
        assert hit.id == best
        assert hit.raw_score > 0.95  # a picture beside pictures, a sound beside sounds
        assert hit.route == "native"
    assert collection.search(query, modalities=["text"])[0].id == "note"
    assert {hit.id for hit in collection.search(query, k=2)} == {"red", "high"}


def test_what_is_said_of_a_video_is_all_that_is_taken_of_it(
    collection: Collection, video: Path
) -> None:
    seen = collection.search(Term(video, modality=Modality.IMAGE), modalities=["audio"])
    assert all(hit.raw_score < 0.95 for hit in seen)
    heard = collection.search(Term(video, modality=Modality.AUDIO), modalities=["image"])
    assert all(hit.raw_score < 0.95 for hit in heard)


def test_a_video_without_a_sound_is_its_frames(collection: Collection, tmp_path: Path) -> None:
    silence = np.zeros(4 * RATE, np.float32)
    for name, sounds in (("mute.mp4", []), ("silent.mp4", [silence])):
        (tmp_path / name).write_bytes(film([Scene(RED, 4.0)], sounds=sounds))
        [term] = parse_query(tmp_path / name)
        assert type(term) is Term
        assert term.modality is Modality.IMAGE
        assert collection.search(tmp_path / name, modalities=["image"])[0].id == "red"
        assert len(collection.search(tmp_path / name, k=9)) == 5


def test_a_parsed_video_stays_one(video: Path) -> None:
    [term] = parse_query(Term(video, weight=0.5))
    assert (type(term), term.weight) == (VideoTerm, 0.5)
    assert parse_query([term]) == [term]
    with pytest.raises(UsageError, match="at least one term that is not subtracted"):
        parse_query(Term(video, weight=-1.0))


def test_more_like_a_video_goes_by_its_frames_and_by_its_sound(
    collection: Collection, video: Path
) -> None:
    collection.add([NewItem(video, id="film")])
    for modality, best in (("image", "red"), ("audio", "high")):
        hit = collection.search(Term(like="film"), modalities=[modality])[0]
        assert (hit.id, hit.raw_score > 0.95) == (best, True)


def test_a_video_stands_once_however_it_is_found(collection: Collection, video: Path) -> None:
    collection.add([NewItem(video, id="film")])
    for query in (video, "red", Waveform(HIGH, RATE)):
        ids = [hit.id for hit in collection.search(query, k=20)]
        assert ids.count("film") == 1
    [film_hit] = [hit for hit in collection.search(video, k=20) if hit.id == "film"]
    assert len(film_hit.moments) == 1


def test_videos_of_a_query_are_bounded_together(video: Path) -> None:
    limits = Limits(query_video_seconds=6.0)
    assert len(parse_query(video, limits)) == 1
    with pytest.raises(MediaTooLargeError, match="has 2 videos of 8 seconds together, over the"):
        parse_query([video, Term(video, modality=Modality.AUDIO)], limits)
    with pytest.raises(MediaTooLargeError, match="has a video of 4 seconds, over the limit of 3"):
        parse_query(video, Limits(query_video_seconds=3.0))
