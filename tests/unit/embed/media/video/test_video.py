"""Videos are read as frames and windows of sound, each at its time, from every container."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from media_files import write
from video_files import (
    AUDIO,
    COLOURS,
    CONTAINERS,
    IMAGE,
    SCENES,
    Scene,
    colour,
    film,
    of,
    pieces_of,
    places,
    seen,
    tones,
)

from anysense.embed.errors import (
    EmptyMediaError,
    MediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.limits import Limits
from anysense.embed.media.identify import format_of_media, media_type, named_modalities
from anysense.embed.media.pieces import ReadOptions, read_pieces
from anysense.embed.types import Kind, Modality, VideoInput, Waveform

if TYPE_CHECKING:
    from pathlib import Path

MIME_TYPES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "matroska": "video/x-matroska",
    "webm": "video/webm",
    "avi": "video/x-msvideo",
    "mpegts": "video/mp2t",
    "mpeg": "video/mpeg",
    "asf": "video/x-ms-wmv",
    "flv": "video/x-flv",
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_video_has_a_frame_of_each_second_and_its_sound(container: str) -> None:
    data = film(SCENES, container)
    assert media_type(data) == MIME_TYPES[container]
    pieces = pieces_of(data)
    frames = of(pieces, IMAGE)
    starts = [piece.place.start or 0.0 for piece in frames]
    assert starts[:6] == pytest.approx([0, 1, 2, 3, 4, 5], abs=0.11)
    assert [seen(piece) for piece in frames[:6]] == [c for c in COLOURS for _ in range(2)]
    ends = [piece.place.end for piece in frames]
    assert ends[:-1] == starts[1:]
    assert ends[-1] == pytest.approx(6.0, abs=0.11)
    [sound] = of(pieces, AUDIO)
    assert isinstance(sound.content, Waveform)
    assert places([sound])[0] == pytest.approx((0.0, 6.0), abs=0.11)
    assert all(piece.is_complete for piece in pieces)


def test_more_or_fewer_frames_of_a_second_are_asked_for() -> None:
    data = film(SCENES)
    assert len(of(pieces_of(data, video_fps=5.0), IMAGE)) == 30
    starts = [start for start, _ in places(of(pieces_of(data, video_fps=0.5), IMAGE))]
    assert starts == pytest.approx([0, 2, 4], abs=0.11)


def test_only_what_encoders_take_is_read() -> None:
    data = film(SCENES)
    assert {p.modality for p in pieces_of(data, modalities=frozenset({IMAGE}))} == {IMAGE}
    assert {p.modality for p in pieces_of(data, modalities=frozenset({AUDIO}))} == {AUDIO}
    kind, pieces = read_pieces(data, ReadOptions(), AUDIO)
    assert (kind, {p.modality for p in pieces}) == (Kind.VIDEO, {AUDIO})
    with pytest.raises(UnsupportedMediaError, match="is an MP4 video, not a text"):
        read_pieces(data, ReadOptions(), Modality.TEXT)


def test_an_encoder_of_clips_has_clips_beside_the_frames_of_others() -> None:
    wanted = VideoInput(seconds=2.0, frames=4)
    pieces = pieces_of(film(SCENES), videos=frozenset({wanted, None}))
    clips = [piece for piece in pieces if piece.is_for(None, wanted)]
    assert places(of(clips, IMAGE)) == [(0, 2), (2, 4), (4, 6)]
    times = [piece.content.times for piece in of(clips, IMAGE)]  # type: ignore[union-attr]
    assert times == [pytest.approx((0, 0.5, 1, 1.5), abs=1e-3)] * 3
    stills = [piece for piece in of(pieces, IMAGE) if piece.is_for(None, None)]
    assert len(stills) == 6
    assert not any(piece.is_for(None, wanted) for piece in stills)


def test_sound_comes_in_windows_the_last_of_which_ends_with_it() -> None:
    scene = Scene(colour("red"), 13.0, tones((110, 13.0)))
    sounds = of(pieces_of(film([scene], rate=2)), AUDIO)
    assert places(sounds) == [(0, 10), (pytest.approx(3, abs=0.06), pytest.approx(13, abs=0.06))]
    sounds = of(pieces_of(film([scene], rate=2), window_seconds=5.0), AUDIO)
    assert [round(end) for _, end in places(sounds)] == [5, 10, 13]


def test_black_white_and_grey_frames_are_left_out() -> None:
    scenes = [
        *(Scene(colour("red")), Scene(colour("black").resize((1, 1)))),
        *(Scene(colour("lime")), Scene(colour("white").resize((1, 1)))),
        Scene(colour("gray").resize((1, 1))),
    ]
    frames = pieces_of(film(scenes))
    assert places(frames) == [(0, 1), (1, 2), (4, 5), (5, 6)]
    assert [seen(frame) for frame in frames] == ["red", "red", "lime", "lime"]
    with pytest.raises(EmptyMediaError, match="shows nothing but blank frames, and no sound"):
        pieces_of(film(scenes[1:2]))


def test_what_is_over_a_limit_is_refused() -> None:
    data = film(SCENES)
    for limits, words in (
        (Limits(video_seconds=3.0), "longer than the limit of 3 s for one video"),
        (Limits(video_frames=4), "has over 4 frames to be encoded: index fewer of a second"),
        (Limits(video_pixels=50_000), "has frames of 320 x 180 pixels, over the limit of 50,000"),
        (Limits(file_bytes=1000), "over the limit of 1000 bytes"),
    ):
        with pytest.raises(MediaTooLargeError, match=words):
            pieces_of(data, limits=limits)


def test_a_file_is_what_it_holds_whatever_its_name_says(tmp_path: Path) -> None:
    path = write(tmp_path, "film.mp3", film(SCENES))
    assert format_of_media(path).kind is Kind.VIDEO
    assert named_modalities("film.mkv") == {IMAGE, AUDIO}


def test_a_quicktime_file_of_before_there_were_brands_is_read() -> None:
    data = film(SCENES, "mov").replace(b"ftyp", b"skip", 1)
    assert media_type(data) == "video/quicktime"
    assert len(of(pieces_of(data), IMAGE)) == 6


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_beginning_of_a_file_alone_is_refused_or_read(container: str) -> None:
    data = film(SCENES[:1], container)
    for size in (100, 600, len(data) // 3):
        with contextlib.suppress(MediaError):
            _, pieces = read_pieces(data[:size], ReadOptions())
            assert list(pieces)


READS = """
import sys
from pathlib import Path
from anysense.embed.errors import MediaError
from anysense.embed.media.pieces import ReadOptions, read_pieces

for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        list(read_pieces(path, ReadOptions())[1])
    except MediaError:
        pass
"""


def test_ffmpeg_is_silent(tmp_path: Path) -> None:
    for container in CONTAINERS:
        data = film(SCENES[:1], container)
        write(tmp_path, container, data)
        for cut in (len(data) // 3, len(data) - 100):
            write(tmp_path, f"{container}-{cut}", data[:cut])
        damaged = bytearray(data)
        damaged[len(data) // 2 : len(data) // 2 + 300] = b"\xff" * 300
        write(tmp_path, f"{container}-damaged", bytes(damaged))
    done = subprocess.run(
        [sys.executable, "-c", READS, str(tmp_path)], capture_output=True, text=True, timeout=300
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
