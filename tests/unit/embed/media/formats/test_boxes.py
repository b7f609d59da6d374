"""A recording in fragments that ends within one of them was cut off."""

from __future__ import annotations

import io

import pytest
from media_files import ffmpeg, tone

from anysense.embed.errors import CorruptMediaError
from anysense.embed.media.audio.recording import read_audio
from anysense.embed.media.formats.boxes import lacks_fragment_end

SOUND = tone(6.0, 44100)
FRAGMENTS = {"movflags": "empty_moov+default_base_moof", "frag_duration": "1000000"}
RECORDING = ffmpeg(SOUND, 44100, "mp4", options=FRAGMENTS)


def test_all_fragments_are_read() -> None:
    assert RECORDING.count(b"moof") > 4
    samples = read_audio(RECORDING).samples
    assert len(samples) == pytest.approx(len(SOUND), abs=5000)


@pytest.mark.parametrize("share", [0.4, 0.6, 0.75])
def test_an_end_within_a_fragment_is_noticed(share: float) -> None:
    starts = [at for at in range(len(RECORDING)) if RECORDING.startswith(b"mdat", at)]
    within = next(at for at in starts if at > share * len(RECORDING)) + 500
    with pytest.raises(CorruptMediaError, match="before its header says"):
        read_audio(RECORDING[:within])


def test_what_was_recorded_up_to_a_fragment_is_read() -> None:
    starts = [at - 4 for at in range(len(RECORDING)) if RECORDING.startswith(b"moof", at)]
    samples = read_audio(RECORDING[: starts[3]]).samples
    assert 2.5 * 44100 < len(samples) < 4 * 44100


@pytest.mark.parametrize("data", [b"", b"\0\0", b"\0\0\0\1moof", bytes(100), b"\0\0\0\7moof" * 9])
def test_what_is_no_box_lacks_nothing(data: bytes) -> None:
    assert not lacks_fragment_end(io.BytesIO(data))
