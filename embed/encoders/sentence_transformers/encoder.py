"""Any model of texts, images and sounds that sentence-transformers loads by its generic way.

CLIP, SigLIP, MetaCLIP 2, CLAP, EmbeddingGemma 2, Qwen3-VL, e5-omni, and models of texts alone.
N. Reimers and I. Gurevych, "Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks", EMNLP
2019; shorter vectors: A. Kusupati et al., "Matryoshka Representation Learning", NeurIPS 2022.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from PIL.Image import Image
from sentence_transformers.base.modules import Router

from anysense.embed.encoders.device import BatchRunner, choose_batch, choose_device
from anysense.embed.encoders.revision import revision_of, with_reduced
from anysense.embed.encoders.sentence_transformers.inputs import Inputs, settle, supported
from anysense.embed.encoders.sentence_transformers.loading import (
    describe,
    load_model,
    own_prompts,
)
from anysense.embed.encoders.sentence_transformers.names import find_model, parse_name
from anysense.embed.encoders.sentence_transformers.prompts import DOCUMENT, QUERY, Task, tasks
from anysense.embed.encoders.sentence_transformers.texts import Texts
from anysense.embed.encoders.streams import batches_at_once
from anysense.embed.errors import EncoderError, UnknownEncoderError
from anysense.embed.types import Clip, Modality, Passage, QueryForm, Space, Waveform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense.embed.encoders.features import Features
    from anysense.embed.types import Content, FloatArray, Structure

__all__ = ["SentenceTransformersEncoder", "load"]

_REVISION = "1"
_STEP = 16  # on CUDA texts are padded to multiples of this many tokens, so that they share batches
_PROBE = "  A photo of Zürich &amp; 北京, 1,234 km away: isn't it GREAT?\n"
_KINDS = {Modality.TEXT: str, Modality.IMAGE: Image, Modality.AUDIO: Waveform}


def load(rest: str, device: str) -> SentenceTransformersEncoder:
    """Load a model from this machine; code that comes with it is not run.

    Raises:
        UnknownEncoderError: the name is neither OWNER/NAME nor a path, or cuts to no fewer numbers
            than the model's vectors have.
        MissingWeightsError: the model is not here.
        CheckpointError: it is damaged, could run code, or needs code of its own.
        EncoderError: it takes neither texts nor images nor sounds.
    """
    name = parse_name(rest)
    folder = find_model(name)
    torch_device = choose_device(device)
    model = load_model(folder, torch_device)
    return SentenceTransformersEncoder(
        name.encoder,
        model,
        torch_device,
        describe(folder),
        tasks=tasks(own_prompts(folder)),
        dimension=name.dimension,
    )


class SentenceTransformersEncoder:
    """A model of sentence-transformers as an encoder of what it takes.

    Items get the prompt of the model's documents. Where its queries have another, they are of the
    form ``query``: models that chat are told the prompt beside any content, others before a text.

    Args:
        name: its full name, which names its space.
        model: the loaded model; its settings are changed (`inputs.settle`).
        device: where it is.
        digest: a hash of its weights, and of what its files say of it.
        tasks: how documents and queries are taken.
        dimension: to which vectors are cut, less than the model's own; None cuts none.

    Its attributes are those of `anysense.embed.types.Encoder`; the revision of its space hashes
    weights, settings, prompts and tokenizer.

    Raises:
        EncoderError: it takes neither texts nor images nor sounds.
        UnknownEncoderError: it cannot be cut so.
    """

    is_reentrant = True

    def __init__(
        self,
        name: str,
        model: Any,
        device: torch.device,
        digest: str,
        *,
        tasks: Mapping[str, Task],
        dimension: int | None = None,
    ) -> None:
        settle(model)
        self._name = name
        self._model = model
        self._tasks = tasks
        self._runner = BatchRunner(device)
        self._modalities = supported(model)
        if not self._modalities:
            raise EncoderError(f"'{name}' takes neither texts nor images nor sounds.")
        self._inputs = Inputs(model, step=1 if device.type == "cpu" else _STEP)
        self.sample_rate = self._inputs.sample_rate
        self.window_seconds = self._inputs.window_seconds
        self.video = self._inputs.video
        self.image_side = self._inputs.image_side
        self.batch_size = choose_batch(device, 1, 128)
        self.batches_at_once = batches_at_once(device)
        self._cut: int | None = None
        has_texts = Modality.TEXT in self._modalities
        self._texts = Texts(model, self._inputs, list(tasks.values())) if has_texts else None
        width = self._width()
        if dimension is not None and dimension >= width:
            raise UnknownEncoderError(
                f"There is no model '{name}': its vectors have {width} numbers, so it can be cut "
                "to fewer only."
            )
        self._cut = dimension or model.truncate_dim
        probes = [self._probe(task) for task in tasks.values()] if has_texts else []
        forms = self._forms() if len(probes) == 2 and probes[0] != probes[1] else ()
        parts = {
            "model": digest,
            "prompts": {task.name: task.prompt for task in tasks.values()},
            "tokens": probes,
            "window": self.window_seconds,
            "video": repr(self.video),
            "dimension": self._cut,
            "code": _REVISION,
        }
        if self.image_side is not None:
            parts = with_reduced(parts, self.image_side)
        self.space = Space(
            name, revision_of(parts), self._cut or width, self._modalities, query_forms=forms
        )

    def passages(self, text: str) -> list[Passage]:
        """Split a text into passages that fit the model with the longest of its prompts."""
        return self._of_texts().passages(text)

    def structured_passages(self, text: str, structure: Structure, overlap: int) -> list[Passage]:
        """The same for a text with a structure, by its sections."""
        return self._of_texts().structured_passages(text, structure, overlap)

    def prepare(self, modality: Modality, content: Content) -> Any:
        """What the model's processor makes of one item.

        Raises:
            EncoderError: the model does not take this modality, or a sound is of another rate.
            MediaError: the content cannot be prepared.
        """
        return self._prepare(modality, content, self._tasks[DOCUMENT])

    def prepare_query(self, modality: Modality, content: Content, form: str) -> Any:
        """The same for a query, with the prompt of the model's queries.

        Raises:
            EncoderError: as for `prepare`, or the space has no such form.
            MediaError: the content cannot be prepared.
        """
        if not any(f.name == form and f.modality is modality for f in self.space.query_forms):
            raise EncoderError(f"The encoder '{self._name}' has no queries of the form '{form}'.")
        return self._prepare(modality, content, self._tasks[QUERY])

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        """Unit vectors, float32 of shape (len(prepared), dimension)."""
        return self._runner.run_grouped(self._forward, prepared)

    def _prepare(self, modality: Modality, content: Content, task: Task) -> Features:
        is_clip = isinstance(content, Clip) and self.video is not None
        fits = isinstance(content, _KINDS[modality]) or (modality is Modality.IMAGE and is_clip)
        if modality not in self._modalities or not fits:
            raise EncoderError(f"The encoder '{self._name}' does not take {modality}.")
        if isinstance(content, str):
            content = self._of_texts().plain(content)
        return self._inputs.prepare(content, task)

    def _of_texts(self) -> Texts:
        if self._texts is None:
            raise EncoderError(f"The encoder '{self._name}' does not take {Modality.TEXT}.")
        return self._texts

    def _forward(self, features: Features) -> torch.Tensor:
        vectors: torch.Tensor = self._model(dict(features.values))["sentence_embedding"]
        return vectors[:, : self._cut]

    def _width(self) -> int:
        """How many numbers the model's vectors have, by making one."""
        probe = self._inputs.prepare(self._inputs.probes()[0], self._tasks[DOCUMENT])
        return len(self._runner.run_grouped(self._forward, [probe])[0])

    def _probe(self, task: Task) -> list[Any]:
        """Tokens of a text that tells tokenizers apart, and what else goes with it."""
        values = self._inputs.prepare(_PROBE, task).values
        ids = values["input_ids"]
        settings = {
            key: repr(value) for key, value in values.items() if not isinstance(value, torch.Tensor)
        }
        return [ids.flatten().tolist() if isinstance(ids, torch.Tensor) else repr(ids), settings]

    def _forms(self) -> tuple[QueryForm, ...]:
        """The form of queries, of every modality that is told a prompt."""
        of_all = "message" in self._model.modalities or isinstance(self._model[0], Router)
        asked = self._modalities if of_all else frozenset({Modality.TEXT})
        return tuple(
            QueryForm(QUERY, modality, self._modalities)
            for modality in Modality
            if modality in asked
        )
