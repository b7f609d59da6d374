"""What a file is, and that nothing a file can hold or be gets past as anything but a MediaError."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest
from media_files import ffmpeg, page, pdf, photo, saved, sndfile, tone, video
from scripts import check_script

from anysense.embed.errors import (
    CorruptMediaError,
    EmptyMediaError,
    MediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.embed.limits import Limits
from anysense.embed.media.audio.recording import iter_windows, read_audio, stated_seconds
from anysense.embed.media.document.document import read_document
from anysense.embed.media.files import readable_size
from anysense.embed.media.identify import MEDIA_SUFFIXES, format_of_media, media_type, sniff
from anysense.embed.media.image import read_image
from anysense.embed.media.quiet import quiet_decoders
from anysense.embed.types import Kind, Modality

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO
READERS: dict[Modality, Callable[[Path | bytes], Any]] = {
    TEXT: read_document,
    IMAGE: read_image,
    AUDIO: read_audio,
}


def examples() -> dict[str, tuple[bytes, Modality, str]]:
    """One small file of each format, with what it is."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    picture = PIL.Image.fromarray(noise)
    sound = tone(0.4, 48000, 2)
    images = {
        "jpg": saved(picture, "JPEG"),
        "progressive.jpg": saved(picture, "JPEG", progressive=True),
        "png": saved(picture, "PNG"),
        "webp": saved(picture, "WEBP"),
        "gif": saved(picture, "GIF"),
        "tiff": saved(picture, "TIFF", compression="tiff_lzw"),
        "bmp": saved(picture, "BMP"),
        "avif": saved(picture, "AVIF"),
        "heic": saved(picture, "HEIF"),
    }
    image_types = {"jpg": "jpeg", "progressive.jpg": "jpeg"}
    sounds = {
        "wav": (sndfile(sound, 48000), "wav"),
        "aiff": (sndfile(sound, 48000, "AIFF"), "aiff"),
        "flac": (sndfile(sound, 48000, "FLAC"), "flac"),
        "ogg": (sndfile(sound, 48000, "OGG", "VORBIS"), "ogg"),
        "opus": (sndfile(sound, 48000, "OGG", "OPUS"), "ogg"),
        "mp3": (sndfile(sound, 48000, "MP3", "MPEG_LAYER_III"), "mpeg"),
        "m4a": (ffmpeg(sound, 48000), "mp4"),
        "aac": (ffmpeg(sound, 48000, "adts"), "aac"),
        "weba": (ffmpeg(sound, 48000, "webm", "libopus"), "webm"),
        "caf": (sndfile(sound, 48000, "CAF"), "x-caf"),
        "w64": (sndfile(sound, 48000, "W64"), "x-w64"),
        "au": (sndfile(sound, 48000, "AU"), "basic"),
    }
    texts = {
        "txt": ("Plain wörds, and more.".encode(), "text/plain"),
        "md": (b"# Title\n\nwords", "text/markdown"),
        "html": (b"<!doctype html><p>words", "text/html"),
        "pdf": (pdf([page("words")], compress=True), "application/pdf"),
    }
    return {
        **{k: (d, IMAGE, f"image/{image_types.get(k, k)}") for k, d in images.items()},
        **{k: (d, AUDIO, f"audio/{t}") for k, (d, t) in sounds.items()},
        **{k: (d, TEXT, t) for k, (d, t) in texts.items()},
    }


EXAMPLES = examples()


@pytest.mark.parametrize("suffix", EXAMPLES)
def test_every_format_is_told_by_its_content(suffix: str, tmp_path: Path) -> None:
    data, modality, mime = EXAMPLES[suffix]
    path = tmp_path / f"file.{suffix}"
    path.write_bytes(data)
    assert MEDIA_SUFFIXES[path.suffix] is modality
    assert sniff(path) is modality
    assert media_type(path) == mime
    assert READERS[modality](path) is not None
    if suffix != "md":  # which has no sign of its own
        assert (sniff(data), media_type(data)) == (modality, mime)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for other, read in READERS.items():
            if other is not modality:
                with pytest.raises(UnsupportedMediaError, match=r": is an? .*, not an? "):
                    read(path)


