"""A retriever for Haystack's pipelines: by words, pictures and sounds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense import AnysenseError, Collection, Retriever
from anysense.adapters.haystack.documents import blob_of_hit, document_of_hit
from anysense.adapters.haystack.filters import where_of
from anysense.adapters.haystack.framework import (
    ByteStream,
    Document,
    Secret,
    SerializationError,
    component,
    default_from_dict,
    default_to_dict,
)
from anysense.adapters.haystack.store import AnysenseDocumentStore
from anysense.adapters.media import ATTACHMENT_BYTES, why_left_out
from anysense.embed.forking import new_rlock
from anysense.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense import Hits

__all__ = ["AnysenseRetriever"]


@component
class AnysenseRetriever:
    """Finds documents of a collection, of this machine or of a service.

    The collection need not have been made by a document store: its items are found as documents
    too. What the search says of each is in its meta, under ``anysense``: `kind`, `source`, `start`
    and `end`, `page`, and all that a hit has.

    >>> retriever = AnysenseRetriever("my.anysense", top_k=5)
    >>> retriever.run("waves on a beach")["documents"]
    """

    def __init__(
        self,
        source: str | Path | Collection | AnysenseDocumentStore,
        *,
        top_k: int = 10,
        where: Mapping[str, Any] | None = None,
        modalities: Sequence[str] | None = None,
        min_score: float | None = None,
        with_media: bool = False,
        max_bytes: int = ATTACHMENT_BYTES,
        api_key: Secret | None = None,
        collection: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        """Say what is searched. It is opened when it is first used.

        Args:
            source: a document store, an open collection, the path of one, or the address of a
                service, such as ``http://localhost:8000``.
            top_k: how many documents at most, 1 to 1000.
            where: a filter of anysense, as a mapping, that holds beside those of each run.
            modalities: only segments of these: ``text``, ``image``, ``audio``.
            min_score: only documents of at least this score.
            with_media: whether documents get a blob: the picture, or the page of a PDF that was
                found, as a JPEG, or the seconds of a sound that matched as a WAV. Where one is
                left out, the document's meta tells why.
            max_bytes: the most of each blob, which is made smaller until it has no more.
            api_key: for a service.
            collection: the name of a collection of a service.
            timeout: seconds to wait for a service.

        Raises:
            UsageError: `where` is no mapping.
        """
        if where is not None and not hasattr(where, "items"):
            raise UsageError(f"where is a filter as a mapping, not {where!r:.100}.")
        self.source = source
        self.top_k = top_k
        self.where = None if where is None else dict(where)
        self.modalities = None if modalities is None else list(modalities)
        self.min_score = min_score
        self.with_media = with_media
        self.max_bytes = max_bytes
        self.api_key = api_key
        self.collection = collection
        self.timeout = timeout
        self._opening = new_rlock()
        self._retriever: Retriever | None = None

    def to_dict(self) -> dict[str, Any]:
        """The component as a pipeline's file has it; a key must come from the environment.

        Raises:
            SerializationError: Haystack's: the source is neither a place nor a collection.
        """
        return default_to_dict(
            self,
            source=self._place(),
            top_k=self.top_k,
            where=self.where,
            modalities=self.modalities,
            min_score=self.min_score,
            with_media=self.with_media,
            max_bytes=self.max_bytes,
            api_key=self.api_key,
            collection=self.collection,
            timeout=self.timeout,
        )

    def _place(self) -> str | AnysenseDocumentStore:
        if isinstance(self.source, AnysenseDocumentStore):
            return self.source
        if isinstance(self.source, str | Path):
            return str(self.source)
        if isinstance(self.source, Collection):
            return str(self.source.path)
        raise SerializationError(
            f"A retriever of a {type(self.source).__name__} cannot be written down: give it the "
            "path of a collection, or the address of a service."
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> AnysenseRetriever:
        """The reverse of `to_dict`."""
        retriever: AnysenseRetriever = default_from_dict(cls, data)
        return retriever

    def warm_up(self) -> None:
        """Open what is searched; models are loaded by the first query that needs them."""
        self._open()

    def close(self) -> None:
        """Let go of what was opened; the next use opens it again."""
        with self._opening:
            if self._retriever is not None:
                self._retriever.close()
                self._retriever = None

    @component.output_types(documents=list[Document], no_match=bool)
    def run(
        self,
        query: str | ByteStream | list[str | ByteStream],
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
    ) -> dict[str, Any]:
        """Find the documents that match best.

        Args:
            query: a text; a picture, a sound or a PDF as a `ByteStream`; or several, which combine.
            filters: Haystack's.
            top_k: how many at most, if not as many as always.

        Returns:
            ``documents``, best first, and ``no_match``: whether chance alone may have found the
            best of them, so that probably none answers the query.

        Raises:
            FilterError: Haystack's: the filter is malformed, or anysense cannot say it.
            UsageError, MediaError, NoRouteError, CollectionError, ServiceError: as `Retriever`.
        """
        content, options = _content(query), self._options(filters, top_k)
        return self._found(self._open().retrieve(content, **options))

    @component.output_types(documents=list[Document], no_match=bool)
    async def run_async(
        self,
        query: str | ByteStream | list[str | ByteStream],
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
    ) -> dict[str, Any]:
        """As `run`, without keeping others from running meanwhile."""
        content, options = _content(query), self._options(filters, top_k)
        retriever = await asyncio.to_thread(self._open)
        hits = await retriever.aretrieve(content, **options)
        return await asyncio.to_thread(self._found, hits)

    def _open(self) -> Retriever:
        with self._opening:
            if self._retriever is None:
                source = self.source
                if isinstance(source, AnysenseDocumentStore):
                    source = source.collection
                self._retriever = Retriever(
                    source,
                    api_key=None if self.api_key is None else self.api_key.resolve_value(),
                    collection=self.collection,
                    timeout=self.timeout,
                )
            return self._retriever

    def _options(self, filters: dict[str, Any] | None, top_k: int | None) -> dict[str, Any]:
        conditions = [each for each in (self.where, where_of(filters)) if each]
        return {
            "k": self.top_k if top_k is None else top_k,
            "where": {"$and": conditions} if len(conditions) > 1 else next(iter(conditions), None),
            "modalities": self.modalities,
            "min_score": self.min_score,
        }

    def _found(self, hits: Hits) -> dict[str, Any]:
        documents = []
        for hit in hits:
            blob, left_out = None, None
            if self.with_media:
                try:
                    blob = blob_of_hit(hit, self.max_bytes)
                except AnysenseError as error:
                    left_out = why_left_out(error)
            documents.append(document_of_hit(hit, blob, left_out))
        return {"documents": documents, "no_match": hits.no_match}


def _content(query: Any) -> Any:
    if isinstance(query, list):
        return [_content(each) for each in query]
    return query.data if isinstance(query, ByteStream) else query
