"""Would models in int8 be worth it on the CPU: how much faster are they, and what do they find?

    pip install openvino nncf onnxruntime onnx onnxscript torchao
    python benchmarks/precision.py speed
    python benchmarks/precision.py quality DATA      # after benchmarks/starter/fetch.py DATA

`speed`: the architectures of ViT-B-32 and of CLAP's HTSAT-tiny with random weights, which cost what
trained ones do, and the starter's text and image networks; one thread, in the micro-batches that
anysense gives them. The ways take turns, and a ratio is of processor seconds within a round, so
that other work on the machine disturbs it little; medians over rounds.

`quality`: the starter's networks, whose weights are real, quantised in the same ways. Pictures:
emoji and their names (each has one right answer); texts: the questions of FAQs and their answers,
of 128 tokens at most. The vectors of the queries are made in the same way as those of the items.

A way is worth shipping if it is over 1.8 times as fast as torch in float32 on ViT-B-32 and CLAP,
and its R@10 is at most a point lower.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import _machine
import numpy as np
import precision_ways as ways
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Model = Callable[[np.ndarray], list[np.ndarray]]

SEED = 0
SAMPLE = Path(__file__).resolve().parents[1] / "server" / "sample"
FAQ = Path(__file__).parent / "ranking" / "faq.jsonl.gz"
TOKENS = 128
SLOW = 4
"""How many times as long as the base a way takes that is tried in one round only."""
BASE = "torch float32"
FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "amx_bf16")


def processor_features() -> list[str]:
    """Which of the instructions that matter here the processor has."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    flags = next((line.split(":")[1].split() for line in lines if line.startswith("flags")), [])
    return [name for name in FEATURES if name in flags]


class _Picked(torch.nn.Module):
    """One output of a model of transformers."""

    def __init__(self, model: torch.nn.Module, name: str) -> None:
        super().__init__()
        self.model, self.name = model, name

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = getattr(self.model(x), self.name)
        return out


def vit() -> tuple[torch.nn.Module, list[np.ndarray]]:
    """ViT-B-32 for pictures of 224 pixels, four at a time."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    sizes = {"hidden_size": 768, "intermediate_size": 3072, "projection_dim": 512}
    depth = {"num_hidden_layers": 12, "num_attention_heads": 12}
    config = CLIPVisionConfig(**sizes, **depth, patch_size=32, image_size=224)
    model = _Picked(CLIPVisionModelWithProjection(config), "image_embeds")
    return model, noise((4, 3, 224, 224))


def clap() -> tuple[torch.nn.Module, list[np.ndarray]]:
    """CLAP's HTSAT-tiny for a window of ten seconds."""
    from transformers import ClapAudioConfig, ClapAudioModelWithProjection

    model = _Picked(ClapAudioModelWithProjection(ClapAudioConfig()), "audio_embeds")
    return model, noise((1, 1, 1001, 64))


def starter_image() -> tuple[torch.nn.Module, list[np.ndarray]]:
    """The starter's EfficientNet-Lite2, and the sample photos."""
    from anysense.embed.encoders.starter.image import ImageTower, pixels
    from anysense.embed.encoders.starter.square import letterbox
    from anysense.embed.media.image import read_image

    paths = sorted((SAMPLE / "photos").iterdir())
    squares = [torch.tensor(letterbox(read_image(path)))[None] for path in paths]
    network = ImageTower({}, torch.device("cpu")).network
    return network, [pixels(square).contiguous().numpy() for square in squares]


def starter_text() -> tuple[torch.nn.Module, list[np.ndarray]]:
    """The starter's MiniLM, and the first tokens of the sample texts."""
    from anysense.embed.encoders.starter.text import TextTower

    paths = sorted((SAMPLE / "notes").iterdir())
    texts = [path.read_text(encoding="utf-8") for path in paths]
    network = TextTower(torch.zeros(384), torch.device("cpu")).network
    return network, token_arrays(texts, 64)


MODELS = {
    "ViT-B-32": vit,
    "CLAP HTSAT-tiny": clap,
    "starter image": starter_image,
    "starter text": starter_text,
}


