"""Tags behind a recording, of any size and number, are no damage to it and no part of its sound."""

from __future__ import annotations

import io

import numpy as np
import pytest
from media_files import SNDFILE_FORMATS, ape_tag, ffmpeg, id3, sndfile, tone

from anysense.embed.media.audio.recording import read_audio
from anysense.embed.media.formats.end_tags import before_end_tags, content_end

ID3V1 = b"TAG" + b"Waves".ljust(125, b"\0")
SOUND = tone(0.5, 48000)
RECORDINGS = {
    **{f"{f} {s}": sndfile(SOUND, 48000, f, s) for f, s in SNDFILE_FORMATS},
    "M4A": ffmpeg(SOUND, 48000),
    "AAC": ffmpeg(SOUND, 48000, "adts"),
    "WebM": ffmpeg(SOUND, 48000, "webm", "libopus"),
}


def id3_behind(size: int) -> bytes:
    """An ID3v2.4 tag that ends with a footer, as it must behind a file."""
    tag = bytearray(id3(size))
    tag[3], tag[5] = 4, 0x10
    return bytes(tag) + b"3DI" + bytes(tag[3:10])


def lyrics(text: bytes) -> bytes:
    content = b"LYRICSBEGIN" + b"LYR%05d" % len(text) + text
    return content + b"%06dLYRICS200" % len(content)


TAGS = {
    "ID3v1": ID3V1,
    "extended ID3v1": b"TAG+".ljust(227, b"\0") + ID3V1,
    "APE": ape_tag(200_000),
    "APE and ID3v1": ape_tag(70_000) + ID3V1,
    "Lyrics3 and ID3v1": lyrics(b"Row, row, row your boat") + ID3V1,
    "ID3v2": id3_behind(70_000),
}


@pytest.mark.parametrize("tags", TAGS)
@pytest.mark.parametrize("recording", RECORDINGS)
def test_a_recording_with_tags_behind_it_sounds_the_same(recording: str, tags: str) -> None:
    data = RECORDINGS[recording]
    plain, tagged = read_audio(data), read_audio(data + TAGS[tags])
    assert tagged.rate == plain.rate
    assert np.array_equal(tagged.samples, plain.samples)


def test_a_file_without_tags_is_left_as_it_is() -> None:
    file = io.BytesIO(RECORDINGS["AAC"])
    assert before_end_tags(file) is file
    assert file.tell() == 0


@pytest.mark.parametrize("tags", TAGS)
def test_a_tag_larger_than_its_file_is_none(tags: str) -> None:
    rest = TAGS[tags][-60:]
    assert content_end(io.BytesIO(rest)) == len(rest)