@pytest.mark.parametrize("suffix", [s for s in EXAMPLES if s not in ("txt", "md", "html")])
@pytest.mark.parametrize("name", ["wrong.jpg", "wrong.mp3", "wrong.txt", "wrong", "WRONG.XYZ"])
def test_mislabelled_files_are_read_as_what_they_are(
    suffix: str, name: str, tmp_path: Path
) -> None:
    data, modality, mime = EXAMPLES[suffix]
    path = tmp_path / name
    path.write_bytes(data)
    assert (sniff(path), media_type(path)) == (modality, mime)
    assert READERS[modality](path) is not None


@pytest.mark.parametrize(
    "name", ["a.jpg", "a.wav", "a.pdf", "a.heic", "a.txt", "a", "a.xyz", "a.mp3"]
)
def test_random_bytes_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    for seed in range(20):
        path.write_bytes(random.Random(seed).randbytes(5000))
        with pytest.raises((CorruptMediaError, UnsupportedMediaError)):
            READERS[sniff(path)](path)


@pytest.mark.parametrize("name", ["a.jpg", "a.m4a", "a.pdf", "a.PNG"])
def test_text_named_like_something_else_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"<html>404 not found</html>")
    with pytest.raises(CorruptMediaError, match=rf"named like a {path.suffix.lower()} file"):
        sniff(path)


def test_text_without_a_telling_name(tmp_path: Path) -> None:
    for data, mime in (
        ("Füße".encode(), "text/plain"),
        ("Füße".encode("utf-16"), "text/plain"),
        (b"BMW makes cars, II* and fLa", "text/plain"),
        (b"\n <HTML><p>x", "text/html"),
        ("ü".encode() * 40_000, "text/plain"),  # the head ends within a character
    ):
        path = tmp_path / "README"
        path.write_bytes(data)
        assert media_type(path) == media_type(data) == mime


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x03\x04" + bytes(60), "a ZIP archive"),
        (b"\x1f\x8b\x08" + bytes(60), "a gzip archive"),
        (b"MThd\0\0\0\x06" + bytes(60), "a MIDI score"),
        (b"\0\0\x01\0" + bytes(60), "an icon"),
    ],
)
def test_known_formats_that_are_not_read_are_named(data: bytes, what: str) -> None:
    with pytest.raises(UnsupportedMediaError, match=f"is {what}.*does not read"):
        sniff(data)


@pytest.mark.parametrize("file_format", ["mp4", "mov", "matroska"])
def test_videos_are_told_from_recordings(file_format: str) -> None:
    assert format_of_media(video(file_format)).kind is Kind.VIDEO
    assert format_of_media(ffmpeg(tone(0.4), file_format=file_format)).kind is Kind.AUDIO


# What a path can be


def refused(path: Path, error: type[MediaError], words: str) -> None:
    for read in (sniff, media_type, read_image, read_audio, read_document, stated_seconds):
        with pytest.raises(error, match=words) as caught:
            read(path)  # type: ignore[operator]
        assert caught.value.source == str(path)
    with pytest.raises(error, match=words):
        list(iter_windows(path, 16000))


def test_paths_that_hold_no_file(tmp_path: Path) -> None:
    refused(tmp_path / "missing.jpg", MediaError, "does not exist")
    refused(tmp_path, UnsupportedMediaError, "is a directory")
    (tmp_path / "file").write_bytes(b"text")
    refused(tmp_path / "file" / "below", MediaError, "does not exist")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refused(tmp_path / "loop", MediaError, "leads back to itself")
    refused(tmp_path / ("x" * 300), MediaError, "too long")
    refused(Path("nul\0byte"), MediaError, "not a path")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only POSIX has such files")
def test_pipes_sockets_and_devices_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.jpg"))
        for path in (tmp_path / "pipe.wav", tmp_path / "socket.jpg", Path("/dev/zero")):
            refused(path, UnsupportedMediaError, "only regular files")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="only POSIX has such permissions")
def test_files_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("words")
    path.chmod(0)
    if os.geteuid() == 0:  # whom no permission binds
        os.seteuid(65534)
        try:
            with pytest.raises(MediaError, match="denied"):
                sniff(path)
        finally:
            os.seteuid(0)
    else:
        refused(path, MediaError, "permission denied")


