"""How many seconds of video are indexed a second, by codec and size of the frames.

    python benchmarks/video.py

The films are made of the sample's photos and sounds: shots of four seconds in which the camera
moves over an enlarged photo, with noise, at 25 frames a second. Each is read once without a model,
as frames and sound, and then indexed with the starter model by the pipeline. `cpu` is processor
time for a second of video, which other work on the machine disturbs less than `speed`, seconds of
video for each that passed. `memory_mb` is how far the process grew beyond what it took after a
first film, the smallest.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine
import av
import numpy as np
from PIL import Image, ImageOps

from anysense.embed.encoders.registry import load_encoder
from anysense.embed.media.audio.recording import read_audio, resample
from anysense.embed.media.image import read_image
from anysense.embed.media.pieces import ReadOptions, read_pieces
from anysense.embed.pipeline.reading import picture_sides
from anysense.embed.pipeline.stream import MediaSource, encode_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from anysense.embed.types import Encoder

SAMPLE = Path(__file__).resolve().parents[1] / "server" / "sample"
SEED = 0
SIZES = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080)}
CODECS = {
    "H.264": ("libx264", "matroska", {"preset": "veryfast"}),
    "HEVC": ("libx265", "matroska", {"preset": "ultrafast", "x265-params": "log-level=none"}),
    "VP9": ("libvpx-vp9", "webm", {"deadline": "realtime", "cpu-used": "8"}),
    "AV1": ("libsvtav1", "matroska", {"preset": "12"}),
    "MPEG-4": ("mpeg4", "matroska", {}),
    "MJPEG": ("mjpeg", "matroska", {}),
}
RATE, SHOT, SOUND_RATE = 25, 4.0, 48_000
NOISE = 4.0  # standard deviation, of 255
BITS = 0.08  # for a pixel


def frames(size: tuple[int, int], seconds: float) -> Iterator[NDArray[np.uint8]]:
    """A camera that moves over one photo after the other."""
    rng = np.random.default_rng(SEED)
    noise = rng.normal(0, NOISE, (8, size[1], size[0], 1)).astype(np.float32)
    photos = sorted((SAMPLE / "photos").iterdir())
    larger = (size[0] * 9 // 8, size[1] * 9 // 8)
    for number in range(round(seconds * RATE)):
        shot, at = divmod(number, round(SHOT * RATE))
        if at == 0:
            photo = read_image(photos[shot % len(photos)])
            wide = np.asarray(ImageOps.fit(photo, larger, Image.Resampling.LANCZOS), np.float32)
        x, y = (at * (larger[k] - size[k]) // round(SHOT * RATE) for k in (0, 1))
        shown = wide[y : y + size[1], x : x + size[0]] + noise[number % len(noise)]
        yield shown.clip(0, 255).astype(np.uint8)


def sound(seconds: float) -> NDArray[np.float32]:
    """One recording after the other."""
    parts = [
        resample(read_audio(path), SOUND_RATE).samples
        for path in sorted((SAMPLE / "sounds").glob("*.ogg"))[:8]
    ]
    return np.resize(np.concatenate(parts), round(seconds * SOUND_RATE)).astype(np.float32)


def write_film(path: Path, codec: str, size: tuple[int, int], seconds: float) -> None:
    encoder, container_format, quick = CODECS[codec]
    policy = os.sched_getscheduler(0)
    with av.open(str(path), "w", format=container_format) as container:
        stream: Any = container.add_stream(encoder, rate=RATE, options=quick)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if encoder == "mjpeg" else "yuv420p"
        share = 5 if encoder == "mjpeg" else 1
        stream.bit_rate = round(share * BITS * size[0] * size[1] * RATE)
        track: Any = container.add_stream("libopus", rate=SOUND_RATE, layout="mono")
        samples, step = sound(seconds), 960
        for number, picture in enumerate(frames(size, seconds)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            each = SOUND_RATE // RATE
            for at in range(number * each, (number + 1) * each, step):
                part = np.ascontiguousarray(samples[None, at : at + step])
                frame = av.AudioFrame.from_ndarray(part, format="flt", layout="mono")
                frame.sample_rate, frame.pts = SOUND_RATE, at
                frame.time_base = Fraction(1, SOUND_RATE)
                container.mux(track.encode(frame))
        container.mux(stream.encode(None))
        container.mux(track.encode(None))
    os.sched_setscheduler(0, policy, os.sched_param(0))  # SVT-AV1 took that of real time


def read(path: Path, encoder: Encoder) -> int:
    """Read a film as the encoder needs it; how many pieces it has."""
    options = ReadOptions(captions=False, sides=picture_sides([encoder]))
    return sum(1 for _ in read_pieces(path, options)[1])


def index(path: Path, encoder: Encoder) -> int:
    """Encode a film; how many segments it becomes."""
    [result] = encode_sources([encoder], [MediaSource(path, path)])
    assert result.error is None, result.error
    return len(result.segments)


def timed(work: Callable[[], int], seconds: float, rounds: int) -> dict[str, float]:
    """The medians of some rounds, for one second of video."""
    walls, cpus, count = [], [], 0
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        count = work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {
        "speed": round(seconds / statistics.median(walls), 1),
        "cpu_ms": round(1000 * statistics.median(cpus) / seconds, 1),
        "count": count,
    }


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--codecs", nargs="+", default=list(CODECS), choices=list(CODECS))
    parser.add_argument("--dry", action="store_true", help="print, and keep nothing")
    options = parser.parse_args()
    os.environ["SVT_LOG"] = "0"
    encoder, rows, base = load_encoder("starter", device="cpu"), [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for size in options.sizes:
            for codec in options.codecs:
                paths[size, codec] = Path(folder) / f"{size} {codec}.mkv"
                maker = (paths[size, codec], codec, SIZES[size], options.seconds)
                if (child := os.fork()) == 0:  # what encoders take is not this process's
                    write_film(*maker)
                    os._exit(0)
                assert os.waitpid(child, 0)[1] == 0
        for (size, codec), path in paths.items():
            if not base:
                index(path, encoder)
                base = peak_mb()
            row = {
                "size": size,
                "codec": codec,
                "mbit_a_second": round(8e-6 * path.stat().st_size / options.seconds, 2),
                "read": timed(
                    lambda path=path: read(path, encoder), options.seconds, options.rounds
                ),
                "indexed": timed(
                    lambda path=path: index(path, encoder), options.seconds, options.rounds
                ),
                "memory_mb": round(peak_mb() - base),
            }
            print(row, flush=True)
            rows.append(row)
    result = {
        "seed": SEED,
        "encoder": encoder.space.id,
        "seconds": options.seconds,
        "rounds": options.rounds,
        "films": rows,
    }
    if not options.dry:
        _machine.save("video", result)


if __name__ == "__main__":
    main()
