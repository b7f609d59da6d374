"""The tokenizer of CLAP's text tower: RoBERTa's, at the 77 tokens that CLAP was trained with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from anysense.embed.encoders.clap.names import TOKENIZER_REPOSITORIES
from anysense.embed.encoders.letters import plain_letters
from anysense.embed.encoders.passages import split_passages
from anysense.embed.encoders.sections import split_sections
from anysense.embed.encoders.weights.hub import cached_file, missing_model
from anysense.embed.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.embed.types import Passage, Structure

__all__ = ["ClapTokenizer", "find_tokenizer"]

LENGTH = 77
# Padding is masked, so a text may be padded to any of these: short ones cost less.
_LENGTHS = (16, 32, 48, LENGTH)


def find_tokenizer(encoder: str, folder: Path) -> Path:
    """The folder that holds RoBERTa's vocabulary: beside the weights, or in the hub's cache.

    Raises:
        MissingWeightsError: it is in neither.
    """
    places = [folder]
    for repository in TOKENIZER_REPOSITORIES:
        file = cached_file(repository, "tokenizer.json", "vocab.json")
        if file is not None:
            places.append(file.parent)
    for place in places:
        if (place / "tokenizer.json").is_file():
            return place
        if (place / "vocab.json").is_file() and (place / "merges.txt").is_file():
            return place
    raise missing_model(encoder, "tokenizer files")


class ClapTokenizer:
    """From texts to token ids.

    Args:
        folder: holds ``tokenizer.json``, or ``vocab.json`` and ``merges.txt``.

    Raises:
        CheckpointError: these are damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._tokenizer = _load(folder)
        start = self._tokenizer.token_to_id("<s>")
        end = self._tokenizer.token_to_id("</s>")
        padding = self._tokenizer.token_to_id("<pad>")
        if start is None or end is None or padding is None:
            raise CheckpointError(f"{folder}: its tokenizer is not RoBERTa's.")
        self._start: int = start
        self._end: int = end
        self.padding: int = padding

    def passages(self, text: str) -> list[Passage]:
        return split_passages(text, self._count, LENGTH - 2)

    def structured_passages(self, text: str, structure: Structure, overlap: int) -> list[Passage]:
        return split_sections(text, structure, overlap, self._count, LENGTH - 2)

    def ids(self, text: str) -> torch.Tensor:
        """Token ids with their marks, padded, shape (length,); at most 77 of them."""
        ids = [self._start, *self.tokens(text)[: LENGTH - 2], self._end]
        length = next(n for n in _LENGTHS if n >= len(ids))
        return torch.tensor(ids + [self.padding] * (length - len(ids)))

    def signature(self) -> list[int]:
        """Token ids of a text that tells tokenizers apart."""
        return self.tokens("  The sound of rain, Zürich & 北京: isn't it GREAT?\n")

    def tokens(self, text: str) -> list[int]:
        """Token ids of a text, all of them and without marks."""
        ids: list[int] = self._tokenizer.encode(plain_letters(text), add_special_tokens=False).ids
        return ids

    def _count(self, text: str) -> int:
        return len(self.tokens(text))


def _load(folder: Path) -> Any:
    from tokenizers import ByteLevelBPETokenizer, Tokenizer

    try:
        if (folder / "tokenizer.json").is_file():
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            tokenizer.no_padding()
            tokenizer.no_truncation()
            return tokenizer
        return ByteLevelBPETokenizer(
            str(folder / "vocab.json"), str(folder / "merges.txt"), add_prefix_space=False
        )
    except Exception as error:  # the library raises bare exceptions for damaged files
        raise CheckpointError(f"{folder}: its tokenizer files are damaged ({error}).") from error
