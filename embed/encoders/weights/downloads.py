"""What encoders say that they download.

A kind of encoder with published weights has a module with the functions of `Downloads`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["TOKENIZER_FILES", "WEIGHT_FILES", "Downloads", "HubFile", "optional_files"]

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
"""The names of weights in repositories of transformers' and sentence-transformers' models."""

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
"""All that a tokenizer may consist of; each has some of them."""


@dataclass(frozen=True)
class HubFile:
    """A file of a model.

    Attributes:
        repository: of the hub.
        names: what it may be called there, the best first.
        is_required: whether the model is of no use without it.
    """

    repository: str
    names: tuple[str, ...]
    is_required: bool = True


class Downloads(Protocol):
    """What a kind of encoder downloads; `rest` is what follows the kind in an encoder's name."""

    def downloads(self, rest: str) -> list[HubFile]:
        """The files of a model, its weights first; none if there is nothing to download.

        Raises:
            UnknownEncoderError: no such model.
        """
        ...

    def named_downloads(self, rest: str, folder: Path) -> Iterable[HubFile]:
        """The files that those name in turn which are now in the weights' folder.

        Each is fetched before the next is asked for.
        """
        ...


def optional_files(repository: str, *names: str) -> list[HubFile]:
    """Files that a model may have or not."""
    return [HubFile(repository, (name,), is_required=False) for name in names]
