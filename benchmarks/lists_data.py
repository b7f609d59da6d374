"""Real vectors of the starter model for `lists.py`: items of three modalities and held-out queries.

    python benchmarks/starter/fetch.py DATA      # games' media, clip art, emoji and WordNet, once
    python benchmarks/lists_data.py DATA         # photos from Debian; encodes for an hour

- Texts: the captions of the anchor bank, and definitions and example sentences of WordNet.
- Images: the pictures of `fetch.py`'s packages, no more than 60 of a folder, as animations are many
  almost equal ones; and wallpapers and photographs from Debian (`PHOTOS`), each whole and cut into
  4, 9 and 16 tiles.
- Sounds: windows of 2.3 s, no more than 16 of a file, from the recordings of `fetch.py`'s packages.

An eighth of the files, and of WordNet's meanings, is held out: it gives queries only. A held-out
meaning is asked for by its definition or, every second time, by its name. Images and sounds are
encoded in bf16, as on a GPU. What is encoded is kept in ``DATA/lists`` and not encoded again.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import itertools
import random
import subprocess
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.encoders.starter.encoder import StarterEncoder

ROOT = Path(__file__).resolve().parents[1]
PHOTOS = (
    "gnome-backgrounds",
    "lomiri-wallpapers",
    "lomiri-wallpapers-16.04",
    "lomiri-wallpapers-20.04",
    "mate-backgrounds",
    "plasma-workspace-wallpapers",
    "tuxpaint-stamps-default",
    "ukui-wallpapers",
)
DEFAULTS = {"text": 58_679, "image": 15_000, "audio": 6_500}
PICTURES, RECORDINGS = (".jpg", ".jpeg", ".png", ".webp"), (".wav", ".ogg", ".oga", ".flac", ".mp3")
PER_FOLDER, PER_RECORDING, TILES = 60, 16, (1, 2, 3, 4)
RATE, WINDOW = 44_100, 99 * 1024  # samples of one block of the audio network: 2.3 s
SAVE_EVERY = 500

# What is encoded: whether it is held out, and the content.
Pieces = "Iterator[tuple[bool, Any]]"


def held_out(name: str) -> bool:
    return _hash(name) % 8 == 0


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def texts(data: Path) -> Pieces:
    bank = gzip.decompress((ROOT / "index/bridging/captions.txt.gz").read_bytes()).decode()
    captions = bank.splitlines()
    yield from ((held_out(caption), caption) for caption in captions)
    known = {part for caption in captions for part in (caption, caption.partition(", ")[2])}
    lines = [line for path in _wordnet(data) for line in path.read_text("utf-8").splitlines()]
    lines = [line for line in lines if " | " in line and not line.startswith(" ")]
    random.Random(0).shuffle(lines)
    for line in lines:
        fields, _, gloss = line.partition(" | ")
        name = fields.split()[4].replace("_", " ").removesuffix("(a)").removesuffix("(p)")
        for part in (p.strip() for p in gloss.split("; ")):
            text = part.strip('"')
            if text and text not in known:
                known.add(text)
                held = held_out(name)
                yield held, name if held and _hash(text) % 2 else text


def _wordnet(data: Path) -> list[Path]:
    folder = next((data / "corpora/wordnet").rglob("data.noun")).parent
    return [folder / f"data.{kind}" for kind in ("noun", "verb", "adj", "adv")]


def fetch_photos(data: Path) -> None:
    for package in PHOTOS:
        folder = data / "photos" / package
        if not folder.exists():
            folder.mkdir(parents=True)
            command = ["apt-get", "download", "-q", package]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            archive = next(folder.glob("*.deb"))
            subprocess.run(["dpkg", "-x", archive.name, "."], cwd=folder, check=True)
            archive.unlink()


def _files(folder: Path, endings: tuple[str, ...], per_folder: int | None = None) -> list[Path]:
    """Files in a random order that does not change; of one folder not more than so many."""
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in endings and p.is_file())
    random.Random(0).shuffle(found)
    counts: dict[Path, int] = {}
    kept = []
    for path in found:
        counts[path.parent] = counts.get(path.parent, 0) + 1
        if per_folder is None or counts[path.parent] <= per_folder:
            kept.append(path)
    return kept


def images(data: Path) -> Pieces:
    fetch_photos(data)
    photos = [p for p in _files(data / "photos", PICTURES) if p.stat().st_size > 40_000]
    others = [p for p in _files(data / "corpora", PICTURES, PER_FOLDER) if p.stat().st_size > 1000]
    paths = [(path, TILES) for path in photos] + [(path, TILES[:1]) for path in others]
    random.Random(0).shuffle(paths)
    for path, grids in paths:
        held = held_out(path.relative_to(data).as_posix())
        yield from ((held, tile) for tile in _tiles(path, grids))


def _tiles(path: Path, grids: tuple[int, ...]) -> Iterator[Any]:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(path).convert("RGBA")
    except (OSError, Image.DecompressionBombError):
        return
    flat = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    width, height = flat.size
    for grid in grids:
        for row, column in itertools.product(range(grid), repeat=2):
            left, upper = width * column // grid, height * row // grid
            right, lower = width * (column + 1) // grid, height * (row + 1) // grid
            yield flat.crop((left, upper, right, lower))


def sounds(data: Path) -> Pieces:
    from anysense.embed.errors import AnysenseError
    from anysense.embed.media.audio.recording import read_audio, resample
    from anysense.embed.types import Waveform

    for path in _files(data / "corpora", RECORDINGS):
        held = held_out(path.relative_to(data).as_posix())
        try:
            samples = resample(read_audio(path), RATE).samples
        except AnysenseError:
            continue
        starts = np.arange(0, max(1, len(samples) - WINDOW // 2), WINDOW)
        if len(starts) > PER_RECORDING:
            starts = starts[np.linspace(0, len(starts) - 1, PER_RECORDING).astype(int)]
        for start in starts:
            window = samples[start : start + WINDOW]
            if np.abs(window).max(initial=0) > 1e-3:  # silence
                yield held, Waveform(window, RATE)


def load(data: Path, kind: str, most: int) -> tuple[Any, Any]:
    """Vectors (n, 384) float32 of one modality and which are held out; n <= `most`."""
    with np.load(data / "lists" / f"{kind}.npz") as kept:
        return kept["vectors"][:most], kept["held"][:most]


def encode(data: Path, kind: str, most: int) -> None:
    """Encode the first `most` pieces of a modality that are not encoded yet."""
    import torch

    from anysense.embed.encoders.starter.encoder import StarterEncoder
    from anysense.embed.types import Modality

    encoder, modality = StarterEncoder("cpu"), Modality(kind)
    pieces = {"text": texts, "image": images, "audio": sounds}[kind](data)
    if kind != "text":
        _tower(encoder, kind).dtype = torch.bfloat16
    path = data / "lists" / f"{kind}.npz"
    path.parent.mkdir(exist_ok=True)
    vectors, held = (list(part) for part in load(data, kind, most)) if path.exists() else ([], [])
    todo = itertools.islice(pieces, len(held), most)
    while batch := list(itertools.islice(todo, SAVE_EVERY)):
        prepared = [encoder.prepare(modality, content) for _, content in batch]
        vectors.extend(encoder.encode(modality, prepared))
        held.extend(flag for flag, _ in batch)
        np.savez(path, vectors=np.array(vectors, np.float32), held=np.array(held))
        print(kind, len(held), flush=True)


def _tower(encoder: StarterEncoder, kind: str) -> Any:
    tower: Any = encoder._image if kind == "image" else encoder._audio
    return tower._runner


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    for kind, most in DEFAULTS.items():
        parser.add_argument(f"--{kind}", type=int, default=most, help="how many to encode")
    options = vars(parser.parse_args())
    for kind in DEFAULTS:
        encode(options["data"], kind, options[kind])


if __name__ == "__main__":
    main()
