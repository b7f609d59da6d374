"""The embeddings of LangChain: one of anysense's encoders, for texts, pictures and sounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.embeddings import Embeddings
from langchain_core.runnables.config import run_in_executor

from anysense.adapters.embedders import embedder_of, embedder_of_collection
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from anysense import Client, Collection, Waveform
    from anysense.adapters.embedders import Embedder
    from anysense.embed.types import Encoder

__all__ = ["AnysenseEmbeddings"]


class AnysenseEmbeddings(Embeddings):
    """Vectors of texts, pictures and sounds in one space, made here or by a service.

    A model of this machine is loaded when it is first used. A text, or a sound, that is longer than
    the model takes at once has the mean of the vectors of its parts.

    >>> embeddings = AnysenseEmbeddings("starter")
    >>> embeddings.embed_query("waves"), embeddings.embed_image(["beach.jpg"])
    """

    _embedder: Embedder

    def __init__(
        self,
        model: str | Encoder | None = None,
        *,
        device: str = "auto",
        client: Client | None = None,
    ) -> None:
        """Embed with a model.

        Args:
            model: the name of an encoder, or one that is loaded; if None, ``starter``, or the first
                one of the service.
            device: where to load it: ``auto``, ``cpu`` or ``cuda``.
            client: of the service that embeds; this machine does if None.

        Raises:
            UsageError: a service is to embed with a model of this machine.
        """
        self._embedder = embedder_of(model, device, client)

    @classmethod
    def of(cls, collection: Collection) -> AnysenseEmbeddings:
        """Embed with the model that a collection has for texts, which the two then share.

        Raises:
            UsageError: the collection has none.
        """
        embeddings = cls.__new__(cls)
        embeddings._embedder = embedder_of_collection(collection)
        return embeddings

    @property
    def model(self) -> str:
        """The name of the encoder."""
        return self._embedder.name

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A vector for each text, as one that is searched.

        Raises:
            MediaError: one of them has no words, or is too long.
            EncoderError: the model cannot be used, or takes no texts.
        """
        return self._embedder.documents(texts, Modality.TEXT)

    def embed_query(self, text: str) -> list[float]:
        """The vector of a text that is searched with.

        Raises:
            MediaError: it has no words, or is too long.
            EncoderError: the model cannot be used, or takes no texts.
        """
        return self._embedder.query(text)

    def embed_image(self, uris: Sequence[str | Path | bytes | Image]) -> list[list[float]]:
        """A vector for each picture: the path of a file (never a URL), its bytes, or a PIL image.

        The name and its argument are those that vector stores of LangChain call it by.

        Raises:
            MediaError: one of them cannot be read.
            EncoderError: the model cannot be used, or takes no pictures.
        """
        return self._embedder.documents(map(_file, uris), Modality.IMAGE)

    def embed_audio(self, uris: Sequence[str | Path | bytes | Waveform]) -> list[list[float]]:
        """A vector for each sound: the path of a file (never a URL), its bytes, or a `Waveform`.

        Raises:
            MediaError: one of them cannot be read.
            EncoderError: the model cannot be used, or takes no sounds.
        """
        return self._embedder.documents(map(_file, uris), Modality.AUDIO)

    async def aembed_image(self, uris: Sequence[str | Path | bytes | Image]) -> list[list[float]]:
        """`embed_image`, in another thread."""
        return await run_in_executor(None, self.embed_image, uris)

    async def aembed_audio(
        self, uris: Sequence[str | Path | bytes | Waveform]
    ) -> list[list[float]]:
        """`embed_audio`, in another thread."""
        return await run_in_executor(None, self.embed_audio, uris)


def _file(media: Any) -> Any:
    """A text is a path here, as nothing else can be meant."""
    return Path(media) if isinstance(media, str) else media
