"""Text against text through sentence-transformers, where CLIP's and CLAP's text towers are weak.

N. Reimers and I. Gurevych, "Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks", EMNLP
2019.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from anysense.embed.encoders.device import BatchRunner, choose_batch, choose_device
from anysense.embed.encoders.letters import plain_letters
from anysense.embed.encoders.passages import split_passages
from anysense.embed.encoders.revision import digest_parts, revision_of
from anysense.embed.encoders.sections import split_sections
from anysense.embed.encoders.sentence.folder import check_folder, open_model
from anysense.embed.encoders.sentence.names import find_model
from anysense.embed.encoders.streams import batches_at_once
from anysense.embed.encoders.weights.checkpoint import file_digest
from anysense.embed.encoders.weights.downloads import WEIGHT_FILES
from anysense.embed.encoders.weights.hub import missing_file
from anysense.embed.errors import EncoderError
from anysense.embed.types import Modality, Passage, Space

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sentence_transformers import SentenceTransformer

    from anysense.embed.types import Content, FloatArray, Structure

__all__ = ["SentenceEncoder", "load"]

_REVISION = "1"
_STEP = 16  # texts are padded to multiples of this many tokens


def load(rest: str, device: str) -> SentenceEncoder:
    """Load a sentence-transformers model from this machine; code that comes with it is not run.

    Raises:
        UnknownEncoderError: the name is neither OWNER/NAME nor a path.
        MissingWeightsError: the model is not here.
        CheckpointError: it is damaged, or needs code of its own.
    """
    name, folder = find_model(rest)
    check_folder(folder)
    torch_device = choose_device(device)
    model = open_model(folder, torch_device)
    return SentenceEncoder(name, model, torch_device, _digest(folder))


class SentenceEncoder:
    """A sentence-transformers model as an encoder of texts.

    Args:
        name: its full name, which names its space.
        model: the loaded model.
        device: where it is.
        digest: a hash of its weights.

    Its attributes are those of `anysense.embed.types.Encoder`; the revision of its space
    hashes weights and tokenizer.
    """

    is_reentrant = True
    sample_rate: int | None = None
    window_seconds = 10.0

    def __init__(
        self, name: str, model: SentenceTransformer, device: torch.device, digest: str
    ) -> None:
        self._model = model.eval().requires_grad_(False)
        self._tokenizer: Any = model.tokenizer
        limit: Any = model.max_seq_length or getattr(self._tokenizer, "model_max_length", 512)
        self._length = min(int(limit), 8192)
        self._marks = len(self._tokenizer("a").input_ids) - self._count("a")
        self._runner = BatchRunner(device)
        self.batch_size = choose_batch(device, 8, 256)
        self.batches_at_once = batches_at_once(device)
        revision = {
            "weights": digest,
            "length": self._length,
            "tokens": self._tokenizer("Zürich &amp; 北京: isn't it GREAT?").input_ids,
            "code": _REVISION,
        }
        self.space = Space(
            name,
            revision_of(revision),
            len(self._runner.run_grouped(self._forward, [self.prepare(Modality.TEXT, "a")])[0]),
            frozenset({Modality.TEXT}),
        )

    def passages(self, text: str) -> list[Passage]:
        """Split a text into passages of at most the model's own length."""
        return split_passages(text, self._count, self._length - self._marks)

    def structured_passages(self, text: str, structure: Structure, overlap: int) -> list[Passage]:
        """Split a text into passages by its structure, with their headings in their context."""
        return split_sections(text, structure, overlap, self._count, self._length - self._marks)

    def prepare(self, modality: Modality, content: Content) -> Any:
        """Token ids and their mask, padded to a multiple of 16: shape (2, length)."""
        if modality is not Modality.TEXT or not isinstance(content, str):
            raise EncoderError(f"The encoder '{self.space.id}' does not take {modality}.")
        text = plain_letters(content)
        ids = self._tokenizer(text, truncation=True, max_length=self._length).input_ids
        length = min(-(-len(ids) // _STEP) * _STEP, max(self._length, len(ids)))
        padding = getattr(self._tokenizer, "pad_token_id", None) or 0
        rows = torch.full((2, length), padding)
        rows[0, : len(ids)] = torch.tensor(ids)
        rows[1] = torch.arange(length) < len(ids)
        return rows

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        """Unit vectors, float32 of shape (len(prepared), dimension)."""
        return self._runner.run_grouped(self._forward, prepared)

    def _forward(self, rows: torch.Tensor) -> torch.Tensor:
        features = {"input_ids": rows[:, 0], "attention_mask": rows[:, 1]}
        return torch.as_tensor(self._model(features)["sentence_embedding"])

    def _count(self, text: str) -> int:
        text = plain_letters(text)
        return len(self._tokenizer(text, add_special_tokens=False, verbose=False).input_ids)


def _digest(folder: Path) -> str:
    files = sorted(
        path for name in WEIGHT_FILES for path in folder.glob(f"**/{name}") if path.is_file()
    )
    if not files:
        raise missing_file(folder / WEIGHT_FILES[0])
    whole = {path.relative_to(folder).as_posix(): file_digest(path) for path in files}
    return digest_parts(whole)
