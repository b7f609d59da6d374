"""Photos decoded at a fraction of their size: what it saves, and what it changes.

    python benchmarks/decoding.py

The photos are those of the sample, enlarged, once as they are, which is smooth, and once with noise
in place of the detail that they lack then, which is as many bytes as a camera writes. Whole and
reduced, each is decoded and prepared for a model one after the other, and vectors are compared by
their cosine; of HEIC, previews of files that have one stand in for a reduced picture, as
pillow-heif finds them.

Then the pipeline encodes them with a model that costs nothing, in turn with a thread pool over the
same transform, and one over what somebody would write by hand with Pillow. Ratios are within
rounds: `wall` of pictures a second, `cpu` of processor time for a picture, which other work on the
machine disturbs less.
"""

from __future__ import annotations

import argparse
import io
import itertools
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine
import numpy as np
import PIL.Image
import PIL.ImageOps

from anysense.embed.encoders.registry import load_encoder
from anysense.embed.media.image import as_rgb, read_image
from anysense.embed.pipeline.stream import MediaSource, encode_sources
from anysense.embed.types import Modality, Space

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from anysense.embed.types import Content, Encoder, FloatArray, Passage

SAMPLE = Path(__file__).resolve().parents[1] / "server" / "sample" / "photos"
SEED = 0
SIZES = ((4032, 3024), (1600, 1200))
QUALITY = 88
NOISES = (0.0, 5.0)  # standard deviation, of 255
PARTS = ["photos", "previews", "pipeline"]
PREVIEW = 1024  # pixels along the longer side of a HEIC file's preview


def enlarged(
    path: Path, size: tuple[int, int], noise: float, rng: np.random.Generator
) -> PIL.Image.Image:
    with PIL.Image.open(path) as small:
        turned = (small.width > small.height) == (size[0] > size[1])
        side = size if turned else size[::-1]
        picture = PIL.ImageOps.fit(small.convert("RGB"), side, PIL.Image.Resampling.LANCZOS)
    noisy = np.asarray(picture, np.float32) + rng.normal(0, noise, (*side[::-1], 1))
    return PIL.Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def jpegs(size: tuple[int, int], noise: float, number: int) -> list[bytes]:
    rng = np.random.default_rng(SEED)
    files = []
    for path in sorted(SAMPLE.iterdir())[:number]:
        with io.BytesIO() as file:
            enlarged(path, size, noise, rng).save(file, "JPEG", quality=QUALITY)
            files.append(file.getvalue())
    return files


def vectors(encoder: Encoder, pictures: Iterable[PIL.Image.Image]) -> FloatArray:
    prepared = [encoder.prepare(Modality.IMAGE, picture) for picture in pictures]
    return encoder.encode(Modality.IMAGE, prepared)


def agreement(left: FloatArray, right: FloatArray) -> dict[str, float]:
    cosines = np.einsum("nd,nd->n", left, right, dtype=np.float64)
    others = left @ left.T - 2 * np.eye(len(left), dtype=np.float32)
    return {
        "median": round(float(np.median(cosines)), 5),
        "least": round(float(cosines.min()), 5),
        "to_nearest_other": round(float(np.median(others.max(axis=1))), 3),
    }


def compare_one(encoder: Any, size: tuple[int, int], noise: float, number: int) -> dict[str, Any]:
    """What decoding and preparing one photo costs, whole and reduced, and how vectors differ."""
    files = jpegs(size, noise, number)
    seconds: dict[str, list[tuple[float, float]]] = {"whole": [], "reduced": []}
    kept: dict[str, list[Any]] = {"whole": [], "reduced": []}
    for at, data in enumerate(files):
        for kind in ("whole", "reduced") if at % 2 else ("reduced", "whole"):
            side = encoder.image_side if kind == "reduced" else None
            wall, cpu = time.perf_counter(), time.thread_time()
            kept[kind].append(encoder.prepare(Modality.IMAGE, read_image(data, side=side)))
            seconds[kind].append((time.perf_counter() - wall, time.thread_time() - cpu))
    encoded = {kind: encoder.encode(Modality.IMAGE, prepared) for kind, prepared in kept.items()}
    result: dict[str, Any] = {
        "size": list(size),
        "noise": noise,
        "photos": len(files),
        "bytes": round(statistics.mean(map(len, files))),
    }
    for at, clock in enumerate(("wall", "cpu")):
        result[f"milliseconds_{clock}"] = {
            kind: round(1000 * statistics.median(pair[at] for pair in pairs), 1)
            for kind, pairs in seconds.items()
        }
        ratios = [w[at] / r[at] for w, r in zip(seconds["whole"], seconds["reduced"], strict=True)]
        result[f"times_faster_{clock}"] = round(statistics.median(ratios), 2)
    return {**result, "cosine": agreement(encoded["whole"], encoded["reduced"])}


def compare_previews(encoder: Encoder, number: int) -> dict[str, Any]:
    """The same of HEIC files' previews, which are pictures of their own."""
    import pillow_heif

    rng = np.random.default_rng(SEED)
    whole, previews = [], []
    for path in sorted(SAMPLE.iterdir())[:number]:
        picture = pillow_heif.from_pillow(enlarged(path, (2016, 1512), NOISES[-1], rng))
        with io.BytesIO() as file:
            picture.save(file, quality=50, thumbnails=[PREVIEW])
            with pillow_heif.HeifImageFile(io.BytesIO(file.getvalue())) as image:
                image.draft(None, (520, 520))
                previews.append(as_rgb(image).copy())
            whole.append(read_image(file.getvalue()))
    sizes = sorted({picture.size for picture in previews})
    cosine = agreement(vectors(encoder, whole), vectors(encoder, previews))
    return {"photos": number, "quality": 50, "previews": sizes, "cosine": cosine}


