"""Tiny models of real architectures with random weights, saved as the hub has them.

Their vectors mean nothing; what is real is the code of transformers that runs them, their
processors, and the files that say how they are to be run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WORDS = (
    "a the of rain harbour dog bell sea quiet night photo sound waves beach is and it in on at "
    "task search result query title none text : | , . ?"
)
WORDS = _WORDS.split()
PROMPTS = {"query": "task: search result | query: ", "document": "title: none | text: "}


def randomise(model: Any, seed: int = 0) -> Any:
    """Weights of a size at which different inputs come out different."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if not value.is_floating_point():
                continue
            noise = torch.randn(value.shape, generator=generator)
            if value.ndim > 1:
                value.copy_(noise * 0.7 / max(1, value[0].numel()) ** 0.5)
            elif "norm" in name.lower() and name.endswith("weight"):
                value.copy_(1 + 0.2 * noise)
            else:
                value.copy_(0.1 * noise)
    return model.eval()


def word_tokenizer(
    specials: Sequence[str] = ("<pad>", "<s>", "</s>", "<unk>"),
    *,
    start: str | None = "<s>",
    end: str | None = "</s>",
    words: Sequence[str] = WORDS,
) -> Any:
    """A tokenizer of words and, for other texts, of their letters."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    letters = [chr(code) for code in range(33, 127)]
    names = [*specials, *dict.fromkeys([*words, *letters])]
    vocabulary = {name: at for at, name in enumerate(names)}
    merges: list[tuple[str, str]] = []
    for word in words:
        for end_at in range(2, len(word) + 1):
            left, right = word[: end_at - 1], word[end_at - 1]
            vocabulary.setdefault(left, len(vocabulary))
            vocabulary.setdefault(left + right, len(vocabulary))
            if (left, right) not in merges:
                merges.append((left, right))
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token=specials[-1]))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()]
    )
    marks = [(mark, vocabulary[mark]) for mark in (start, end) if mark is not None]
    single = " ".join(part for part in (start, "$A", end) if part)
    tokenizer.post_processor = processors.TemplateProcessing(single=single, special_tokens=marks)
    return tokenizer


def fast_tokenizer(tokenizer: Any = None, **settings: Any) -> Any:
    from transformers import PreTrainedTokenizerFast

    usual = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer or word_tokenizer(), **{**usual, **settings}
    )


def save(name: str, folder: Path, prompts: dict[str, str] | None = None) -> Path:
    """Save a model of this name: its makers are below; ``clap-fusion`` is one of CLAP's."""
    folder.mkdir(exist_ok=True)
    kind, _, variant = name.partition("-")
    more: dict[str, Any] = {} if prompts is None else {"prompts": prompts}
    made: Path = globals()[f"save_{kind}"](folder, **more, **({variant: True} if variant else {}))
    return made


def save_settings(
    folder: Path, *, prompts: dict[str, str] | None = None, modules: Sequence[tuple[str, str]] = ()
) -> None:
    """The files of sentence-transformers beside a model of transformers."""
    if prompts is not None:
        told = {"prompts": prompts, "default_prompt_name": None, "similarity_fn_name": "cosine"}
        (folder / "config_sentence_transformers.json").write_text(json.dumps(told))
    if modules:
        listed = [
            {
                "idx": at,
                "name": str(at),
                "path": path,
                "type": f"sentence_transformers.models.{kind}",
            }
            for at, (path, kind) in enumerate(modules)
        ]
        (folder / "modules.json").write_text(json.dumps(listed))


def save_bert(folder: Path, *, prompts: dict[str, str] | None = None, length: int = 64) -> Path:
    """BERT with mean pooling, as models of texts are."""
    from transformers import BertConfig, BertModel

    tokenizer = fast_tokenizer(model_max_length=length)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=length,
        pad_token_id=0,
    )
    randomise(BertModel(config)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _save_pooling(folder, 32, "mean")
    save_settings(folder, prompts=prompts, modules=[("", "Transformer"), ("1_Pooling", "Pooling")])
    return folder


def save_clip(folder: Path) -> Path:
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

    tokenizer = fast_tokenizer(model_max_length=24)
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 24,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    config = CLIPConfig(text_config=text, vision_config=_vision(), projection_dim=24)
    randomise(CLIPModel(config)).save_pretrained(folder)
    images = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=32)
    CLIPProcessor(images, tokenizer).save_pretrained(folder)
    return folder


def _vision(**more: Any) -> dict[str, Any]:
    return {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": 32,
        "patch_size": 8,
        **more,
    }


