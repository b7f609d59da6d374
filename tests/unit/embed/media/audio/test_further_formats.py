"""Sounds of telephones, shops and collectors: heard, and called by their tags."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from media_files import chirp, ffmpeg, sndfile, tone

from anysense.embed.errors import CorruptMediaError, MediaError
from anysense.embed.media.audio.headers import stated_musepack_seconds
from anysense.embed.media.audio.recording import read_audio, recording_pieces, stated_seconds
from anysense.embed.media.identify import format_of_media, named_modality
from anysense.embed.media.pieces import ReadOptions
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from pathlib import Path

HERTZ = 440.0
DSD_RATE = 2_822_400
TAGS = {"title": "Low tide", "artist": "Ada", "album": "Shores", "date": "2019-05-06"}


def bits(seconds: float) -> list[int]:
    """A tone as a stream of single bits, as DSD has it; the same ones again after 0.1 s."""
    wanted = 0.5 * np.sin(2 * np.pi * HERTZ * np.arange(DSD_RATE // 10) / DSD_RATE)
    out, error = [], 0.0
    for value in wanted.tolist():  # the error of each bit goes into the next one
        out.append(int(value + error >= 0))
        error += value - (1.0 if out[-1] else -1.0)
    return (out * round(10 * seconds + 1))[: round(DSD_RATE * seconds)]


def dsf(seconds: float = 0.5) -> bytes:
    """A DSD recording of one channel in a DSF file, whose last block is filled with zeros."""
    block, stream = 4096, bits(seconds)
    data = np.packbits(stream, bitorder="little").tobytes()
    data += bytes(-len(data) % block)
    form = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 1, 1, DSD_RATE, 1, len(stream), block, 0)
    sound = struct.pack("<4sQ", b"data", 12 + len(data)) + data
    return struct.pack("<4sQQQ", b"DSD ", 28, 28 + len(form) + len(sound), 0) + form + sound


def dff(seconds: float = 0.5) -> bytes:
    """A DSD recording of one channel in a DSDIFF file."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack(">Q", len(content)) + content + bytes(len(content) % 2)

    facts = chunk(b"FS  ", struct.pack(">I", DSD_RATE)) + chunk(b"CHNL", b"\0\1C   ")
    facts += chunk(b"CMPR", b"DSD \x0enot compressed\0")
    sound = chunk(b"DSD ", np.packbits(bits(seconds)).tobytes())
    content = b"DSD " + chunk(b"FVER", b"\1\5\0\0") + chunk(b"PROP", b"SND " + facts) + sound
    return b"FRM8" + struct.pack(">Q", len(content)) + content


def musepack(folder: Path) -> bytes:
    """A second of a chirp, by the encoder of Musepack's own makers."""
    encoder = shutil.which("mpcenc")
    if encoder is None:
        pytest.skip("mpcenc is not here: apt-get install musepack-tools")
    (folder / "a.wav").write_bytes(sndfile(chirp(1.0)))
    call = [encoder, "--silent", "--insane", str(folder / "a.wav"), str(folder / "a.mpc")]
    subprocess.run(call, check=True, capture_output=True)
    return (folder / "a.mpc").read_bytes()


def windows_media(seconds: float = 1.0) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="asf") as container:
        container.metadata.update(TAGS)
        stream: Any = container.add_stream("wmav2", rate=44100, layout="mono")
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(tone(seconds).reshape(1, -1), "flt", "mono")
        frame.sample_rate = 44100
        resampler = av.AudioResampler(
            format=stream.format, layout="mono", rate=44100, frame_size=2048
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return out.getvalue()


def heard(data: bytes) -> float:
    """The pitch that a recording has."""
    sound = read_audio(data)
    samples = sound.samples if sound.samples.ndim == 1 else sound.samples.mean(axis=1)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * sound.rate / len(samples))


@pytest.mark.parametrize(
    ("name", "file_format", "codec", "rate"),
    [
        ("AIFF", "aiff", "pcm_s16be", 44100),
        ("CAF", "caf", "pcm_s16be", 44100),
        ("AMR", "amr", "libopencore_amrnb", 8000),
        ("WavPack", "wv", "wavpack", 44100),
        ("TTA", "tta", "tta", 44100),
    ],
)
def test_each_is_heard(name: str, file_format: str, codec: str, rate: int) -> None:
    data = ffmpeg(tone(1.0, rate=rate), rate, file_format=file_format, codec=codec)
    assert format_of_media(data).name == name
    assert heard(data) == pytest.approx(HERTZ, abs=5)


