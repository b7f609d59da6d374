"""What transformers' own models and processors make of contents, for the models of `tiny_models`.

Texts go in one batch, padded as the model's authors pad them; pictures and sounds one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CHATS = ("qwen", "omni")


def vectors(
    name: str, folder: Path, modality: Modality, contents: Sequence[Any], prompt: str
) -> Any:
    """One vector for each content, not normalised."""
    model, processor = _load(name, folder)
    with torch.inference_mode():
        if name in _CHATS:
            return [_chat(model, processor, prompt, modality.value, one) for one in contents]
        if modality is Modality.TEXT:
            return _texts(name, model, processor, [prompt + text for text in contents])
        one = _image if modality is Modality.IMAGE else _sound
        return np.concatenate([one(name, model, processor, content) for content in contents])


def clip(name: str, folder: Path, frames: list[Any], rate: float, prompt: str) -> Any:
    """One vector for the frames of a video, of which there are `rate` a second."""
    model, processor = _load(name, folder)
    told = {"fps": rate, "total_num_frames": len(frames), "frames_indices": [*range(len(frames))]}
    with torch.inference_mode():
        if name in _CHATS:
            text = processor.apply_chat_template(
                _messages(prompt, "video", frames), add_generation_prompt=True
            )
        else:
            text = processor.video_token
        inputs = processor(
            text=[text],
            videos=[frames],
            video_metadata=[told],
            do_sample_frames=False,
            fps=rate,
            return_tensors="pt",
        )
        if name in _CHATS:
            return _last(model, inputs)
        return model(**inputs).last_hidden_state[0].mean(0)


def _load(name: str, folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoModelForMultimodalLM, AutoProcessor

    kind: Any = AutoModelForMultimodalLM if name == "omni" else AutoModel
    model = kind.from_pretrained(folder, dtype=torch.float32).eval()
    return model, AutoProcessor.from_pretrained(folder)


def _texts(name: str, model: Any, processor: Any, texts: list[str]) -> Any:
    if name in ("siglip", "siglip2"):
        inputs = processor(text=texts, padding="max_length", max_length=64, return_tensors="pt")
        return model.get_text_features(input_ids=inputs["input_ids"]).pooler_output
    inputs = processor(text=texts, padding=True, return_tensors="pt")
    if name in ("bert", "gemma"):
        return _mean(model(**inputs).last_hidden_state, inputs["attention_mask"])
    inputs.pop("token_type_ids", None)
    return model.get_text_features(**inputs).pooler_output


def _image(name: str, model: Any, processor: Any, image: Any) -> Any:
    inputs = processor(images=[image], return_tensors="pt")
    if name == "gemma":
        return _mean(model(**inputs).last_hidden_state, inputs["attention_mask"])
    return model.get_image_features(**inputs).pooler_output


def _sound(name: str, model: Any, processor: Any, sound: Any) -> Any:
    if name == "gemma":
        inputs = processor(audio=[sound.samples], sampling_rate=sound.rate, return_tensors="pt")
        return _mean(model(**inputs).last_hidden_state, inputs["attention_mask"])
    inputs = processor.feature_extractor(
        sound.samples, sampling_rate=sound.rate, return_tensors="pt"
    )
    inputs["is_longer"] = torch.zeros(1, 1, dtype=torch.bool)
    inputs["input_features"] = inputs["input_features"].float()
    return model.get_audio_features(**inputs).pooler_output


def _chat(model: Any, processor: Any, prompt: str, kind: str, content: Any) -> Any:
    text = processor.apply_chat_template(
        _messages(prompt, kind, content), add_generation_prompt=True
    )
    media = {"images": [content]} if kind == "image" else {}
    if kind == "audio":
        media = {"audio": [content.samples], "sampling_rate": content.rate}
    return _last(model, processor(text=[text], **media, return_tensors="pt"))


def _last(model: Any, inputs: Any) -> Any:
    """The last token after all layers."""
    return model(**inputs, output_hidden_states=True).hidden_states[-1][0, -1]


def _messages(prompt: str, kind: str, content: Any) -> list[dict[str, Any]]:
    return [
        {"role": "system", "content": [{"type": "text", "text": prompt}]},
        {"role": "user", "content": [{"type": kind, kind: content}]},
    ]


def _mean(hidden: Any, mask: Any) -> Any:
    mask = mask[..., None].to(hidden.dtype)
    return (hidden * mask).sum(1) / mask.sum(1)
