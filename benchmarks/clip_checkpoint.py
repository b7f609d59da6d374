"""One CLIP model with random weights in two formats: open_clip's and transformers'.

Servers that load one or the other can then be compared on the same model. What a model has learnt
does not change how long it takes.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
import transformers
from open_clip.tokenizer import bytes_to_unicode
from safetensors.torch import save_file

ARCHITECTURE = "ViT-B-32-quickgelu"
SEED = 0
MERGES = 49152 - 256 - 2
BLOCKS = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}
PLACES = {
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",
    "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "visual.ln_post.weight": "vision_model.post_layernorm.weight",
    "visual.ln_post.bias": "vision_model.post_layernorm.bias",
    "logit_scale": "logit_scale",
}


def make_checkpoints(folder: Path) -> tuple[Path, Path]:
    """Write both, unless they are there: open_clip's weights, and a folder of transformers."""
    weights, ported = folder / "open_clip.safetensors", folder / "transformers"
    if not (ported / "config.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(SEED)
        model = open_clip.create_model(ARCHITECTURE).eval()
        save_file({k: t.contiguous().clone() for k, t in model.state_dict().items()}, weights)
        port = transformers.CLIPModel(transformers.CLIPConfig()).eval()
        port.load_state_dict(to_transformers(model.state_dict()), strict=False)
        port.save_pretrained(ported)
        write_tokenizer(ported)
        transformers.CLIPImageProcessor().save_pretrained(ported)
        check(model, port, ported)
    return weights, ported


def to_transformers(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of open_clip's model by the names that transformers gives them."""
    named: dict[str, torch.Tensor] = {}
    for name, tensor in state.items():
        if "resblocks." in name:
            tower = "vision_model" if name.startswith("visual.") else "text_model"
            number, _, rest = name.partition("resblocks.")[2].partition(".")
            prefix = f"{tower}.encoder.layers.{number}."
            if rest.startswith("attn.in_proj_"):
                kind = rest.rpartition("_")[2]
                for part, chunk in zip("qkv", tensor.chunk(3), strict=True):
                    named[f"{prefix}self_attn.{part}_proj.{kind}"] = chunk
            else:
                module, _, kind = rest.rpartition(".")
                named[f"{prefix}{BLOCKS[module]}.{kind}"] = tensor
        elif name == "text_projection":
            named["text_projection.weight"] = tensor.T.contiguous()
        elif name == "visual.proj":
            named["visual_projection.weight"] = tensor.T.contiguous()
        elif name in PLACES:
            named[PLACES[name]] = tensor
    return named


def write_tokenizer(folder: Path) -> None:
    """CLIP's tokenizer in the files that transformers reads, from those that open_clip ships."""
    source = Path(open_clip.tokenizer.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.decompress(source.read_bytes()).decode().split("\n")
    merges = lines[1 : MERGES + 1]
    letters = list(bytes_to_unicode().values())
    pieces = [*letters, *(f"{letter}</w>" for letter in letters)]
    pieces += ["".join(merge.split()) for merge in merges]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")
    files = (str(folder / "vocab.json"), str(folder / "merges.txt"))
    transformers.CLIPTokenizer(*files, model_max_length=77).save_pretrained(folder)


def check(model: Any, port: Any, folder: Path) -> None:
    """See that both give the same vectors."""
    texts = ["a red bicycle", "waves on a beach, and a lighthouse"]
    ids = open_clip.get_tokenizer(ARCHITECTURE)(texts)
    picture = torch.rand(1, 3, 224, 224)
    tokens = transformers.CLIPTokenizer.from_pretrained(folder)
    batch = tokens(texts, padding="max_length", return_tensors="pt")
    with torch.inference_mode():
        ours = [model.encode_text(ids), model.encode_image(picture)]
        outcomes = [
            port.get_text_features(**batch),
            port.get_image_features(pixel_values=picture),
        ]
    theirs = [getattr(outcome, "pooler_output", outcome) for outcome in outcomes]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=2e-4)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    print(*make_checkpoints(parser.parse_args().folder))