def noise(shape: tuple[int, ...]) -> list[np.ndarray]:
    drawn = np.random.default_rng(SEED).standard_normal((8, *shape), dtype=np.float32)
    return list(drawn)


def token_arrays(texts: Sequence[str], most: int) -> list[np.ndarray]:
    """Token ids of each text, of shape (1, at most `most`)."""
    from anysense.embed.encoders.starter.tokens import TextTokenizer

    tokenizer = TextTokenizer()
    tokens = [tokenizer.tokenize(text) for text in texts]
    return [np.array([ids[: most - 1] + ids[-1:] if len(ids) > most else ids]) for ids in tokens]


def made(model: str, folder: Path, wanted: Sequence[str]) -> tuple[dict[str, Any], Any]:
    """A model in every way that it can be had, why not in the others, and its inputs."""
    torch.manual_seed(SEED)
    network, inputs = MODELS[model]()
    network.eval().requires_grad_(False)
    found: dict[str, Any] = {}
    for name, make in ways.WAYS.items():
        if name != BASE and name not in wanted:
            continue
        try:
            found[name] = make(network, inputs, folder)
            found[name](inputs[0])
        except Exception as error:  # libraries raise anything
            found[name] = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        print(model, name, found[name] if isinstance(found[name], str) else "ready", flush=True)
    return found, inputs


def speed(model: str, rounds: int, wanted: Sequence[str]) -> dict[str, Any]:
    """Processor seconds of each way, and how many times as fast it is as torch in float32."""
    with tempfile.TemporaryDirectory() as folder:
        found, inputs = made(model, Path(folder), wanted)
    seconds: dict[str, list[float]] = {n: [] for n, f in found.items() if not isinstance(f, str)}
    batch = inputs[0].shape[0]
    for number in range(rounds):
        slow = [n for n in seconds if number and seconds[n][0] > SLOW * seconds[BASE][0]]
        for name in sorted(set(seconds) - set(slow), reverse=bool(number % 2)):
            some = [inputs[(number * 2 + at) % len(inputs)] for at in range(2)]
            start = time.process_time()
            for one in some:
                found[name](one)
            seconds[name].append((time.process_time() - start) / len(some) / batch)
    result: dict[str, Any] = {}
    for name, outcome in found.items():
        if isinstance(outcome, str):
            result[name] = {"failed": outcome}
            continue
        ratios = [base / own for base, own in zip(seconds[BASE], seconds[name], strict=False)]
        result[name] = {
            "cpu_ms": round(1000 * statistics.median(seconds[name]), 2),
            "times_as_fast": round(statistics.median(ratios), 2),
            "rounds": [round(ratio, 2) for ratio in sorted(ratios)],
        }
    return result


def quality(data: Path, most: int, wanted: Sequence[str]) -> dict[str, Any]:
    """Recall of the right answer among the first 1 and 10, by way, and cosines to float32's."""
    with tempfile.TemporaryDirectory() as folder:
        pictures, _ = made("starter image", Path(folder), wanted)
    with tempfile.TemporaryDirectory() as folder:
        texts, _ = made("starter text", Path(folder), wanted)
    squares, names = emoji(data, most)
    questions, answers = faq(most)
    found: dict[str, dict[str, np.ndarray]] = {}
    for name in ways.WAYS:
        own: dict[str, np.ndarray] = {}
        if callable(texts.get(name)):
            parts = {"names": names, "questions": questions, "answers": answers}
            own |= {part: text_vectors(texts[name], ids) for part, ids in parts.items()}
        if callable(pictures.get(name)):
            own["pictures"] = picture_vectors(pictures[name], squares)
        if own:
            found[name] = own
        print(name, "encoded", flush=True)
    base = found[BASE]
    result: dict[str, Any] = {"pictures": len(squares), "answers": len(answers)}
    for name, own in found.items():
        both = {
            **base,
            **own,
        }  # torch quantises no convolutions: of its ways pictures are float32's
        result[name] = {
            "name to picture": recalls(both["names"], both["pictures"]),
            "picture to name": recalls(both["pictures"], both["names"]),
            "question to answer": recalls(both["questions"], both["answers"]),
            "cosine to float32": {
                part: round(float(np.median(np.einsum("nd,nd->n", v, base[part]))), 4)
                for part, v in own.items()
            },
        }
    return result