def save_siglip(folder: Path) -> Path:
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    tokenizer = fast_tokenizer(word_tokenizer(start=None), model_max_length=64)
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 64,
        "projection_size": 32,
    }
    config = SiglipConfig(text_config=text, vision_config=_vision())
    randomise(SiglipModel(config)).save_pretrained(folder)
    images = SiglipImageProcessor(size={"height": 32, "width": 32})
    SiglipProcessor(images, tokenizer).save_pretrained(folder)
    return folder


def save_clap(folder: Path, *, fusion: bool = False) -> Path:
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, ClapProcessor

    tokenizer = fast_tokenizer(model_max_length=40)
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 44,
        "pad_token_id": 0,
    }
    audio = {
        "hidden_size": 64,
        "patch_embeds_hidden_size": 8,
        "depths": [1, 1, 1, 1],
        "num_attention_heads": [2, 2, 2, 2],
        "enable_fusion": fusion,
    }
    config = ClapConfig(text_config=text, audio_config=audio, projection_dim=24)
    randomise(ClapModel(config)).save_pretrained(folder)
    sounds = ClapFeatureExtractor(frequency_min=50, truncation="fusion" if fusion else "rand_trunc")
    ClapProcessor(sounds, tokenizer).save_pretrained(folder)
    return folder


def save_siglip2(folder: Path) -> Path:
    from transformers import Siglip2Config, Siglip2ImageProcessor, Siglip2Model, Siglip2Processor

    tokenizer = fast_tokenizer(word_tokenizer(start=None), model_max_length=64)
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 64,
        "projection_size": 32,
    }
    vision = _vision(num_patches=256, patch_size=16)  # as the processor's class has them
    del vision["image_size"]
    randomise(Siglip2Model(Siglip2Config(text_config=text, vision_config=vision))).save_pretrained(
        folder
    )
    Siglip2Processor(Siglip2ImageProcessor(), tokenizer).save_pretrained(folder)
    return folder


def save_metaclip2(folder: Path) -> Path:
    from transformers import CLIPImageProcessor, CLIPProcessor, MetaClip2Config, MetaClip2Model

    tokenizer = fast_tokenizer(model_max_length=24)
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 24,
        "eos_token_id": tokenizer.eos_token_id,
    }
    config = MetaClip2Config(text_config=text, vision_config=_vision(), projection_dim=24)
    randomise(MetaClip2Model(config)).save_pretrained(folder)
    images = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=32)
    CLIPProcessor(images, tokenizer).save_pretrained(folder)
    return folder


_GEMMA_TOKENS = {
    "image_token": "<|image|>",
    "boi_token": "<|image>",
    "eoi_token": "<image|>",
    "audio_token": "<|audio|>",
    "boa_token": "<|audio>",
    "eoa_token": "<audio|>",
}


def save_gemma(folder: Path, *, prompts: dict[str, str] | None = None) -> Path:
    """EmbeddingGemma 2 with all of its towers."""
    from transformers import (
        EmbeddingGemma2Config,
        EmbeddingGemma2Model,
        EmbeddingGemma2Processor,
        Gemma4AudioFeatureExtractor,
        Gemma4ImageProcessor,
    )
    from transformers.models.embedding_gemma2.video_processing_embedding_gemma2 import (
        EmbeddingGemma2VideoProcessor,
    )

    specials = ("<pad>", "</s>", "<s>", *_GEMMA_TOKENS.values(), "<|video|>", "<unk>")
    tokenizer = fast_tokenizer(
        word_tokenizer(specials),
        extra_special_tokens=_GEMMA_TOKENS,
        model_max_length=1024,
        padding_side="right",
    )
    number = tokenizer.convert_tokens_to_ids
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "global_head_dim": 16,
        "max_position_embeddings": 8192,
        "sliding_window": 16,
        "sliding_window_pattern": 2,
        "hidden_size_per_layer_input": 8,
        "embedding_dim": 24,
    }
    vision = {
        "model_type": "gemma4_vision",
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "position_embedding_size": 1024,
    }
    audio = {
        "model_type": "gemma4_audio",
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "subsampling_conv_channels": [128, 4],
        "output_proj_dims": 32,
    }
    config = EmbeddingGemma2Config(
        text_config=text,
        vision_config=vision,
        audio_config=audio,
        boi_token_id=number("<|image>"),
        eoi_token_id=number("<image|>"),
        image_token_id=number("<|image|>"),
        video_token_id=number("<|video|>"),
        boa_token_id=number("<|audio>"),
        eoa_token_index=number("<audio|>"),
        audio_token_id=number("<|audio|>"),
    )
    randomise(EmbeddingGemma2Model(config)).save_pretrained(folder)
    EmbeddingGemma2Processor(
        feature_extractor=Gemma4AudioFeatureExtractor(),
        image_processor=Gemma4ImageProcessor(max_soft_tokens=70),
        tokenizer=tokenizer,
        video_processor=EmbeddingGemma2VideoProcessor(),
    ).save_pretrained(folder)
    method = {"method": "forward", "method_output_name": "last_hidden_state"}
    settings = {
        "transformer_task": "feature-extraction",
        "modality_config": dict.fromkeys(("text", "image", "audio", "video"), method),
        "module_output_name": "token_embeddings",
    }
    (folder / "sentence_bert_config.json").write_text(json.dumps(settings))
    _save_pooling(folder, 24, "mean")
    save_settings(folder, prompts=prompts, modules=[("", "Transformer"), ("1_Pooling", "Pooling")])
    return folder