class Free:
    """Prepares pictures as an encoder does, for a model that costs nothing."""

    sample_rate: int | None = None
    window_seconds = 10.0
    batch_size = 32

    def __init__(self, encoder: Any, image_side: int | None) -> None:
        self.space = Space("free", "1", 4, frozenset({Modality.IMAGE}))
        self.image_side = image_side
        self._encoder = encoder

    def passages(self, text: str) -> list[Passage]:
        raise NotImplementedError

    def prepare(self, modality: Modality, content: Content) -> Any:
        return self._encoder.prepare(modality, content)

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        return np.full((len(prepared), 4), 0.5, np.float32)


def run_pipeline(encoder: Free, files: Sequence[bytes], workers: int) -> None:
    sources = (MediaSource(at, data) for at, data in enumerate(files))
    for result in encode_sources([encoder], sources, workers=workers):
        assert result.error is None, result.error


def run_pool(encoder: Free, files: Sequence[bytes], workers: int) -> None:
    def transform(data: bytes) -> Any:
        return encoder.prepare(Modality.IMAGE, read_image(data, side=encoder.image_side))

    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(transform, files):
            pass


def run_pillow(encoder: Free, files: Sequence[bytes], workers: int) -> None:
    def transform(data: bytes) -> Any:
        with PIL.Image.open(io.BytesIO(data)) as image:
            if encoder.image_side is not None:
                image.draft("RGB", (encoder.image_side, encoder.image_side))
            picture = PIL.ImageOps.exif_transpose(image).convert("RGB")
            return encoder.prepare(Modality.IMAGE, picture)

    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(transform, files):
            pass


def compare_pipeline(
    encoder: Any, cores: int, noise: float, rounds: int, number: int
) -> list[dict[str, Any]]:
    """The pipeline beside the pools on so many cores; each way by turns in every round."""
    files = jpegs((1600, 1200), noise, 24)
    files = (files * (1 + number // len(files)))[:number]
    ways: dict[str, Callable[[Free, Sequence[bytes], int], None]] = {
        "pipeline": run_pipeline,
        "pool": run_pool,
        "pillow": run_pillow,
    }
    frees = {"whole": Free(encoder, None), "reduced": Free(encoder, encoder.image_side)}
    seconds: dict[tuple[str, str], list[tuple[float, float]]] = {
        (size, way): [] for size in frees for way in ways
    }
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(processors)[:cores])
    try:
        for size, way in seconds:
            ways[way](frees[size], files[:8], cores)  # warm
        for turn in range(rounds):
            for size, way in list(seconds)[:: 1 if turn % 2 else -1]:
                wall, cpu = time.perf_counter(), time.process_time()
                ways[way](frees[size], files, cores)
                spent = (time.perf_counter() - wall, time.process_time() - cpu)
                seconds[size, way].append(spent)
    finally:
        os.sched_setaffinity(0, processors)
    return [
        {
            "cores": cores,
            "noise": noise,
            "decoded": size,
            **beside(seconds, size, list(ways), number),
        }
        for size in frees
    ]


def beside(
    seconds: dict[tuple[str, str], list[tuple[float, float]]],
    size: str,
    ways: Sequence[str],
    number: int,
) -> dict[str, Any]:
    """Pictures a second by each way, and how much of each pool's speed the pipeline has."""
    result: dict[str, Any] = {
        "pictures_a_second": {
            way: round(number / statistics.median(s[0] for s in seconds[size, way]), 1)
            for way in ways
        }
    }
    for other in ways[1:]:
        pairs = list(zip(seconds[size, other], seconds[size, ways[0]], strict=True))
        for at, clock in enumerate(("wall", "cpu")):
            ratios = sorted(round(theirs[at] / ours[at], 3) for theirs, ours in pairs)
            result[f"of_{other}_{clock}"] = {
                "median": statistics.median(ratios),
                "rounds": ratios,
            }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--files", type=int, default=48)
    parser.add_argument("--cores", type=int, nargs="+", default=[1, len(os.sched_getaffinity(0))])
    parser.add_argument("--only", nargs="+", default=PARTS, choices=PARTS, help="keep the rest")
    parser.add_argument("--dry", action="store_true", help="print, and keep nothing")
    options = parser.parse_args()
    encoder = load_encoder("starter", device="cpu")
    result = kept() if options.only != PARTS else {}
    result.update({"seed": SEED, "encoder": encoder.space.id})
    if "photos" in options.only:
        result["photos"] = [
            shown(compare_one(encoder, size, noise, options.photos))
            for size, noise in itertools.product(SIZES, NOISES)
        ]
    if "previews" in options.only:
        result["heic_previews"] = shown(compare_previews(encoder, options.photos))
    if "pipeline" in options.only:
        result["pipeline"] = [
            shown(row)
            for cores, noise in itertools.product(sorted(set(options.cores)), NOISES)
            for row in compare_pipeline(encoder, cores, noise, options.rounds, options.files)
        ]
    if not options.dry:
        _machine.save("decoding", result)


def kept() -> dict[str, Any]:
    """What was measured before."""
    result = _machine.load("decoding")
    return {key: result[key] for key in result if key not in ("benchmark", "machine")}


def shown(row: dict[str, Any]) -> dict[str, Any]:
    print(row, flush=True)
    return row


if __name__ == "__main__":
    main()
