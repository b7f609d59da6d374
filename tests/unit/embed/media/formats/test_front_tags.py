"""Tags in front of a recording, of any size and number, do not say what it is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from media_files import SNDFILE_FORMATS, ape_tag, ffmpeg, id3, sndfile, tone

from anysense.embed.errors import CorruptMediaError, UnsupportedMediaError
from anysense.embed.media.audio.recording import read_audio
from anysense.embed.media.formats.front_tags import after_tags, content_start
from anysense.embed.media.identify import media_type
from anysense.embed.media.pieces import ReadOptions, read_pieces

TAGS = {
    "small": id3(2_000),
    "over 64 KiB": id3(70_000),
    "several": id3(100) + ape_tag(80_000) + id3(70_000),
}
SOUND = tone(0.5, 48000)
RECORDINGS = {
    **{f"{f} {s}": sndfile(SOUND, 48000, f, s) for f, s in SNDFILE_FORMATS},
    "RIFX": sndfile(SOUND, 48000, endian="BIG"),
    "M4A": ffmpeg(SOUND, 48000),
    "AAC": ffmpeg(SOUND, 48000, "adts"),
    "WebM": ffmpeg(SOUND, 48000, "webm", "libopus"),
    "MP2": ffmpeg(SOUND, 48000, "mp2", "mp2"),
}


@pytest.mark.parametrize("tags", TAGS)
@pytest.mark.parametrize("recording", RECORDINGS)
def test_what_follows_the_tags_says_what_a_recording_is(recording: str, tags: str) -> None:
    data = RECORDINGS[recording]
    plain, tagged = read_audio(data), read_audio(TAGS[tags] + data)
    assert media_type(TAGS[tags] + data) == media_type(data)
    assert tagged.rate == plain.rate
    assert np.array_equal(tagged.samples, plain.samples)


@pytest.mark.parametrize("recording", ["FLAC PCM_16", "MP3 MPEG_LAYER_III", "AAC", "MP2"])
def test_the_words_of_the_tags_are_read(recording: str) -> None:
    data = id3(70_000, "Waves on a beach") + RECORDINGS[recording]
    _, pieces = read_pieces(data, ReadOptions())
    assert "Waves on a beach" in [piece.content for piece in pieces]


def test_a_file_without_tags_is_left_as_it_is() -> None:
    file = io.BytesIO(RECORDINGS["AAC"])
    assert after_tags(file) is file
    assert content_start(file) == file.tell() == 0


def test_a_tag_that_goes_on_past_the_end_is_none() -> None:
    cut = id3(5_000)[:3_000]
    assert content_start(io.BytesIO(cut)) == 0
    with pytest.raises(CorruptMediaError, match="looks like an MP3 recording"):
        read_audio(cut)


def test_what_is_not_read_is_named_behind_tags_too() -> None:
    with pytest.raises(UnsupportedMediaError, match="is an AAC recording without frames"):
        read_audio(id3(70_000) + b"ADIF" + bytes(60))


def test_more_tags_than_anybody_writes_are_not_followed() -> None:
    file = io.BytesIO(id3(20) * 1000 + RECORDINGS["AAC"])
    assert content_start(file) == 32 * len(id3(20))


@pytest.mark.parametrize("recording", RECORDINGS)
def test_zeros_that_a_tag_does_not_count_are_part_of_it(recording: str) -> None:
    data = RECORDINGS[recording]
    plain, tagged = read_audio(data), read_audio(id3(3_000) + bytes(5_000) + data)
    assert np.array_equal(tagged.samples, plain.samples)