def emoji(data: Path, most: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Pictures of emoji as the image network takes them, and the tokens of their names."""
    from PIL import Image

    from anysense.embed.encoders.starter.image import pixels
    from anysense.embed.encoders.starter.square import letterbox

    package = data / "corpora" / "emoji" / "package"
    groups = json.loads((Path(__file__).parent / "starter/data/names.json").read_text())
    entries = [
        entry
        for entry in json.loads((package / "emoji.json").read_text())
        if entry["category"] in groups["emoji_groups"] and entry["has_img_google"]
    ]
    picked = np.random.default_rng(SEED).permutation(len(entries))[:most]
    squares = []
    for at in picked:
        with Image.open(package / "img/google/64" / entries[at]["image"]) as image:
            white = Image.new("RGBA", image.size, "white")
            white.alpha_composite(image.convert("RGBA"))
        squares.append(pixels(torch.tensor(letterbox(white.convert("RGB")))[None]))
    names = [entries[at]["name"].lower().replace("-", " ") for at in picked]
    return [square.contiguous().numpy() for square in squares], token_arrays(names, TOKENS)


def faq(most: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Tokens of questions, and of the answers to them."""
    import gzip

    with gzip.open(FAQ, "rt", encoding="utf-8") as file:
        entries = [json.loads(line) for line in file]
    picked = [entries[at] for at in np.random.default_rng(SEED).permutation(len(entries))[:most]]
    questions = token_arrays([entry["question"] for entry in picked], TOKENS)
    return questions, token_arrays([entry["answer"] for entry in picked], TOKENS)


def text_vectors(model: Model, tokens: Sequence[np.ndarray]) -> np.ndarray:
    """Unit vectors as the starter's text tower makes them."""
    from anysense.embed.encoders.starter.weights import map_arrays

    rows = np.concatenate([model(ids)[0] for ids in tokens])
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True) - map_arrays("heads")["text.mean"]
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def picture_vectors(model: Model, squares: Sequence[np.ndarray]) -> np.ndarray:
    """Unit vectors as the starter's image tower makes them."""
    from anysense.embed.encoders.starter.image import project
    from anysense.embed.encoders.starter.weights import load_tensors

    heads = load_tensors("heads")
    tensors = {name[6:]: t for name, t in heads.items() if name.startswith("image.")}
    outputs = [model(square) for square in squares]
    features, logits = (
        torch.from_numpy(np.concatenate([out[at] for out in outputs])) for at in (0, 1)
    )
    vectors: np.ndarray = project(features, logits, tensors).numpy()
    return vectors


def recalls(queries: np.ndarray, items: np.ndarray) -> dict[str, float]:
    """The percentage of queries whose item, of the same row, is among the first 1 and 10."""
    scores = queries @ items.T
    rank = (scores > scores.diagonal()[:, None]).sum(axis=1)
    return {f"R@{k}": round(100 * float((rank < k).mean()), 1) for k in (1, 10)}


def save(part: str, measured: Mapping[str, Any]) -> None:
    """Write one part of the results, or some models and ways of it; the others stay."""
    path = _machine.RESULTS / "precision.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    parts = {name: kept[name] for name in ("speed", "quality") if name in kept}
    before = parts.get(part, {})
    for name, figures in measured.items():
        is_model = part == "speed"
        before[name] = {**before.get(name, {}), **figures} if is_model else figures
    parts[part] = before
    about = {"processor": processor_features(), "versions": ways.versions(), "seed": SEED}
    _machine.save("precision", {**about, **parts})
    print(json.dumps(measured, indent=1), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["speed", "quality"])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--most", type=int, default=400, help="pictures, and answers")
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--ways", nargs="*", default=list(ways.WAYS), choices=list(ways.WAYS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    with torch.inference_mode():
        if options.part == "quality":
            save("quality", quality(options.data, options.most, options.ways))
            return
        for model in options.models:
            save("speed", {model: speed(model, options.rounds, options.ways)})


if __name__ == "__main__":
    main()