def _save_pooling(folder: Path, width: int, mode: str) -> None:
    (folder / "1_Pooling").mkdir()
    pooling = {"embedding_dimension": width, "pooling_mode": mode, "include_prompt": True}
    (folder / "1_Pooling/config.json").write_text(json.dumps(pooling))


_CHAT = (
    "{%- for message in messages %}<|im_start|>{{ message.role }}\n"
    "{%- for part in message.content %}"
    "{%- if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{%- elif part.type == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{%- else %}{{ part.text }}{%- endif %}{%- endfor %}<|im_end|>\n{%- endfor %}"
    "{%- if add_generation_prompt %}<|im_start|>assistant\n{%- endif %}"
)


def save_qwen(folder: Path, *, prompts: dict[str, str] | None = None) -> Path:
    """Qwen3-VL as Qwen3-VL-Embedding is: a chat of which the last token is taken."""
    from transformers import (
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLModel,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    marks = ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>")
    specials = ("<pad>", *marks, "<|image_pad|>", "<|video_pad|>", "<unk>")
    tokenizer = fast_tokenizer(
        word_tokenizer(specials, start=None, end=None),
        bos_token=None,
        eos_token="<|im_end|>",
        additional_special_tokens=list(specials[1:-1]),
        padding_side="left",
        model_max_length=512,
    )
    number = tokenizer.convert_tokens_to_ids
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "max_position_embeddings": 4096,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10_000.0,
            "mrope_section": [4, 2, 2],
            "mrope_interleaved": True,
        },
    }
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 2,
        "patch_size": 8,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "out_hidden_size": 32,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0],
    }
    config = Qwen3VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=number("<|image_pad|>"),
        video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"),
        vision_end_token_id=number("<|vision_end|>"),
    )
    randomise(Qwen3VLModel(config)).save_pretrained(folder)
    sizes = {"shortest_edge": 256, "longest_edge": 4096}
    shape = {"patch_size": 8, "merge_size": 2, "temporal_patch_size": 2, "size": sizes}
    Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(**shape),
        tokenizer=tokenizer,
        video_processor=Qwen3VLVideoProcessor(**shape),
        chat_template=_CHAT,
    ).save_pretrained(folder)
    method = {"method": "forward", "method_output_name": "last_hidden_state"}
    settings = {
        "transformer_task": "feature-extraction",
        "modality_config": {
            **dict.fromkeys(("text", "image", "video"), method),
            "message": {**method, "format": "structured"},
        },
        "module_output_name": "token_embeddings",
        "processing_kwargs": {"chat_template": {"add_generation_prompt": True}},
    }
    (folder / "sentence_bert_config.json").write_text(json.dumps(settings))
    _save_pooling(folder, 32, "lasttoken")
    save_settings(folder, prompts=prompts, modules=[("", "Transformer"), ("1_Pooling", "Pooling")])
    return folder


def save_vit(folder: Path) -> Path:
    """A model of pictures alone."""
    from transformers import ViTConfig, ViTImageProcessor, ViTModel

    randomise(ViTModel(ViTConfig(**_vision()))).save_pretrained(folder)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def save_legacy(folder: Path) -> Path:
    """CLIP in a folder of its own, as older versions of sentence-transformers have saved it."""
    save("clip", folder / "0_CLIPModel")
    save_settings(folder, modules=[("0_CLIPModel", "CLIPModel")])
    return folder


