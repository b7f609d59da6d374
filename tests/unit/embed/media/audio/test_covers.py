"""A still picture in a recording is its cover, and two pictures are a video."""

from __future__ import annotations

import pytest
from media_files import video

from anysense.embed.errors import UnsupportedMediaError
from anysense.embed.media.audio.recording import read_audio
from anysense.embed.media.identify import format_of_media
from anysense.embed.types import Kind

FRAGMENTED = {"movflags": "frag_keyframe+empty_moov"}


@pytest.mark.parametrize(
    ("file_format", "codec", "options"),
    [
        ("mp4", "mjpeg", None),
        ("mp4", "mpeg4", None),
        ("mp4", "mjpeg", FRAGMENTED),
        ("mov", "mjpeg", None),
        ("matroska", "mjpeg", None),
    ],
)
def test_a_container_with_one_picture_is_a_recording(
    file_format: str, codec: str, options: dict[str, str] | None
) -> None:
    still = video(file_format, codec, sound=True, frames=1, options=options)
    assert format_of_media(still).kind is Kind.AUDIO
    assert read_audio(still).rate == 44100
    for frames in (2, 10):
        moving = video(file_format, codec, sound=True, frames=frames, options=options)
        assert format_of_media(moving).kind is Kind.VIDEO
        with pytest.raises(UnsupportedMediaError, match="is a video"):
            read_audio(moving)


def test_one_picture_without_sound_is_no_recording() -> None:
    with pytest.raises(UnsupportedMediaError, match="without sound"):
        format_of_media(video("mp4", "mjpeg", frames=1))
