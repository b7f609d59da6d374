"""PE-Core and MobileCLIP2 against open_clip itself: real architectures with random weights.

Of each family the smallest, in the files that its repository has; of PE-Core's others, whose text
towers take 1.2 GB and more, the architecture made small.
"""

from __future__ import annotations

import json
import logging
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import open_clip
import PIL.Image
import pytest
import torch
from open_clip.pretrained import get_pretrained_cfg
from safetensors.torch import save_file

from anysense.embed.encoders.openclip.encoder import OpenClipEncoder
from anysense.embed.encoders.openclip.names import downloads
from anysense.embed.encoders.registry import load_encoder
from anysense.embed.encoders.weights.downloads import HubFile
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

TEXTS = ["a dog", "two cats asleep on a red sofa, seen from above", "the harbour at night " * 30]
WEIGHTS = "open_clip_model.safetensors"


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """open_clip warns, through the root logger, of models without weights."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def pictures() -> list[PIL.Image.Image]:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (300, 200, 3), dtype=np.uint8)
    ramp = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (100, 1, 3))
    return [PIL.Image.fromarray(pixels) for pixels in (noise, ramp, noise[:150])]


def random_model(arch: str) -> Any:
    """With statistics in its norms that are not those of new ones, so that folding them counts."""
    torch.manual_seed(7)
    model = open_clip.create_model(arch, pretrained_text=False).eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.1)
        for name, value in model.named_parameters():
            if name.endswith("gamma"):  # of layers, which begin as nothing
                value.uniform_(0.2, 0.6)
    return model


def put_on_hub(cache: Path, repository: str, model: Any) -> None:
    """Weights where the hub's client leaves them after a download."""
    root = cache / f"models--{repository.replace('/', '--')}"
    snapshot = root / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text("a" * 40)
    save_file(model.state_dict(), snapshot / WEIGHTS)


def vectors(encoder: Any, modality: Modality, contents: Any) -> Any:
    return encoder.encode(modality, [encoder.prepare(modality, content) for content in contents])


def assert_agrees(encoder: Any, model: Any, transform: Any, tokenizer: Any) -> None:
    """To 1e-4, and to a hundredth of what tells inputs apart: of random weights that is little."""
    with torch.inference_mode():
        images = model.encode_image(torch.stack([transform(p) for p in pictures()]), normalize=True)
        texts = model.encode_text(tokenizer(TEXTS), normalize=True)
    for modality, contents, rows in (
        (Modality.IMAGE, pictures(), images.numpy()),
        (Modality.TEXT, TEXTS, texts.numpy()),
    ):
        apart = np.abs(rows[0] - rows[1]).max()
        error = np.abs(vectors(encoder, modality, contents) - rows).max()
        assert error < min(1e-4, apart / 100)


def assert_no_batch_matters(encoder: Any) -> None:
    for modality, contents in ((Modality.IMAGE, pictures()), (Modality.TEXT, TEXTS)):
        prepared = [encoder.prepare(modality, content) for content in contents]
        together = encoder.encode(modality, prepared)
        alone = np.concatenate([encoder.encode(modality, [one]) for one in prepared])
        assert np.array_equal(together, alone)
        assert np.array_equal(together, encoder.encode(modality, prepared[::-1])[::-1])


@pytest.mark.parametrize(
    ("arch", "tag", "repository", "context"),
    [
        ("PE-Core-T-16-384", "meta", "timm/PE-Core-T-16-384", 32),
        ("MobileCLIP2-S0", "dfndr2b", "timm/MobileCLIP2-S0-OpenCLIP", 77),
    ],
)
def test_published_weights_give_open_clips_vectors(
    arch: str,
    tag: str,
    repository: str,
    context: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert downloads(f"{arch}/{tag}") == [
        HubFile(repository, (WEIGHTS, "open_clip_pytorch_model.bin"))
    ]
    model = random_model(arch)
    put_on_hub(tmp_path, repository, model)
    encoder = load_encoder(f"openclip:{arch}/{tag}", device="cpu")
    assert isinstance(encoder, OpenClipEncoder)
    preset = get_pretrained_cfg(arch, tag)
    transform = open_clip.image_transform(
        open_clip.get_model_config(arch)["vision_cfg"]["image_size"],
        is_train=False,
        **{key: preset[key] for key in ("mean", "std", "interpolation", "resize_mode")},
    )
    assert_agrees(encoder, model, transform, open_clip.get_tokenizer(arch))
    assert_no_batch_matters(encoder)
    assert encoder.space.dimension == 512
    passages = encoder.passages("A boat lies in the harbour. " * 60)
    counts = [len(open_clip.get_tokenizer(arch).encode(p.text)) for p in passages]
    assert max(counts) <= context - 2
    assert min(counts[:-1]) > context - 10
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("arch", ["PE-Core-B-16", "PE-Core-L-14-336", "PE-Core-bigG-14-448"])
def test_the_larger_pe_cores_made_small(arch: str, tmp_path: Path) -> None:
    """By a folder in open_clip's form: the same parts and switches, in other sizes."""
    config = open_clip.get_model_config(arch)
    config["embed_dim"] = 48
    config["vision_cfg"].update(image_size=384, timm_model_name="vit_pe_core_tiny_patch16_384")
    config["text_cfg"].update(width=64, heads=2, layers=2)
    preset = get_pretrained_cfg(arch, "meta")
    preprocess = {key: preset[key] for key in ("mean", "std", "interpolation", "resize_mode")}
    (tmp_path / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": config, "preprocess_cfg": preprocess})
    )
    torch.manual_seed(3)
    model = open_clip.create_model(
        f"local-dir:{tmp_path}", load_weights=False, pretrained_text=False
    ).eval()
    save_file(model.state_dict(), tmp_path / WEIGHTS)
    encoder = load_encoder(f"openclip:local-dir:{tmp_path}", device="cpu")
    assert isinstance(encoder, OpenClipEncoder)
    transform = open_clip.image_transform(384, is_train=False, **preprocess)
    assert_agrees(encoder, model, transform, open_clip.get_tokenizer(f"local-dir:{tmp_path}"))
    assert_no_batch_matters(encoder)
    longest = max(len(encoder.prepare(Modality.TEXT, text)) for text in TEXTS)
    assert longest == open_clip.get_model_config(arch)["text_cfg"]["context_length"]


def test_branches_of_training_are_one(tmp_path: Path) -> None:
    model = random_model("MobileCLIP2-S0")
    save_file(model.state_dict(), tmp_path / "own.safetensors")
    encoder = load_encoder(f"openclip:MobileCLIP2-S0/{tmp_path}/own.safetensors", device="cpu")
    parts = [name for name, _ in encoder._model.named_modules()]  # type: ignore[attr-defined]  # nothing public shows it
    assert any("reparam_conv" in name for name in parts)
    assert not any("conv_kxk" in name or "identity" in name for name in parts)
    (tmp_path / "own.safetensors").unlink()
