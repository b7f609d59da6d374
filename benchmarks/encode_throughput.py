"""Encoding from files against the bare model on tensors that lie ready.

    python benchmarks/encode_throughput.py
    python benchmarks/encode_throughput.py --device cuda --arch ViT-L-14 --files 2048

The models are real ones with random weights, which cost what trained ones do. A round runs the bare
model, at each of several batch sizes, and the pipeline from files, one after the other; ratios are
within rounds, so that other work on the machine disturbs them little, and the median of them is
given, and the ratio of the least times beside it. The bare model is the library's own, at the batch
size at which it is fastest.

`wall` compares items per second; `cpu` compares processor seconds per item, in which decoding
always counts. The model gets one processor, which leaves the others to decoding, and then all of
them, which is how it runs if nobody says otherwise: there decoding takes its share from the model.

`prepared` is the pipeline without decoding: what is left of the model's speed there is how busy it
is kept. Beside a GPU the bare model has its inputs on the device, in the precision that the encoder
uses, and a ratio of over 0.9 says that the GPU works for over nine tenths of the time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import _machine
import torch

from anysense.embed.encoders.device import choose_autocast
from anysense.embed.pipeline.stream import MediaSource, encode_sources
from anysense.embed.types import Modality, Passage, Space

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.embed.types import Content, FloatArray

SAMPLE = Path(__file__).resolve().parents[1] / "server" / "sample"
SEED = 0
BATCHES = {"cpu": (8, 32), "cuda": (64, 256)}


def openclip(
    folder: Path, device: str, arch: str
) -> tuple[Any, Callable[[torch.Tensor], Any], list[Path]]:
    """An image model of open_clip, its encoder, and photos to encode."""
    import open_clip

    from anysense.embed.encoders.openclip.encoder import load

    torch.manual_seed(SEED)
    model = open_clip.create_model(arch).eval()
    torch.save(model.state_dict(), folder / "model.pt")
    encoder = load(f"{arch}/{folder}/model.pt", device)
    return encoder, model.to(device).encode_image, sorted((SAMPLE / "photos").iterdir())


def clap(
    folder: Path, device: str, arch: str
) -> tuple[Any, Callable[[torch.Tensor], Any], list[Path]]:
    """CLAP with HTSAT-tiny as `ClapModel`, its encoder, and recordings to encode."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    from anysense.embed.encoders.clap.encoder import load

    torch.manual_seed(SEED)
    model = ClapModel(ClapConfig(text_config={"num_hidden_layers": 2}, audio_config={})).eval()
    model.save_pretrained(folder)
    ClapFeatureExtractor(frequency_min=50, truncation="rand_trunc").save_pretrained(folder)
    tokenizer = ByteLevelBPETokenizer()
    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train([__file__], vocab_size=400, show_progress=False, special_tokens=marks)
    tokenizer.save_model(str(folder))
    model.to(device)  # type: ignore[arg-type]
    longer = torch.zeros(256, 1, dtype=torch.bool, device=device)

    def bare(mel: torch.Tensor) -> Any:
        heard = model.audio_model(input_features=mel[:, None], is_longer=longer[: len(mel)])
        return model.audio_projection(heard.pooler_output)

    return load(str(folder), device), bare, sorted((SAMPLE / "sounds").iterdir())


MODELS = {"images": (openclip, Modality.IMAGE), "CLAP HTSAT-tiny": (clap, Modality.AUDIO)}


def timed(work: Callable[[], int]) -> tuple[float, float]:
    """Wall and processor seconds for one item."""
    wall, cpu = time.perf_counter(), time.process_time()
    items = work()
    return (time.perf_counter() - wall) / items, (time.process_time() - cpu) / items


def run_bare(model: Callable[[torch.Tensor], Any], ready: torch.Tensor, batch: int) -> int:
    dtype = choose_autocast(ready.device)
    with (
        torch.inference_mode(),
        torch.autocast(ready.device.type, dtype=dtype, enabled=dtype is not None),
    ):
        for start in range(0, len(ready), batch):
            model(ready[start : start + batch])
    if ready.device.type == "cuda":
        torch.cuda.synchronize(ready.device)
    return len(ready)


class Prepared:
    """An encoder for which texts are the places of inputs that are prepared already."""

    sample_rate: int | None = None
    window_seconds = 10.0

    def __init__(self, encoder: Any, modality: Modality, ready: Sequence[torch.Tensor]) -> None:
        self.space = Space("prepared", "1", encoder.space.dimension, frozenset({Modality.TEXT}))
        self.batch_size = encoder.batch_size
        self.batches_at_once = encoder.batches_at_once
        self._encoder, self._modality, self._ready = encoder, modality, ready

    def passages(self, text: str) -> list[Passage]:
        return [Passage(0, len(text), text)]

    def prepare(self, modality: Modality, content: Content) -> Any:
        return self._ready[int(str(content))]

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        return self._encoder.encode(self._modality, prepared)  # type: ignore[no-any-return]