def test_speex_is_heard_and_picked_up_by_its_name(tmp_path: Path) -> None:
    assert named_modality("voices/note.SPX") is Modality.AUDIO
    (tmp_path / "a.wav").write_bytes(sndfile(tone(1.0, 16000), 16000))
    encoder = shutil.which("ffmpeg") or "false"
    call = [encoder, "-v", "error", "-i", str(tmp_path / "a.wav"), str(tmp_path / "a.spx")]
    done = subprocess.run(call, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        pytest.skip("an ffmpeg that encodes Speex, as PyAV does not, is not here")
    assert heard((tmp_path / "a.spx").read_bytes()) == pytest.approx(HERTZ, abs=5)


def test_windows_media_is_heard_and_called_by_its_tags() -> None:
    data = windows_media()
    assert format_of_media(data).name == "WMA"
    assert heard(data) == pytest.approx(HERTZ, abs=5)
    said: Any = next(recording_pieces(data, ReadOptions(captions=False))).said
    assert (said["title"], said["artist"], said["album"]) == ("Low tide", "Ada", "Shores")


def test_windows_media_that_was_broadcast_is_whole() -> None:
    """Its header states no length, and FFmpeg's estimate is too long."""
    data = bytearray(windows_media(4.0))
    at = data.index(bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365"))
    data[at + 40 : at + 48] = data[at + 64 : at + 72] = bytes(8)  # the sizes of file and sound
    data[at + 88] |= 1
    assert stated_seconds(bytes(data)) is None
    assert read_audio(bytes(data)).seconds == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("data", [dsf(), dff()], ids=["DSF", "DSDIFF"])
def test_dsd_is_heard(data: bytes) -> None:
    assert format_of_media(data).container in ("dsf", "iff")
    assert heard(data) == pytest.approx(HERTZ, abs=5)
    samples = read_audio(data).samples
    assert len(samples) == DSD_RATE // 8 // 2
    assert np.abs(samples[-500:]).max() < 0.8  # what fills the last block is no sound


@pytest.mark.parametrize(
    "data", [dsf(1.0), dff(1.0), windows_media(4.0)], ids=["DSF", "DSDIFF", "WMA"]
)
def test_what_was_cut_short_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptMediaError, match=r"s by its header, but ends after"):
        read_audio(data[: len(data) * 6 // 10])


@pytest.mark.parametrize("file_format", ["amr", "3gp"])
def test_telephones_send_nothing_while_nobody_speaks(file_format: str) -> None:
    """Which FFmpeg's own decoder refuses."""
    speech = np.concatenate([tone(2.0, 8000), np.zeros((24000, 1), np.float32), tone(1.0, 8000)])
    data = ffmpeg(
        speech, 8000, file_format, "libopencore_amrnb", codec_options={"dtx": "1", "b": "12200"}
    )
    samples = read_audio(data).samples
    assert len(samples) == pytest.approx(len(speech), abs=1000)
    seconds = np.abs(samples[: 6 * 8000]).reshape(6, 8000)[:, 2000:6000].max(axis=1)
    assert list(seconds > 0.1) == [True, True, False, False, False, True]


def test_musepack_is_heard_from_its_first_sample(tmp_path: Path) -> None:
    data = musepack(tmp_path)
    assert stated_seconds(data) == 1.0
    samples, wanted = read_audio(data).samples[:44100], chirp(1.0)[:, 0]
    assert np.corrcoef(samples, wanted)[0, 1] > 0.99
    with pytest.raises(CorruptMediaError):
        read_audio(data[: len(data) * 6 // 10])


def test_the_header_of_a_musepack_states_its_length() -> None:
    rest = bytes([0b001_11111, 0x1B])  # 48 kHz
    assert (
        stated_musepack_seconds(io.BytesIO(b"MPCKSH\x0d1234\x08\x8b\xdc\x00\x00" + rest))
        == (11 * 128 + 92) * 128 / 48000
    )
    assert stated_musepack_seconds(io.BytesIO(b"MPCKSH\x0d1234\x08\x00\x00" + rest)) is None
    assert stated_musepack_seconds(io.BytesIO(b"MPCKSH\x0d1234\x08")) is None


@pytest.mark.parametrize(
    ("file_format", "codec"), [("tta", "tta"), ("wv", "wavpack"), ("ipod", "aac")]
)
def test_tags_are_metadata(file_format: str, codec: str) -> None:
    data = ffmpeg(tone(0.5), file_format=file_format, codec=codec, tags=TAGS)
    said: Any = next(recording_pieces(data, ReadOptions(captions=False))).said
    assert said == {"title": "Low tide", "artist": "Ada", "album": "Shores", "year": 2019}


@pytest.mark.parametrize("start", [b"wvpk", b"MAC ", b"TTA1", b"MPCK", b"DSD \x1c\0\0\0"])
def test_what_only_begins_as_one_is_an_error_of_a_sentence(tmp_path: Path, start: bytes) -> None:
    for rest in (bytes(60), b"\xff" * 3000):
        with pytest.raises(MediaError) as error:
            read_audio(start + rest)
        assert "\n" not in str(error.value)
