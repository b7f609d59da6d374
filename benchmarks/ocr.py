"""What reading the words in pictures finds, and what it costs.

    python benchmarks/ocr.py [--pictures 16] [--seed 1]

Renders screenshots, photos of text (perspective, blur, noise, uneven light) and scans (turned,
grey, JPEG), each with phrases of its own, in Pillow's own font. Builds a collection of each kind
with the starter model, once without and once with --ocr, and asks for one phrase of each picture:
whether it comes first, by words alone and by words and meaning together. The error rate of
characters is that of each phrase beside what was read that is nearest to it. The photos of the
demo, in few of which anything is written, tell what a picture without words costs. Results go to
results/ocr.json.
"""

from __future__ import annotations

import argparse
import gzip
import random
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFilter
import PIL.ImageFont
from _machine import save

from anysense.embed.types import Origin
from anysense.index.building.build import build
from anysense.index.collection import Collection
from anysense.index.ranking.retriever import CollectionRetriever

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOME = Path(__file__).resolve().parents[1]
CAPTIONS = HOME / "index/bridging/captions.txt.gz"
PHOTOS = HOME / "server/sample/photos"
LINES = 12
"""Phrases in a picture."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=16, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with gzip.open(CAPTIONS, "rt", encoding="utf-8") as file:
        phrases = [line.strip() for line in file if 20 <= len(line.strip()) <= 48]
    payload: dict[str, Any] = vars(arguments) | {"lines": LINES}
    with tempfile.TemporaryDirectory() as folder:
        for kind, render in KINDS.items():
            home = Path(folder) / kind
            home.mkdir()
            texts = {}
            for number in range(arguments.pictures):
                lines = chance.sample(phrases, LINES)
                name = f"{number:03d}.{'png' if kind.startswith('screen') else 'jpg'}"
                render(lines, chance).save(home / name, quality=85)
                texts[name] = lines
            payload[kind] = measured(home, texts, chance)
            print(kind, payload[kind])
        payload["photos_of_the_demo"] = of_photos(Path(folder))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    payload["megabytes_with_ocr"] = round(most / 1024)
    print(payload, save("ocr", payload))


def measured(home: Path, texts: dict[str, list[str]], chance: random.Random) -> dict[str, Any]:
    with Collection.create(home.with_suffix(".anysense"), ("starter",)) as collection:
        collection.encoders()
        without = timed(lambda: build(collection, [home]))
        with_ocr = timed(lambda: build(collection, [home], ocr=True))
        read = {Path(source).name: lines for source, lines in read_lines(collection).items()}
        errors = [
            (min((distance(phrase, line) for line in read[name]), default=len(phrase)), len(phrase))
            for name, phrases in texts.items()
            for phrase in phrases
        ]
        first = {"words": 0, "both": 0}
        retriever = CollectionRetriever(collection)
        for name, phrases in texts.items():
            asked = chance.choice(phrases)
            for match in first:
                hits = retriever.retrieve(asked, k=1, match=match)
                first[match] += bool(hits) and Path(hits[0].source).name == name
    return {
        "character_error_rate": round(sum(e for e, _ in errors) / sum(n for _, n in errors), 4),
        "recall_at_1_by_words": round(first["words"] / len(texts), 3),
        "recall_at_1": round(first["both"] / len(texts), 3),
        **costs(without, with_ocr, len(texts)),
    }


def of_photos(folder: Path) -> dict[str, Any]:
    count = len(list(PHOTOS.iterdir()))
    with Collection.create(folder / "photos.anysense", ("starter",)) as collection:
        collection.encoders()
        without = timed(lambda: build(collection, [PHOTOS], sidecars=False))
        with_ocr = timed(lambda: build(collection, [PHOTOS], sidecars=False, ocr=True))
        read = read_lines(collection)
    return {
        "photos": count,
        "with_words": sum(bool(lines) for lines in read.values()),
        "lines": sum(map(len, read.values())),
        **costs(without, with_ocr, count),
    }


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """The seconds of something: of the processor, and on the wall."""
    processor, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - processor, time.perf_counter() - wall


def costs(
    without: tuple[float, float], with_ocr: tuple[float, float], count: int
) -> dict[str, float]:
    return {
        "processor_ms_without": round(1000 * without[0] / count),
        "processor_ms_with": round(1000 * with_ocr[0] / count),
        "wall_ms_without": round(1000 * without[1] / count),
        "wall_ms_with": round(1000 * with_ocr[1] / count),
    }


def read_lines(collection: Collection) -> dict[str, list[str]]:
    """What was read in each picture."""
    snapshot = collection.snapshot()
    items = [snapshot.item(file.item_id) for file in collection.files().values()]
    return {
        item.source: [
            line
            for segment in item.segments
            if segment.origin is Origin.OCR
            for line in (segment.text or "").split("\n")
        ]
        for item in items
    }


def distance(one: str, other: str) -> int:
    """How many characters have to be put in, left out or changed (Levenshtein)."""
    if abs(len(one) - len(other)) >= len(one):
        return len(one)
    row = np.arange(len(other) + 1)
    letters = np.array(list(other))
    for number, letter in enumerate(one, 1):
        changed = row[:-1] + (letters != letter)
        following = np.concatenate([[number], np.minimum(changed, row[1:] + 1)])
        steps = np.arange(len(following))
        row = np.minimum.accumulate(following - steps) + steps
    return int(row[-1])


def screen(lines: Sequence[str], chance: random.Random) -> PIL.Image.Image:
    """A window of 1280 x 800, light or dark, with letters of 13 to 18 pixels."""
    ink, paper = chance.choice([("#333333", "#ffffff"), ("#d0d0d0", "#202124")])
    picture = PIL.Image.new("RGB", (1280, 800), paper)
    draw = PIL.ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 1280, 40), "#6e7fa8")
    draw.rectangle((0, 40, 220, 800), "#8a8a8a" if paper == "#ffffff" else "#303236")
    write(draw, lines, (260, 80), 56, ink, lambda: chance.randint(13, 18))
    return picture


def photo(lines: Sequence[str], chance: random.Random) -> PIL.Image.Image:
    """A sheet of paper, seen from the side, with uneven light, blur and noise, of 3 megapixels."""
    sheet = PIL.Image.new("RGB", (2000, 1500), "#efeadf")
    write(PIL.ImageDraw.Draw(sheet), lines, (180, 130), 105, "#282828", lambda: 44)
    width, height = sheet.size

    def shifted(x: int, y: int) -> tuple[float, float]:
        return x + chance.uniform(-120, 120), y + chance.uniform(-90, 90)

    corners = [shifted(0, 0), shifted(0, height), shifted(width, height), shifted(width, 0)]
    quad = tuple(value for corner in corners for value in corner)
    picture = sheet.transform(
        sheet.size,
        PIL.Image.Transform.QUAD,
        quad,
        PIL.Image.Resampling.BICUBIC,
        fillcolor="#554433",
    ).filter(PIL.ImageFilter.GaussianBlur(chance.uniform(0.8, 2.0)))
    light = np.linspace(chance.uniform(0.5, 0.8), 1.0, width)[None, :, None]
    return noisy(np.asarray(picture) * light, 10.0, chance)


def scan(lines: Sequence[str], chance: random.Random) -> PIL.Image.Image:
    """An A4 page at 150 dots an inch, grey, turned by up to 1.5 degrees, with noise."""
    page = PIL.Image.new("RGB", (1240, 1754), "white")
    write(PIL.ImageDraw.Draw(page), lines, (150, 170), 60, "#202020", lambda: 23)
    turned = page.rotate(
        chance.uniform(-1.5, 1.5), PIL.Image.Resampling.BICUBIC, fillcolor="white"
    ).filter(PIL.ImageFilter.GaussianBlur(0.7))
    return noisy(np.asarray(turned.convert("L").convert("RGB")), 8.0, chance)


KINDS = {"screenshots": screen, "photos_of_text": photo, "scans": scan}


def write(
    draw: PIL.ImageDraw.ImageDraw,
    lines: Sequence[str],
    at: tuple[int, int],
    step: int,
    ink: str,
    size: Callable[[], int],
) -> None:
    for number, line in enumerate(lines):
        font = PIL.ImageFont.load_default(size())
        draw.text((at[0], at[1] + number * step), line, fill=ink, font=font)


def noisy(pixels: Any, deviation: float, chance: random.Random) -> PIL.Image.Image:
    noise = np.random.default_rng(chance.randrange(1 << 30)).normal(0.0, deviation, pixels.shape)
    return PIL.Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
