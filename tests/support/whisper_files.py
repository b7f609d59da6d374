"""A Whisper with random weights, in the files that published ones have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LANGUAGES = ("en", "de", "fr")
_TIMES = 1501  # from 0 to 30 s, in steps of 0.02


def write_whisper(folder: Path) -> Path:
    """Its files in a folder: one layer of 16 numbers, bytes as a vocabulary, three languages."""
    import torch
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizer,
    )

    folder.mkdir(parents=True)
    names = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in LANGUAGES)]
    names += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>"]
    names += ["<|nospeech|>", "<|notimestamps|>"]
    letters = sorted(ByteLevel.alphabet())
    vocabulary = {letter: number for number, letter in enumerate(letters)}
    ids = {name: len(letters) + number for number, name in enumerate(names)}
    tokenizer = WhisperTokenizer(
        vocab=vocabulary | ids,
        merges=[],
        pad_token="<|endoftext|>",
        additional_special_tokens=names[1:],
    )
    tokenizer.add_tokens([f"<|{0.02 * number:.2f}|>" for number in range(_TIMES)])
    tokenizer.save_pretrained(folder)
    end, start = ids["<|endoftext|>"], ids["<|startoftranscript|>"]
    shape = {
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
        "num_mel_bins": 80,
        "max_target_positions": 64,
    }
    special = {"pad_token_id": end, "bos_token_id": end, "eos_token_id": end}
    config = WhisperConfig(
        vocab_size=len(letters) + len(names) + _TIMES,
        decoder_start_token_id=start,
        begin_suppress_tokens=None,
        suppress_tokens=None,
        **shape,
        **special,
    )
    torch.manual_seed(7)
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        decoder_start_token_id=start,
        is_multilingual=True,
        lang_to_id={f"<|{code}|>": ids[f"<|{code}|>"] for code in LANGUAGES},
        task_to_id={"transcribe": ids["<|transcribe|>"], "translate": ids["<|translate|>"]},
        no_timestamps_token_id=ids["<|notimestamps|>"],
        max_initial_timestamp_index=50,
        max_length=40,
        return_timestamps=False,
        **special,
    )
    model.save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)
    return folder
