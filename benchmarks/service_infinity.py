"""Embeddings a second of the service, beside infinity with the same model on the same machine.

    python benchmarks/service_infinity.py --infinity PATH/TO/infinity_emb --models FOLDER

`pip install "infinity-emb[torch,vision,server]" aiohttp "click<8.2"` makes an environment with
`infinity_emb`, apart from ours: it needs older packages. Both serve a CLIP model (ViT-B/32) of one
set of random weights (clip_checkpoint.py). In turn, several times over, each is asked by 1, 8 and
64 clients for vectors of texts, and of JPEG pictures as data URIs, one input a request; a client
asks again as soon as it has an answer. The other service waits meanwhile, without work. Figures are
medians of the rounds; ratios are ours over theirs, in the same round.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import itertools
import json
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import _machine
import numpy as np
from clip_checkpoint import ARCHITECTURE, make_checkpoints
from PIL import Image
from service import SEED, Load, client, is_ready, service, texts

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURES, SIDE = 64, 320
PATHS = {"anysense": "/v1/embeddings", "infinity": "/embeddings"}


def pictures() -> Iterator[str]:
    """Data URIs of JPEG pictures of smooth noise, over and over."""
    chance = np.random.default_rng(SEED)
    uris = []
    for _ in range(PICTURES):
        noise = chance.integers(0, 255, (24, 24, 3), dtype=np.uint8)
        out = io.BytesIO()
        Image.fromarray(noise).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(out, "JPEG")
        uris.append(f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}")
    return itertools.cycle(uris)


def requests(path: str, model: str, modality: str) -> Iterator[bytes]:
    """Requests for the vector of one input each, as bytes on the wire."""
    for content in texts() if modality == "text" else pictures():
        body = json.dumps({"model": model, "input": [content], "modality": modality}).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nhost: localhost\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


@contextmanager
def infinity(program: Path, model: Path, port: int) -> Iterator[int]:
    """Infinity with a model, when it is ready. It is told not to send usage data."""
    command = [program, "v2", "--model-id", model, "--served-model-name", "clip"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    command += ["--no-bettertransformer", "--log-level", "error"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "INFINITY_ANONYMOUS_USAGE_STATS": "0"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while not is_ready(port, "/health"):
                time.sleep(0.2)
            yield port
        finally:
            process.terminate()
            process.wait(60)


async def load(port: int, asked: Iterator[bytes], clients: int, seconds: float) -> dict[str, float]:
    warm = (client(port, asked, time.perf_counter() + 1, Load()) for _ in range(clients))
    await asyncio.gather(*warm)
    seen, start = Load(), time.perf_counter()
    await asyncio.gather(*(client(port, asked, start + seconds, seen) for _ in range(clients)))
    return seen.summary(time.perf_counter() - start)


def compare(
    ports: dict[str, int], models: dict[str, str], options: argparse.Namespace
) -> dict[str, Any]:
    """The figures of each server, by modality and number of clients."""
    results: dict[str, Any] = {}
    for modality in ("text", "image"):
        for clients in map(int, options.clients.split(",")):
            rounds: dict[str, list[dict[str, float]]] = {name: [] for name in ports}
            for turn in range(options.rounds):
                for name in sorted(ports, reverse=bool(turn % 2)):
                    asked = requests(PATHS[name], models[name], modality)
                    figures = asyncio.run(load(ports[name], asked, clients, options.seconds))
                    rounds[name].append(figures)
            figures = {name: medians(one) for name, one in rounds.items()}
            pairs = zip(rounds["anysense"], rounds["infinity"], strict=True)
            figures["rate_ratio"] = round(median(a["rate"] / b["rate"] for a, b in pairs), 2)
            results.setdefault(modality, {})[str(clients)] = figures
            print(modality, clients, figures, flush=True)
    return results


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    keys = ("rate", "p50_ms", "p99_ms", "refused")
    return {key: round(median(one[key] for one in rounds), 1) for key in keys}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--infinity", type=Path, required=True, help="its program, infinity_emb")
    parser.add_argument("--models", type=Path, required=True, help="folder for the checkpoints")
    parser.add_argument("--clients", default="1,8,64", help="how many at once, comma-separated")
    parser.add_argument("--seconds", type=float, default=8, help="of each load")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=7997, help="for infinity")
    options = parser.parse_args()
    weights, ported = make_checkpoints(options.models.resolve())
    model = f"openclip:{ARCHITECTURE}/{weights}"
    path = options.models / "service.anysense"
    if not Collection.exists(path):
        with Collection.create(path, [model]) as collection:
            collection.add([NewItem("a red bicycle", id="one")])
    with service(path, []) as (ours, _), infinity(options.infinity, ported, options.port) as theirs:
        ports = {"anysense": ours, "infinity": theirs}
        loads = compare(ports, {"anysense": model, "infinity": "clip"}, options)
    _machine.save(
        "service_infinity",
        {
            "seed": SEED,
            "method": " ".join(str(__doc__).split("\n\n")[2].split()),
            "rounds": options.rounds,
            "seconds": options.seconds,
            "loads": loads,
        },
    )


if __name__ == "__main__":
    main()
