"""Recordings whose headers do not know their length are read whole; those cut short are refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from media_files import chirp, sndfile

from anysense.embed.errors import CorruptMediaError, EmptyMediaError
from anysense.embed.media.audio.recording import read_audio

RATE = 8000
SOUND = chirp(2.0, RATE)
PCM = (SOUND[:, 0] * 32768).astype("<i2").tobytes()
FMT = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16)
NEVER_WRITTEN = [
    *(0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF - 36, 0x80000000, 0xFFFFFFFF - 8),
    *(0x7FFFF000, 0x7F000000, 0x40000000),
]


def chunk(name: bytes, data: bytes, size: int | None = None, padded: bool = True) -> bytes:
    padding = b"\0" if padded and len(data) % 2 else b""
    return name + struct.pack("<I", len(data) if size is None else size) + data + padding


def wav(*chunks: bytes, size: int | None = None, magic: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I", len(body) if size is None else size) + body


def patched(data: bytes, at: int, number: int, layout: str) -> bytes:
    new = struct.pack(layout, number)
    return data[:at] + new + data[at + len(new) :]


def assert_whole(data: bytes) -> None:
    samples = read_audio(data).samples
    assert len(samples) == len(SOUND)
    assert np.abs(samples - SOUND[:, 0]).max() < 1e-4


LIST = chunk(b"LIST", b"INFOISFT\4\0\0\0abc\0")
BEFORE = {
    "nothing": b"",
    "junk": chunk(b"JUNK", bytes(4044)),
    "notes": LIST + chunk(b"bext", bytes(602)),
    "fact": chunk(b"fact", bytes(4)),
    "unpadded": chunk(b"note", b"odd", padded=False),
}


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("stated", NEVER_WRITTEN)
def test_wav_whose_size_was_never_written(before: str, stated: int) -> None:
    for outer in (0, None, 36, stated):
        assert_whole(wav(FMT, BEFORE[before], chunk(b"data", PCM, stated), size=outer))


@pytest.mark.parametrize("slip", [-2, 1, 2, 28, 44])
def test_sizes_may_be_off_by_a_slip(slip: int) -> None:
    whole = wav(FMT, chunk(b"data", PCM, len(PCM) + slip))
    assert abs(len(read_audio(whole).samples) - len(SOUND)) <= 1


def test_a_size_may_be_that_of_the_file() -> None:
    size = 44 + len(PCM)
    for stated in (size, size - 8):
        assert_whole(wav(FMT, chunk(b"data", PCM, stated)))
    # The size of the samples is wrong, as that of the file is right.
    assert_whole(wav(FMT, chunk(b"data", PCM, 10 * len(PCM)), size=size - 8))


def test_a_size_of_an_earlier_moment_is_not_believed() -> None:
    assert_whole(wav(FMT, chunk(b"data", PCM, 4096), size=4096 + 36))
    for moment in (4 * len(PCM), 7 * len(PCM)):  # the first also is a count of samples
        late = read_audio(wav(FMT, chunk(b"data", PCM * 8, moment), size=moment + 36))
        assert len(late.samples) == 8 * len(SOUND)
    padded = wav(FMT, chunk(b"data", PCM)) + bytes(3 * len(PCM))
    assert_whole(padded)
    assert_whole(wav(FMT, chunk(b"data", PCM), chunk(b"id3 ", b"x" * 3 * len(PCM))))
    assert_whole(wav(FMT, chunk(b"data", PCM), bytes(6), chunk(b"id3 ", b"\1" * 3 * len(PCM))))


def test_an_empty_recording_stays_empty() -> None:
    for after in (b"", LIST):
        with pytest.raises(EmptyMediaError, match="no samples"):
            read_audio(wav(FMT, chunk(b"data", b""), after))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("before", BEFORE)
def test_wav_that_lost_its_end_is_refused(share: float, before: str) -> None:
    data = wav(FMT, BEFORE[before], chunk(b"data", PCM))
    with pytest.raises(CorruptMediaError, match="ends before its header says"):
        read_audio(data[: len(data) - round(len(PCM) * (1 - share))])


def test_what_follows_the_samples_may_be_cut() -> None:
    data = wav(FMT, chunk(b"data", PCM), LIST)
    for missing in range(1, len(LIST)):
        assert_whole(data[:-missing])


@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
@pytest.mark.parametrize("stated", [len(PCM), 0, len(PCM) + 36, 2**63 - 1, 2**64 - 1])
@pytest.mark.parametrize("narrow", [0xFFFFFFFF, len(PCM)])
def test_wide_sizes(magic: bytes, stated: int, narrow: int) -> None:
    sizes = chunk(b"ds64", struct.pack("<QQQI", stated, stated, 0, 0))
    assert_whole(wav(sizes, FMT, chunk(b"data", PCM, narrow), size=0xFFFFFFFF, magic=magic))


SIZES = {  # of each container: where the size of its samples is, and how it is written
    "AIFF": (b"SSND", 4, ">I", [0, 8, 0xFFFFFFFF, 0x7FFFFFFF, 0x7F000008, len(PCM) + 9]),
    "AU": (b".snd", 8, ">I", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7F000000, len(PCM) + 24]),
    "CAF": (b"data", 4, ">Q", [0, 2**64 - 1, 2**63 - 1, len(PCM) + 5, len(PCM) + 16]),
    "W64": (b"data\xf3", 16, "<Q", [0, 24, 2**64 - 1, 2**63 - 1, len(PCM) + 25]),
}


@pytest.mark.parametrize(
    ("container", "stated"), [(name, s) for name, (*_, sizes) in SIZES.items() for s in sizes]
)
def test_other_containers_whose_size_was_never_written(container: str, stated: int) -> None:
    name, offset, layout, _ = SIZES[container]
    data = sndfile(SOUND, RATE, container)
    # The samples are the last chunk, as in a pipe.
    whole = data[: data.index(name) + offset + len(PCM) + 100]
    at = whole.index(name) + offset
    end = at + struct.calcsize(layout) + {"AIFF": 8, "AU": 12, "CAF": 4, "W64": 0}[container]
    assert_whole(patched(whole, at, stated, layout)[: end + len(PCM)])


def test_aiff_that_counts_no_frames() -> None:
    data = sndfile(SOUND, RATE, "AIFF")
    for count in (0, 0xFFFFFFFF, 0x7FFFFFFF, len(SOUND) + 7):
        counted = patched(data, data.index(b"COMM") + 10, count, ">I")
        assert_whole(counted)
        assert_whole(patched(counted, counted.index(b"SSND") + 4, 0, ">I"))


def flac_of(frames: int, checksum: bool = True) -> bytes:
    """A FLAC that states so many samples."""
    data = bytearray(sndfile(SOUND, RATE, "FLAC"))
    data[21] = data[21] & 0xF0 | frames >> 32
    data[22:26] = struct.pack(">I", frames & 0xFFFFFFFF)
    if not checksum:
        data[26:42] = bytes(16)
    return bytes(data)


@pytest.mark.parametrize("off", [-len(SOUND), -9000, -3, 0, 3, 1000])
def test_flac_of_unknown_or_wrong_length(off: int) -> None:
    for checksum in (True, False):
        assert_whole(flac_of(len(SOUND) + off, checksum))


def test_damaged_flac_is_refused() -> None:
    data = flac_of(len(SOUND))
    middle = len(data) // 2
    hole = data[:middle] + bytes(500) + data[middle + 500 :]
    flipped = bytearray(data)
    flipped[middle] ^= 16
    for damaged in (data[:-100], hole, bytes(flipped), flac_of(3 * len(SOUND))):
        with pytest.raises(CorruptMediaError, match=r"by its header, but ends after|are damaged"):
            read_audio(damaged)


def mp3_of(frames: int | None) -> bytes:
    data = sndfile(chirp(3.0), 44100, "MP3", "MPEG_LAYER_III")
    tag = max(data.find(b"Xing"), data.find(b"Info"))
    return data if frames is None else patched(data, tag + 8, frames, ">I")


@pytest.mark.parametrize("frames", [0, 10, 300, 0xFFFFFFFF])
@pytest.mark.parametrize("after", [b"", b"TAG" + bytes(125)])
def test_mp3_whose_header_counts_other_frames(frames: int, after: bytes) -> None:
    assert abs(read_audio(mp3_of(frames) + after).seconds - 3.0) < 0.1


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_mp3_that_lost_its_end_is_refused(share: float) -> None:
    data = mp3_of(None)
    with pytest.raises(CorruptMediaError, match="by its header, but ends after"):
        read_audio(data[: round(len(data) * share)])
