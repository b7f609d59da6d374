"""The text side of an open_clip model: its tokenizer's real limits, and no work on padding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import open_clip
import torch
from open_clip.tokenizer import HFTokenizer, SimpleTokenizer
from open_clip.transformer import text_global_pool

from anysense.embed.encoders.device import may_round
from anysense.embed.encoders.letters import plain_letters
from anysense.embed.encoders.passages import split_passages
from anysense.embed.encoders.sections import split_sections

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.embed.encoders.device import BatchRunner
    from anysense.embed.types import FloatArray, Passage, Structure

__all__ = ["TextTower"]

# Lengths to which texts are cut where a model cannot see past their end: short ones cost a third.
_LENGTHS = (16, 32, 48)


class TextTower:
    """Tokenizes, splits and encodes texts for one model.

    Args:
        model: an open_clip model.
        tokenizer: the one that belongs to it.
    """

    def __init__(self, model: torch.nn.Module, tokenizer: Any) -> None:
        self._model: Any = model
        self._tokenizer = tokenizer
        self.context_length: int = tokenizer.context_length
        self._count, marks = _counter(tokenizer)
        self._limit = self.context_length - marks
        self._causal = _ends_at_its_last_token(model, tokenizer)

    def passages(self, text: str) -> list[Passage]:
        return split_passages(text, self._count_plain, self._limit)

    def structured_passages(self, text: str, structure: Structure, overlap: int) -> list[Passage]:
        return split_sections(text, structure, overlap, self._count_plain, self._limit)

    def prepare(self, text: str) -> torch.Tensor:
        """Token ids, shape (length,): the context length, or a shorter one that says the same."""
        ids: torch.Tensor = self._tokenizer([plain_letters(text)])[0]
        if not self._causal:
            return ids
        used = _used(ids)
        return ids[: next((n for n in _LENGTHS if used <= n < len(ids)), len(ids))].clone()

    def encode(self, runner: BatchRunner, texts: Sequence[torch.Tensor]) -> FloatArray:
        """Unit vectors, float32 of shape (len(texts), dimension).

        Those of queries have no more padding than their batches need.
        """
        if self._causal and may_round():
            texts = [ids[: _used(ids)] for ids in texts]
            if len(texts) > 1:
                return runner.run_padded(lambda batch: self._forward(batch[:, 0]), texts)
        return runner.run_grouped(self._forward, texts)

    def signature(self) -> list[int]:
        """Token ids of a text that tells tokenizers, and how they clean text, apart."""
        probe = "  A photo of Zürich &amp; 北京, 1,234 km away: isn't it GREAT?\n"
        return [int(i) for i in self._tokenizer([probe])[0]]

    def _count_plain(self, text: str) -> int:
        return self._count(plain_letters(text))

    def _forward(self, ids: torch.Tensor) -> torch.Tensor:
        model, length = self._model, ids.shape[1]
        if length == self.context_length:
            return torch.as_tensor(model.encode_text(ids))
        # open_clip.CLIP.encode_text, with the positions and the mask cut to this length.
        dtype = model.transformer.get_cast_dtype()
        x = model.token_embedding(ids).to(dtype) + model.positional_embedding[:length].to(dtype)
        x = model.ln_final(model.transformer(x, attn_mask=model.attn_mask[:length, :length]))
        x = text_global_pool(x, ids, model.text_pool_type, eos_token_id=model.text_eos_id)
        if isinstance(model.text_projection, torch.nn.Linear):
            return torch.as_tensor(model.text_projection(x))
        return torch.as_tensor(x if model.text_projection is None else x @ model.text_projection)


def _used(ids: torch.Tensor) -> int:
    """How many tokens a text has with its end, whose id is the greatest of all."""
    return int(ids.argmax()) + 1


def _counter(tokenizer: Any) -> tuple[Callable[[str], int], int]:
    """How to count the tokens of a text, and how many more each input gets."""
    if isinstance(tokenizer, HFTokenizer):
        inner, clean = tokenizer.tokenizer, tokenizer.clean_fn

        def count(text: str) -> int:
            return len(inner(clean(text), add_special_tokens=False, verbose=False).input_ids)

        if tokenizer.tokenizer_mode == "clips":
            return count, 3
        return count, len(inner("a").input_ids) - count("a")
    if isinstance(tokenizer, SimpleTokenizer):
        return lambda text: len(tokenizer.encode(text)), 2
    # Any other: what it gives for an empty text is padding and what it adds.
    empty = [int(i) for i in tokenizer([""])[0]]
    return lambda text: sum(int(i) != empty[-1] for i in tokenizer([text])[0]), 2


def _ends_at_its_last_token(model: Any, tokenizer: Any) -> bool:
    """Whether what follows the end of a text cannot reach its vector."""
    return (
        isinstance(model, open_clip.CLIP)
        and isinstance(tokenizer, SimpleTokenizer)
        and tokenizer.reduction_fn is None
        and model.attn_mask is not None
        and model.text_pool_type == "argmax"
    )
