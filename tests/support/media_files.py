"""Files made on the spot for the tests of media decoding."""

from __future__ import annotations

import io
import tempfile
import zlib
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

Samples = NDArray[np.float32]
SNDFILE_FORMATS = [
    ("WAV", "PCM_16"),
    ("WAVEX", "PCM_24"),
    ("RF64", "PCM_16"),
    ("W64", "PCM_16"),
    ("AIFF", "PCM_16"),
    ("AU", "PCM_16"),
    ("CAF", "PCM_16"),
    ("CAF", "ALAC_16"),
    ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]


def tone(seconds: float = 1.0, rate: int = 44100, channels: int = 1, hz: float = 440) -> Samples:
    """A quiet tone, a little different in each channel: float32, shape (n, channels)."""
    time = np.arange(round(seconds * rate)) / rate
    each = [0.3 * np.sin(2 * np.pi * hz * (1 + 0.5 * at) * time) for at in range(channels)]
    return np.stack(each, axis=1).astype(np.float32)


def chirp(seconds: float, rate: int = 44100) -> Samples:
    """A sound of which no two moments are alike: shape (n, 1)."""
    time = np.arange(round(seconds * rate)) / rate
    sweep = 0.3 * np.sin(2 * np.pi * (200 + 300 * time / max(seconds, 1)) * time)
    return sweep[:, None].astype(np.float32)


def sndfile(
    samples: Samples,
    rate: int = 44100,
    file_format: str = "WAV",
    subtype: str = "PCM_16",
    **more: Any,
) -> bytes:
    """A recording written by libsndfile."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=file_format, subtype=subtype, **more)
    return file.getvalue()


LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def ffmpeg(
    samples: Samples,
    rate: int = 44100,
    file_format: str = "ipod",
    codec: str = "aac",
    cover: bytes | None = None,
    options: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
    codec_options: dict[str, str] | None = None,
) -> bytes:
    """A recording written by FFmpeg, with a cover picture (a JPEG) and tags where given."""
    layout = LAYOUTS[samples.shape[1]]
    file = tempfile.NamedTemporaryFile()  # noqa: SIM115 - faststart reads back by name
    with file, av.open(file.name, "w", format=file_format, options=options or {}) as container:
        container.metadata.update(tags or {})
        stream: Any = container.add_stream(codec, rate=rate, layout=layout, options=codec_options)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout=layout)
        frame.sample_rate = rate
        if cover is not None:
            picture: Any = container.add_stream("mjpeg", rate=1)
            picture.width, picture.height, picture.pix_fmt = 16, 16, "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic.value
        resampler = av.AudioResampler(
            format=stream.format, layout=layout, rate=rate, frame_size=stream.frame_size or 1024
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
        if cover is not None:
            packet = av.Packet(cover)
            packet.stream, packet.pts, packet.dts = picture, 0, 0
            packet.time_base, packet.is_keyframe = picture.time_base, True
            container.mux(packet)
        container.close()
        return Path(file.name).read_bytes()


def video(
    file_format: str = "mp4",
    codec: str = "mpeg4",
    sound: bool = False,
    frames: int = 10,
    options: dict[str, str] | None = None,
) -> bytes:
    """A moving picture, or a still one if it has one frame."""
    file = io.BytesIO()
    with av.open(file, "w", format=file_format, options=options or {}) as container:
        stream: Any = container.add_stream(codec, rate=10)
        pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.width, stream.height, stream.pix_fmt = 64, 64, pixels
        track: Any = container.add_stream("aac", rate=44100, layout="mono") if sound else None
        for at in range(frames):
            picture = np.full((64, 64, 3), at * 20, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
        if track is not None:
            frame = av.AudioFrame.from_ndarray(tone(0.02)[:1024].T.copy(), "fltp", "mono")
            frame.sample_rate = 44100
            container.mux(track.encode(frame))
            container.mux(track.encode(None))
    return file.getvalue()


def id3(size: int, title: str = "") -> bytes:
    """An ID3v2.3 tag of a title, where given, and of a cover picture of so many bytes."""

    def frame(name: bytes, content: bytes) -> bytes:
        return name + len(content).to_bytes(4, "big") + b"\0\0" + content

    picture = b"\0image/jpeg\0\x03\0" + bytes(1 + at % 250 for at in range(size))
    body = frame(b"APIC", picture)
    if title:
        body = frame(b"TIT2", b"\0" + title.encode("latin-1")) + body
    length = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + length + body


def ape_tag(size: int) -> bytes:
    """An APEv2 tag of one item of so many bytes."""
    item = size.to_bytes(4, "little") + b"\0\0\0\0Title\0" + b"x" * size

    def end(flags: int) -> bytes:
        numbers = (2000, len(item) + 32, 1, flags)
        return b"APETAGEX" + b"".join(n.to_bytes(4, "little") for n in numbers) + bytes(8)

    return end(0xA0000000) + item + end(0x80000000)


def photo(width: int = 64, height: int = 48) -> Image.Image:
    """Red in the upper left quarter, green in the upper right, blue and white below."""
    picture = Image.new("RGB", (width, height), "white")
    picture.paste((220, 20, 20), (0, 0, width // 2, height // 2))
    picture.paste((20, 200, 20), (width // 2, 0, width, height // 2))
    picture.paste((20, 20, 220), (0, height // 2, width // 2, height))
    return picture


def saved(picture: Image.Image, file_format: str, **options: Any) -> bytes:
    """A picture as the bytes of a file."""
    if file_format == "HEIF":
        import pillow_heif

        file = io.BytesIO()
        options.setdefault("quality", -1)
        heif = pillow_heif.from_pillow(picture)
        heif.save(file, **options)
        return file.getvalue()
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


def pdf(contents: list[bytes], form: bytes | None = None, compress: bool = False) -> bytes:
    """A PDF with one page for each content stream; a form, if given, is drawn by ``/X0 Do``."""
    kids = " ".join(f"{5 + 2 * at} 0 R" for at in range(len(contents)))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    resources = "/Resources << /Font << /F1 3 0 R >> /XObject << /X0 4 0 R >> >>"
    form_head = f"/Type /XObject /Subtype /Form /BBox [0 0 612 792] {resources}"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode(),
        font.encode(),
        _stream(form or b"", form_head if form is not None else "", compress),
    ]
    for at, content in enumerate(contents):
        used = resources if form is not None else "/Resources << /Font << /F1 3 0 R >> >>"
        page = f"/Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {6 + 2 * at} 0 R"
        objects += [f"<< {page} {used} >>".encode(), _stream(content, "", compress)]
    out = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (len(places) + 1, table, len(places) + 1, len(out))
    )


def _stream(content: bytes, head: str, compress: bool) -> bytes:
    data = zlib.compress(content, 9) if compress else content
    coding = "/Filter /FlateDecode" if compress else ""
    return f"<< {head} {coding} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def page(*lines: str) -> bytes:
    """The content stream of a page that shows these lines."""
    shown = b" ".join(b"(%s) Tj T*" % line.encode("cp1252") for line in lines)
    return b"BT /F1 12 Tf 72 720 Td 14 TL " + shown + b" ET"


def write(folder: Path, name: str, data: bytes) -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(data)
    return path