def test_empty_files(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.wav", "a.txt", "a"):
        (tmp_path / name).touch()
        refused(tmp_path / name, EmptyMediaError, "zero bytes")
    with pytest.raises(EmptyMediaError, match="<bytes>: is empty"):
        sniff(b"")


def test_the_byte_limit_is_applied_before_reading(tmp_path: Path) -> None:
    path = tmp_path / "huge.wav"
    with path.open("wb") as file:
        file.truncate(3 * 1024**3)  # a hole: it takes no room
    refused(path, MediaTooLargeError, r"3\.0 GiB long, over the limit of 2\.0 GiB")
    with pytest.raises(MediaTooLargeError, match="11 bytes long, over the limit of 10 bytes"):
        read_document(b"hello world", Limits(file_bytes=10))


def test_sizes_are_readable() -> None:
    sizes = [readable_size(n) for n in (1, 1023, 1024, 1536, 1024**2, 5 * 1024**3, 1024**5)]
    assert sizes == [
        "1 bytes",
        "1023 bytes",
        "1.0 KiB",
        "1.5 KiB",
        "1.0 MiB",
        "5.0 GiB",
        "1024.0 TiB",
    ]


def test_names_of_files_are_no_urls_and_no_formats(tmp_path: Path) -> None:
    data = EXAMPLES["mp3"][0]
    for name in ("http:example.org.raw", "concat:a|b", "a.raw", "ünï %d.mp3", "-i.wav"):
        path = tmp_path / name
        path.write_bytes(data)
        assert read_audio(path).rate == 48000


def test_playlists_open_nothing(tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_bytes(EXAMPLES["mp3"][0])
    playlist = tmp_path / "list.mp3"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsong.mp3\n#EXT-X-ENDLIST\n")
    with pytest.raises(CorruptMediaError, match="holds text"):
        read_audio(playlist)


# Damage: whatever happens to a file, it is decoded or refused in words


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The file with an accident: cut, flipped bits, a hole, a piece doubled or gone."""
    at, length = chance.randrange(len(data)), chance.choice([1, 4, 64, 1000])
    accident = chance.randrange(5)
    if accident == 0:
        return data[: max(1, at)]
    if accident == 1:
        return data[:at] + data[at + length :] or b"x"
    if accident == 2:
        return data[:at] + chance.randbytes(length) + data[at + length :]
    if accident == 3:
        return data[:at] + data[max(0, at - length) :]
    flipped = bytearray(data)
    for _ in range(chance.choice([1, 1, 3, 30])):
        # Headers are where a flip does most.
        place = chance.randrange(min(len(data), chance.choice([40, 400, len(data)])))
        flipped[place] ^= 1 << chance.randrange(8)
    return bytes(flipped)


@pytest.mark.parametrize("suffix", EXAMPLES)
def test_damaged_files_are_decoded_or_refused_in_words(
    suffix: str, capfd: pytest.CaptureFixture[str]
) -> None:
    data, modality, _ = EXAMPLES[suffix]
    read = READERS[modality]
    limits = Limits(image_pixels=4_000_000, audio_seconds=600)
    started = time.perf_counter()
    sentences = []
    for seed in range(60):
        wrong = damaged(data, random.Random(f"{suffix} {seed}"))
        try:
            result = read(wrong, limits)  # type: ignore[call-arg]
        except MediaError as error:
            sentences.append(str(error))
        else:
            assert getattr(result, "mode", "RGB") == "RGB"
    assert all(s.startswith("<bytes>: ") and "\n" not in s for s in sentences)
    assert time.perf_counter() - started < 300
    assert capfd.readouterr() == ("", "")


# Warnings


def test_decoders_warnings_are_kept_quiet_from_many_threads() -> None:
    before = list(warnings.filters)
    exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0\xff\xff\xff\x7f\0\0\0\0" + bytes(60)
    data = saved(photo(), "JPEG", exif=exif)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                assert read_image(data).size == (64, 48)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert list(warnings.filters) == before


def test_only_the_decoders_are_quiet() -> None:
    with quiet_decoders(), pytest.warns(UserWarning, match="ours"):
        warnings.warn("ours", stacklevel=1)


def test_nothing_heavy_is_imported_to_tell_what_a_file_is() -> None:
    script = """
        import sys
        import anysense.embed.media.audio.recording
        import anysense.embed.media.document.document
        import anysense.embed.media.image
        from anysense.embed.media.identify import sniff
        assert sniff(b"words") == "text"
        heavy = {"numpy", "PIL", "av", "soundfile", "soxr", "pypdf", "lxml"}
        print(sorted(heavy & set(sys.modules)))
    """
    assert check_script(script) == "[]\n"
