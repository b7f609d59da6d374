"""Make the media of the background bank, ``index/background``, from the sample media.

    python benchmarks/ranking/background.py

The bank stands for everything that a collection is not about. Its photos and sounds are small, as
they are encoded once for every collection, and none of them shows a concept of this benchmark.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SAMPLE, BANK = ROOT / "server/sample", ROOT / "index/background"
SIDE, SECONDS, RATE = 192, 2.3, 24_000
PHOTOS = [
    "aircraft-engine-workers",
    "astronaut",
    "birds-over-snow",
    "citrus-slices",
    "clownfish",
    "coffee-cup",
    "desert-dunes",
    "earthrise",
    "foggy-forest",
    "foundry-workers",
    "frying-pan",
    "giraffes",
    "hedgehog",
    "kingfisher",
    "manhattan",
    "mariachi-band",
    "matterhorn",
    "mountain-lake",
    "photographer",
    "polar-bear",
    "ring-tailed-lemurs",
    "ruined-pier",
    "suspension-bridge-at-night",
    "welder",
]
SOUNDS = [
    "bell-rung",
    "burp",
    "busy-restaurant",
    "cash-register",
    "chopping-wood",
    "clock-ticking",
    "crow-caw",
    "cymbal-crash",
    "digging-gravel",
    "door-shut",
    "driving-on-gravel",
    "fireworks",
    "guitar-chord",
    "guitar-slide",
    "low-piano-notes",
    "record-rewound",
    "rubbed-wine-glass",
    "small-bell",
    "sonnet-read-",
    "aloud",
    "sparkler-burning",
    "steps-in-snow",
    "three-d-printer",
    "water-on-sauna-stones",
    "wind",
]


def main() -> None:
    import soundfile

    from anysense.embed.media.audio.recording import read_audio, resample

    for kind in ("photos", "sounds"):
        (BANK / kind).mkdir(parents=True, exist_ok=True)
    for name in PHOTOS:
        image = Image.open(SAMPLE / f"photos/{name}.jpg").convert("RGB")
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        image.save(BANK / f"photos/{name}.jpg", quality=80, optimize=True)
    for name in SOUNDS:
        wave = resample(read_audio(SAMPLE / f"sounds/{name}.ogg"), RATE)
        samples = wave.samples[: int(SECONDS * RATE)]
        path = BANK / f"sounds/{name}.ogg"
        soundfile.write(path, samples, RATE, format="OGG", subtype="VORBIS")


if __name__ == "__main__":
    main()
