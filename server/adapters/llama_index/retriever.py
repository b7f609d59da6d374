"""The retriever of LlamaIndex: what `anysense.Retriever` finds, as nodes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from llama_index.core.base.base_retriever import BaseRetriever

from anysense import Modality, Term
from anysense.adapters.llama_index.nodes import Media, nodes_of
from anysense.adapters.payloads import file_below
from anysense.adapters.sources import Source, open_retriever
from anysense.embed.errors import UsageError
from anysense.server.client.connection import TIMEOUT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llama_index.core.schema import NodeWithScore, QueryBundle

    from anysense.index.hits.hits import Hits

__all__ = ["AnysenseRetriever"]


class AnysenseRetriever(BaseRetriever):
    """Finds texts, pictures and sounds for a query engine.

    >>> retriever = AnysenseRetriever("my.anysense", k=5, modalities=["image"])
    >>> retriever.retrieve("waves on a beach")

    A query's texts (`custom_embedding_strs` where there are some) and its `image_path` combine. Its
    `embedding` is left alone: whoever has put it there, it is of another model.
    """

    def __init__(
        self,
        source: Source,
        *,
        api_key: str | None = None,
        collection: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        k: int = 10,
        where: str | Mapping[str, Any] | None = None,
        modalities: Sequence[Modality | str] | None = None,
        min_score: float | None = None,
        only_matches: bool = False,
        all_segments: bool = False,
        media: Media = "path",
        search_options: Mapping[str, Any] | None = None,
        files: str | Path | None = None,
        **options: Any,
    ) -> None:
        """Search what `source` is or names.

        Args:
            source: an open `Collection`, the path of one, the URL of a service, a `Client`, or a
                `Retriever`.
            api_key: of the service.
            collection: the name of a collection of the service.
            timeout: how many seconds an answer of the service may take.
            k: how many items at most.
            where: a filter over metadata, as text or as a mapping.
            modalities: only segments of these; all if None.
            min_score: only hits of at least this score.
            only_matches: whether there are no nodes where chance alone may have found the best.
            all_segments: whether other segments of an item that matched well become nodes too.
            media: how pictures and sounds are given: ``path`` for that of their file, where it is
                on this machine, and data elsewhere; ``data`` for a picture, or the seconds that
                matched, small enough for a model; ``none``.
            search_options: others of `anysense.Retriever.retrieve`, such as ``per_modality_k``.
            files: the folder that an `image_path` of a query may lie in; none is read if it is
                None.
            options: those of LlamaIndex's `BaseRetriever`.

        Raises:
            UsageError: an argument is wrong.
            CollectionError: the collection cannot be opened.
        """
        super().__init__(**options)
        self._retriever = open_retriever(
            source, api_key=api_key, collection=collection, timeout=timeout
        )
        self._is_own = self._retriever is not source
        self._options: dict[str, Any] = {
            **(search_options or {}),
            "k": k,
            "where": where,
            "modalities": modalities,
            "min_score": min_score,
        }
        self._only_matches = only_matches
        self._all_segments = all_segments
        if media not in get_args(Media):
            raise UsageError(f"media is one of {', '.join(get_args(Media))}, not {media}.")
        self._media = media
        self._files = None if files is None else Path(files)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        terms = self._terms(query_bundle)
        return self._nodes(self._retriever.retrieve(terms, **self._options))

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        terms = self._terms(query_bundle)
        hits = await self._retriever.aretrieve(terms, **self._options)
        return await asyncio.to_thread(self._nodes, hits)  # which may read files

    def close(self) -> None:
        """Let go of what it has opened itself: the collection, or the connections to a service."""
        if self._is_own:
            self._retriever.close()

    def _terms(self, query: QueryBundle) -> list[Term]:
        terms = [Term(text, modality=Modality.TEXT) for text in query.embedding_strs]
        if query.image_path is not None:
            picture = file_below(query.image_path, self._files)
            terms.append(Term(picture, modality=Modality.IMAGE))
        return terms

    def _nodes(self, hits: Hits) -> list[NodeWithScore]:
        if self._only_matches and hits.no_match:
            return []
        return nodes_of(
            hits,
            media=self._media,
            no_match=hits.no_match,
            all_segments=self._all_segments,
        )
