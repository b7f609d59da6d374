"""The embeddings of LlamaIndex: one of anysense's encoders, for texts, pictures and sounds."""

from __future__ import annotations

import asyncio
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.adapters.missing import MissingExtraError

# Imported before all others of this room, so that this says which extra is missing.
try:
    from llama_index.core.embeddings import MultiModalEmbedding
except ImportError as error:
    raise MissingExtraError("llama-index") from error
from pydantic import PrivateAttr

from anysense.adapters.embedders import Embedder, embedder_of, embedder_of_collection
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from anysense import Client, Collection
    from anysense.embed.types import Encoder

__all__ = ["AnysenseEmbedding"]


class AnysenseEmbedding(MultiModalEmbedding):
    """Vectors of texts, pictures and sounds in one space, made here or by a service.

    A model of this machine is loaded when it is first used. A text, or a sound, that is longer than
    the model takes at once has the mean of the vectors of its parts. A picture or a sound is the
    path of a file (never a URL), its bytes, or a `BytesIO` of them.

    >>> embedding = AnysenseEmbedding("starter")
    >>> embedding.get_query_embedding("waves"), embedding.get_image_embedding("beach.jpg")
    """

    _embedder: Embedder = PrivateAttr()

    def __init__(
        self,
        model: str | Encoder | None = None,
        *,
        device: str = "auto",
        client: Client | None = None,
        **options: Any,
    ) -> None:
        """Embed with a model.

        Args:
            model: the name of an encoder, or one that is loaded; if None, ``starter``, or the first
                one of the service, which is asked for it.
            device: where to load it: ``auto``, ``cpu`` or ``cuda``.
            client: of the service that embeds; this machine does if None.
            options: those of LlamaIndex's `BaseEmbedding`.

        Raises:
            UsageError: a service is to embed with a model of this machine.
            ServiceError: the service does not answer.
        """
        embedder = embedder_of(model, device, client)
        super().__init__(**{**options, "model_name": embedder.name})
        self._embedder = embedder

    @classmethod
    def of(cls, collection: Collection) -> AnysenseEmbedding:
        """Embed with the model that a collection has for texts, which the two then share.

        Raises:
            UsageError: the collection has none.
        """
        embedder = embedder_of_collection(collection)
        embedding = cls(embedder.name)
        embedding._embedder = embedder
        return embedding

    @classmethod
    def class_name(cls) -> str:
        """What LlamaIndex calls it."""
        return "AnysenseEmbedding"

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._embedder.query(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_query_embedding, query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._embedder.documents(texts, Modality.TEXT)

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return await asyncio.to_thread(self._get_text_embedding, text)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await asyncio.to_thread(self._get_text_embeddings, texts)

    def _get_image_embedding(self, img_file_path: str | BytesIO) -> list[float]:
        return self._get_image_embeddings([img_file_path])[0]

    def _get_image_embeddings(self, img_file_paths: list[str | BytesIO]) -> list[list[float]]:
        return self._embedder.documents(map(_file, img_file_paths), Modality.IMAGE)

    async def _aget_image_embedding(self, img_file_path: str | BytesIO) -> list[float]:
        return await asyncio.to_thread(self._get_image_embedding, img_file_path)

    async def _aget_image_embeddings(
        self, img_file_paths: list[str | BytesIO]
    ) -> list[list[float]]:
        return await asyncio.to_thread(self._get_image_embeddings, img_file_paths)

    def get_audio_embedding(self, audio: str | Path | bytes | BytesIO) -> list[float]:
        """The vector of a sound.

        Raises:
            MediaError: it cannot be read.
            EncoderError: the model cannot be used, or takes no sounds.
        """
        return self.get_audio_embedding_batch([audio])[0]

    def get_audio_embedding_batch(
        self, audios: list[str | Path | bytes | BytesIO]
    ) -> list[list[float]]:
        """The vectors of sounds.

        Raises:
            MediaError, EncoderError: as for one.
        """
        return self._embedder.documents(map(_file, audios), Modality.AUDIO)

    async def aget_audio_embedding(self, audio: str | Path | bytes | BytesIO) -> list[float]:
        """`get_audio_embedding`, in another thread."""
        return await asyncio.to_thread(self.get_audio_embedding, audio)


def _file(media: str | Path | bytes | BytesIO) -> Path | bytes:
    """A text is a path here, as nothing else can be meant."""
    if isinstance(media, BytesIO):
        return media.getvalue()
    return Path(media) if isinstance(media, str) else media
