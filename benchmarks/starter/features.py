"""Run the frozen networks once over every file and keep what they say.

    python benchmarks/starter/features.py DATA

Sounds: the embeddings of every block of the first ten seconds. Pictures: features and logits.
"""

from __future__ import annotations

import argparse
import warnings
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import torch
from media import pictures, sounds

from anysense.embed.encoders.starter.audio import SoundEffectsNetwork, blocks_of
from anysense.embed.encoders.starter.image import EfficientNetLite2, folded_state
from anysense.embed.encoders.starter.spectrogram import log_mel
from anysense.embed.encoders.starter.square import letterbox
from anysense.embed.encoders.starter.weights import load_tensors

_state: dict[str, Any] = {}


def start() -> None:
    torch.set_num_threads(1)
    network = SoundEffectsNetwork()
    network.load_state_dict(load_tensors("audio"))
    _state["audio"] = network.eval()
    image = EfficientNetLite2()
    image.load_state_dict(folded_state(load_tensors("image")))
    _state["image"] = image.eval()


def read(path: Path) -> np.ndarray:
    """The first ten seconds, mono, at 44.1 kHz."""
    import soundfile
    import soxr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            samples = file.read(int(rate * 10), dtype="float32", always_2d=True).mean(axis=1)
    return soxr.resample(samples, rate, 44_100, quality="VHQ")


@torch.inference_mode()
def sound_features(path: Path) -> np.ndarray:
    mel = log_mel(read(path))
    return _state["audio"](torch.from_numpy(blocks_of(mel))).numpy().astype(np.float16)


@torch.inference_mode()
def picture_features(path: Path) -> np.ndarray | None:
    """Features and logits in one vector of 2280 numbers; None for a picture that cannot be read."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = 30_000_000
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(path).convert("RGBA")
    except (OSError, Image.DecompressionBombWarning, Image.DecompressionBombError):
        return None
    white = Image.new("RGBA", picture.size, "white")
    square = letterbox(Image.alpha_composite(white, picture).convert("RGB"))
    pixels = (torch.tensor(square).permute(2, 0, 1)[None].float() - 127.0) / 128.0
    features, logits = _state["image"](pixels)
    return torch.cat([features, logits], dim=1)[0].numpy()


def cache_pictures(data: Path) -> None:
    items = pictures(data)
    target = data / "features" / "pictures.npz"
    known = dict(np.load(target)) if target.exists() else {}
    paths = {str(item.path.relative_to(data)): item.path for item in items}
    todo = sorted(set(paths) - set(known))
    print(len(items), "pictures,", len(todo), "to do", flush=True)
    if not todo:
        return
    with Pool(2, start) as pool:
        for name, features in zip(
            todo, pool.imap(picture_features, [paths[n] for n in todo], 8), strict=False
        ):
            if features is not None:
                known[name] = features
    np.savez(target, **known)


def cache_sounds(data: Path) -> None:
    items = sounds(data)
    target = data / "features" / "sounds.npz"
    known = dict(np.load(target)) if target.exists() else {}
    name = {item: str(item.path.relative_to(data)) for item in items}
    todo = [item for item in items if name[item] not in known]
    print(len(items), "sounds,", len(todo), "to do", flush=True)
    if not todo:
        return
    with Pool(2, start) as pool:
        for item, features in zip(
            todo, pool.imap(sound_features, [i.path for i in todo], 4), strict=False
        ):
            known[name[item]] = features
    target.parent.mkdir(exist_ok=True)
    np.savez(target, **known)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data.resolve()
    cache_sounds(data)
    cache_pictures(data)


if __name__ == "__main__":
    main()