def run_prepared(encoder: Prepared, count: int) -> int:
    for result in encode_sources([encoder], (MediaSource(n, str(n)) for n in range(count))):
        assert result.error is None, result.error
    return count


def run_files(encoder: Any, paths: Sequence[Path], workers: int | None) -> int:
    items = 0
    for result in encode_sources([encoder], [MediaSource(p, p) for p in paths], workers=workers):
        assert result.error is None, result.error
        items += len(result.segments)
    return items


def measure(
    name: str, threads: int, device: str, arch: str, rounds: int, files: int, workers: int | None
) -> dict[str, Any]:
    """Compare one model at a number of processors for it; in a process that did nothing else."""
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        make, modality = MODELS[name]
        encoder, model, paths = make(Path(folder), device, arch)
        paths = (paths * (1 + files // len(paths)))[:files]
        result = compare(encoder, modality, model, paths, device, rounds, workers)
    named = arch if name == "images" else name
    return {"model": named, "device": device, "torch_threads": threads, **result}


def compare(
    encoder: Any,
    modality: Modality,
    model: Callable[[torch.Tensor], Any],
    paths: Sequence[Path],
    device: str,
    rounds: int,
    workers: int | None,
) -> dict[str, Any]:
    by_path = {
        path: [encoder.prepare(modality, content) for content in contents(modality, encoder, path)]
        for path in set(paths)
    }
    inputs = [prepared for path in paths for prepared in by_path[path]]
    ready = torch.stack(inputs).to(device)
    feed = Prepared(encoder, modality, inputs)
    kinds: dict[str, Callable[[], int]] = {
        f"bare, batch {batch}": lambda batch=batch: run_bare(model, ready, batch)  # type: ignore[misc]
        for batch in BATCHES[ready.device.type]
    }
    kinds["prepared"] = lambda: run_prepared(feed, len(inputs))
    kinds["from files"] = lambda: run_files(encoder, paths, workers)
    for work in kinds.values():
        work()  # warm
    seconds: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for number in range(rounds):
        order = list(kinds) if number % 2 else list(kinds)[::-1]
        for kind in order:
            seconds[kind].append(timed(kinds[kind]))
    result = summary(seconds)
    return {"files": len(paths), "items": len(ready), **result}


def contents(modality: Modality, encoder: Any, path: Path) -> list[Any]:
    from anysense.embed.media.audio.recording import iter_windows
    from anysense.embed.media.image import read_image

    if modality is Modality.IMAGE:
        return [read_image(path, side=encoder.image_side)]
    return [window.waveform for window in iter_windows(path, encoder.sample_rate)]


def summary(seconds: dict[str, list[tuple[float, float]]]) -> dict[str, Any]:
    """Medians, and the ratios of throughput within rounds to the bare model's best batch size."""
    result: dict[str, Any] = {"seconds_per_item": {}, "ratio": {}, "ratio_prepared": {}}
    for at, clock in enumerate(("wall", "cpu")):
        medians = {
            kind: statistics.median(pair[at] for pair in pairs) for kind, pairs in seconds.items()
        }
        best = min((kind for kind in medians if "bare" in kind), key=medians.__getitem__)
        result["seconds_per_item"][clock] = {k: round(v, 5) for k, v in medians.items()}
        for key, kind in (("ratio", "from files"), ("ratio_prepared", "prepared")):
            ours, bare = [[pair[at] for pair in seconds[k]] for k in (kind, best)]
            ratios = sorted(b / o for b, o in zip(bare, ours, strict=True))
            result[key][clock] = {
                "against": best,
                "median": round(statistics.median(ratios), 4),
                "of_least": round(min(bare) / min(ours), 4),
                "rounds": [round(ratio, 4) for ratio in ratios],
            }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--files", type=int, default=64)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument(
        "--threads", type=int, nargs="+", default=sorted({1, os.cpu_count() or 1}),
        help="processors for the model",
    )  # fmt: skip
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--arch", default="ViT-B-32", help="of open_clip, for images")
    parser.add_argument("--dry", action="store_true", help="print, and keep nothing")
    options = parser.parse_args()
    results = []
    for name in options.models:
        for threads in options.threads:
            with get_context("spawn").Pool(1) as process:
                model = (name, threads, options.device, options.arch)
                work = (*model, options.rounds, options.files, options.workers)
                results.append(process.apply(measure, work))
            print(results[-1], flush=True)
    if not options.dry:
        name = "encode_throughput" + ("_cuda" if options.device == "cuda" else "")
        _machine.save(name, {"seed": SEED, "results": results})


if __name__ == "__main__":
    main()
