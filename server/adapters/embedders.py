"""Vectors for frameworks that keep them themselves: of queries, and of what is to be found."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from anysense import load_encoder
from anysense.embed.errors import EncoderError, UnsupportedMediaError, UsageError
from anysense.embed.forking import new_rlock
from anysense.embed.pipeline.query import encode_query, unit_mean
from anysense.embed.pipeline.reading import MediaSource
from anysense.embed.pipeline.stream import encode_sources
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from anysense import Client, Collection
    from anysense.embed.types import Encoder, Space

    Vectors = list[list[float]]

__all__ = ["Embedder", "embedder_of", "embedder_of_collection", "text_space"]

AT_ONCE = {Modality.TEXT: 64, Modality.IMAGE: 4, Modality.AUDIO: 1}
"""How many inputs go to a service in one request, whose body has a limit."""


class Embedder(Protocol):
    """Makes vectors of length 1, with one model. Safe to use from many threads."""

    @property
    def name(self) -> str:
        """What the model is called."""
        ...

    def query(self, text: str) -> list[float]:
        """The vector of a text that is searched with.

        Raises:
            MediaError: it has no words, or is longer than a query may be.
            EncoderError: the model cannot be used, or takes no texts.
            ServiceError: the service does not answer.
        """
        ...

    def documents(self, contents: Iterable[Any], modality: Modality) -> Vectors:
        """The vectors of things that are to be found.

        What is longer than the model takes at once has the mean of the vectors of its parts.

        Args:
            contents: texts (`str`), paths of files, their bytes, PIL images, or `Waveform`.
            modality: what they are.

        Raises:
            MediaError: one of them cannot be read, or is something else.
            EncoderError: the model cannot be used, or does not take them.
            ServiceError: the service does not answer.
        """
        ...


def embedder_of(model: str | Encoder | None, device: str, client: Client | None) -> Embedder:
    """What embeds with a model.

    Args:
        model: the name of an encoder, or one that is loaded; if None, ``starter``, or the first
            one of the service.
        device: where to load it: ``auto``, ``cpu`` or ``cuda``.
        client: of the service that embeds; this machine does if None.

    Raises:
        UsageError: a service is to embed with a model of this machine.
    """
    if client is not None:
        if not isinstance(model, str | None):
            raise UsageError("A service embeds with a model of its own: give its name.")
        return _OfService(client, model)
    if isinstance(model, str | None):
        name = model or "starter"
        return _OfEncoder(name, lambda: load_encoder(name, device=device))
    return _OfEncoder(model.space.id, lambda: model)


def embedder_of_collection(collection: Collection) -> Embedder:
    """What embeds with the model that a collection has for texts: of several the first.

    Raises:
        UsageError: the collection has none.
    """
    place = collection.spaces.index(text_space(collection))
    return _OfEncoder(collection.encoder_names[place], lambda: collection.encoders()[place])


def text_space(collection: Collection) -> Space:
    """The first space of a collection that holds texts.

    Raises:
        UsageError: there is none.
    """
    for space in collection.spaces:
        if Modality.TEXT in space.modalities:
            return space
    raise UsageError(f"No encoder of {collection.path} takes texts.")


class _OfEncoder:
    """Embeds with an encoder of this machine, which is loaded when it is first used."""

    def __init__(self, name: str, load: Callable[[], Encoder]) -> None:
        self.name = name
        self._load = load
        self._encoder: Encoder | None = None
        self._lock = new_rlock()

    def _loaded(self) -> Encoder:
        with self._lock:
            if self._encoder is None:
                self._encoder = self._load()
            return self._encoder

    def query(self, text: str) -> list[float]:
        encoder = self._loaded()
        form = encoder.space.form(Modality.TEXT, Modality.TEXT)
        vector: list[float] = encode_query(encoder, Modality.TEXT, text, form).tolist()
        return vector

    def documents(self, contents: Iterable[Any], modality: Modality) -> Vectors:
        """As a collection makes them."""
        import numpy as np

        encoder = self._loaded()
        if modality not in encoder.space.modalities:
            raise EncoderError(f"The encoder '{encoder.space.id}' does not take {modality}.")
        sources = (
            MediaSource(f"{modality} {place}", content, modality)
            for place, content in enumerate(contents)
        )
        vectors: Vectors = []
        with closing(encode_sources([encoder], sources, captions=False)) as stream:
            for encoded in stream:
                if encoded.error is not None:
                    raise encoded.error
                segments = [s.vector for s in encoded.segments if s.modality is modality]
                vectors.append(unit_mean(np.stack(segments)).tolist())
        return vectors


class _OfService:
    """Embeds with a model of a service."""

    def __init__(self, client: Client, model: str | None) -> None:
        self._client = client
        self._model = model

    @property
    def name(self) -> str:
        """Of the first model, if none was named: the service is asked for it once."""
        if self._model is None:
            self._model = self._client.models()[0].id
        return self._model

    def query(self, text: str) -> list[float]:
        return self.documents([text], Modality.TEXT)[0]

    def documents(self, contents: Iterable[Any], modality: Modality) -> Vectors:
        vectors: Vectors = []
        several = iter(contents)
        while batch := list(islice(several, AT_ONCE[modality])):
            for place, content in enumerate(batch, len(vectors)):
                _check_modality(content, modality, place)
            vectors += self._client.embed(batch, model=self._model).tolist()
        return vectors


def _check_modality(content: Any, modality: Modality, place: int) -> None:
    """Refuse a file that holds something else, which a service would embed as what it is.

    Raises:
        MediaError: so it is, or it cannot be read.
    """
    if not isinstance(content, Path | bytes):
        return
    from anysense.embed.media.identify import sniff

    found = sniff(content)
    if found is not modality:
        name = content if isinstance(content, Path) else f"{modality} {place}"
        raise UnsupportedMediaError(name, f"is given as {modality}, but holds {found}")
