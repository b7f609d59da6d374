"""What the starter model reads of a text: token ids, and passages that fit its text networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.encoders.letters import plain_letters
from anysense.embed.encoders.passages import split_passages
from anysense.embed.encoders.sections import split_sections
from anysense.embed.encoders.starter.weights import DATA_FOLDER, verified_path
from anysense.embed.errors import EmptyMediaError

if TYPE_CHECKING:
    from pathlib import Path

    from tokenizers import Tokenizer

    from anysense.embed.types import Passage, Structure

__all__ = ["TOKEN_LIMIT", "TextTokenizer", "TextTokens"]

TOKEN_LIMIT = 256
"""Tokens that the model was trained to read at once, the two special ones included."""

TextTokens = list[int]


class TextTokenizer:
    """MiniLM's tokenizer.

    Args:
        folder: where the manifest of the weights is.

    Raises:
        MissingWeightsError, CheckpointError: its file is not here, or not that of the manifest.
    """

    def __init__(self, folder: Path = DATA_FOLDER) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Tokenizer = Tokenizer.from_file(
            str(verified_path("text_tokenizer", folder))
        )
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def tokenize(self, text: str) -> TextTokens:
        """The token ids of a text, special ones included, at most `TOKEN_LIMIT`.

        A longer text keeps its beginning: callers that must not lose the rest use `passages`.

        Raises:
            EmptyMediaError: nothing but white space.
        """
        if not text.strip():
            raise EmptyMediaError("<text>", "nothing but white space; write some words.")
        ids: list[int] = self._tokenizer.encode(plain_letters(text)).ids
        if len(ids) > TOKEN_LIMIT:
            ids = [*ids[: TOKEN_LIMIT - 1], ids[-1]]
        return ids

    def passages(self, text: str) -> list[Passage]:
        """Split a text into passages of at most `TOKEN_LIMIT` tokens that end at sentence ends."""
        return split_passages(text, self._count, TOKEN_LIMIT - 2)

    def structured_passages(self, text: str, structure: Structure, overlap: int) -> list[Passage]:
        """Split a text into passages by its structure, with their headings in their context."""
        return split_sections(text, structure, overlap, self._count, TOKEN_LIMIT - 2)

    def _count(self, text: str) -> int:
        return len(self._tokenizer.encode(plain_letters(text), add_special_tokens=False).ids)