def save_router(folder: Path) -> Path:
    """A model for queries and another one for documents."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Router

    parts = folder.with_name(f"{folder.name}-parts")
    save("bert", parts, {})
    query, document = (SentenceTransformer(str(parts), device="cpu") for _ in range(2))
    randomise(document, seed=5)
    router = Router.for_query_document(
        query_modules=[query[0], query[1]], document_modules=[document[0], document[1]]
    )
    SentenceTransformer(modules=[router], device="cpu").save(str(folder), create_model_card=False)
    return folder


_OMNI_TOKENS = {
    "image_token": "<|IMAGE|>",
    "audio_token": "<|AUDIO|>",
    "video_token": "<|VIDEO|>",
    "vision_bos_token": "<|vision_bos|>",
    "vision_eos_token": "<|vision_eos|>",
    "audio_bos_token": "<|audio_bos|>",
    "audio_eos_token": "<|audio_eos|>",
}
_OMNI_CHAT = (
    "{%- for message in messages %}<|im_start|>{{ message.role }}\n"
    "{%- for part in message.content %}"
    "{%- if part.type == 'image' %}<|vision_bos|><|IMAGE|><|vision_eos|>"
    "{%- elif part.type == 'video' %}<|vision_bos|><|VIDEO|><|vision_eos|>"
    "{%- elif part.type == 'audio' %}<|audio_bos|><|AUDIO|><|audio_eos|>"
    "{%- else %}{{ part.text }}{%- endif %}{%- endfor %}<|im_end|>\n{%- endfor %}"
    "{%- if add_generation_prompt %}<|im_start|>assistant\n{%- endif %}"
)


def save_omni(folder: Path, *, prompts: dict[str, str] | None = None) -> Path:
    """Qwen2.5-Omni's thinker as e5-omni is: a chat with sounds, its last token after all layers."""
    from transformers import (
        Qwen2_5OmniProcessor,
        Qwen2_5OmniThinkerConfig,
        Qwen2_5OmniThinkerForConditionalGeneration,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
        WhisperFeatureExtractor,
    )

    specials = ("<pad>", "<|im_start|>", "<|im_end|>", *_OMNI_TOKENS.values(), "<unk>")
    tokenizer = fast_tokenizer(
        word_tokenizer(specials, start=None, end=None),
        bos_token=None,
        eos_token="<|im_end|>",
        extra_special_tokens=_OMNI_TOKENS,
        padding_side="left",
        model_max_length=1024,
    )
    number = tokenizer.convert_tokens_to_ids
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 4096,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10_000.0,
            "mrope_section": [4, 2, 2],
        },
    }
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 2,
        "patch_size": 8,
        "window_size": 32,
        "out_hidden_size": 32,
        "fullatt_block_indexes": [1],
    }
    audio = {
        "num_mel_bins": 128,
        "encoder_layers": 1,
        "encoder_attention_heads": 2,
        "encoder_ffn_dim": 48,
        "d_model": 32,
        "output_dim": 32,
    }
    config = Qwen2_5OmniThinkerConfig(
        text_config=text,
        vision_config=vision,
        audio_config=audio,
        image_token_index=number("<|IMAGE|>"),
        audio_token_index=number("<|AUDIO|>"),
        video_token_index=number("<|VIDEO|>"),
        audio_start_token_id=number("<|audio_bos|>"),
        audio_end_token_id=number("<|audio_eos|>"),
        vision_start_token_id=number("<|vision_bos|>"),
        vision_end_token_id=number("<|vision_eos|>"),
    )
    randomise(Qwen2_5OmniThinkerForConditionalGeneration(config)).save_pretrained(folder)
    shape = {
        "patch_size": 8,
        "merge_size": 2,
        "temporal_patch_size": 2,
        "size": {"shortest_edge": 256, "longest_edge": 4096},
    }
    Qwen2_5OmniProcessor(
        image_processor=Qwen2VLImageProcessor(**shape),
        video_processor=Qwen2VLVideoProcessor(**shape),
        feature_extractor=WhisperFeatureExtractor(feature_size=128, chunk_length=300),
        tokenizer=tokenizer,
        chat_template=_OMNI_CHAT,
    ).save_pretrained(folder)
    method = {"method": "forward", "method_output_name": ["hidden_states", -1]}
    settings = {
        "transformer_task": "any-to-any",
        "modality_config": {
            **dict.fromkeys(("text", "image", "audio", "video"), method),
            "message": {**method, "format": "structured"},
        },
        "module_output_name": "token_embeddings",
        "processing_kwargs": {"chat_template": {"add_generation_prompt": True}},
    }
    (folder / "sentence_bert_config.json").write_text(json.dumps(settings))
    _save_pooling(folder, 32, "lasttoken")
    save_settings(folder, prompts=prompts, modules=[("", "Transformer"), ("1_Pooling", "Pooling")])
    return folder
