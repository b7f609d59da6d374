"""One retriever: of a collection of this machine, or of a service."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.index.ranking.options import SearchOptions
from anysense.index.ranking.states import STATE_SECONDS
from anysense.server.client.connection import TIMEOUT_SECONDS, is_address

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from anysense.embed.types import Kind, Modality
    from anysense.index.collection import Collection
    from anysense.index.hits.explanation import Explanation
    from anysense.index.hits.hits import Hits
    from anysense.index.hits.media import ItemReader
    from anysense.index.ranking.query import Query
    from anysense.server.client.client import Client

__all__ = ["Retriever"]


class Retriever:
    """Searches a collection, or a service, in the same way. Safe to use from many threads.

    >>> retriever = Retriever("photos.anysense")
    >>> retriever = Retriever("http://127.0.0.1:8000", api_key="...")
    >>> retriever.retrieve("a dog on the beach", k=5)

    Attributes:
        reader: reads the files of items, by their ids.
    """

    def __init__(
        self,
        source: Collection | Client | str | os.PathLike[str],
        *,
        api_key: str | None = None,
        collection: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        state_seconds: float = STATE_SECONDS,
    ) -> None:
        """Search what `source` is or names; nothing is loaded or sent yet.

        Args:
            source: an open `Collection`, the path of one, the address of a service, or a `Client`.
            api_key: a key of the service, if it has keys.
            collection: the name of one of its collections; its first one if None.
            timeout: how many seconds to wait for the next part of an answer of the service.
            state_seconds: how long the state of a collection of this machine is kept for later
                pages; a service has a setting of its own.

        Raises:
            UsageError: a service's key or collection is given, and the source is none.
            CollectionError: the collection at that path cannot be opened.
        """
        from anysense.server.client.client import Client

        self._close: Callable[[], None] = lambda: None
        self._ask: Callable[[Query, SearchOptions], Hits]
        self._ask_why: Callable[[Query, str, SearchOptions], Explanation]
        if isinstance(source, Client) or not is_address(source):
            if api_key is not None or collection is not None:
                raise UsageError("api_key and collection go with the address of a service.")
        else:
            assert isinstance(source, str)
            source = Client(source, api_key=api_key, collection=collection, timeout=timeout)
            self._close = source.close
        self.reader: ItemReader
        if isinstance(source, Client):
            self._ask, self._ask_why, self.reader = source.ask, source.ask_why, source
        else:
            self._open(source, state_seconds)

    def _open(self, source: Collection | str | os.PathLike[str], state_seconds: float) -> None:
        """Search a collection of this machine."""
        from anysense.index.ranking.query import parse_query
        from anysense.index.ranking.retriever import CollectionRetriever
        from anysense.index.showing.reader import CollectionReader

        if isinstance(source, str) or hasattr(source, "__fspath__"):
            from anysense.index.collection import Collection

            source = Collection.open(Path(source))
            self._close = source.close
        self.reader = CollectionReader(source.folder)
        retriever = CollectionRetriever(source, state_seconds=state_seconds, reader=self.reader)
        self._ask = lambda query, options: retriever.search(parse_query(query), options)
        self._ask_why = lambda query, item_id, options: retriever.explain_parsed(
            parse_query(query), item_id, options
        )

    def close(self) -> None:
        """Let go of the collection or the connections that it has opened itself."""
        self._close()

    def __enter__(self) -> Retriever:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Retriever:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.close)

    def retrieve(
        self,
        query: Query,
        *,
        k: int = 10,
        modalities: Sequence[Modality | str] | None = None,
        where: str | Mapping[str, Any] | None = None,
        min_score: float | None = None,
        per_modality_k: int | None = None,
        offset: int = 0,
        state: str | None = None,
        fusion: str = "calibrated",
        collapse: float | None = None,
        match: str = "both",
        kinds: Sequence[Kind | str] | None = None,
    ) -> Hits:
        """The k items that match best, best first, each with the segment that matched.

        Args:
            query: a text (`str`), a file (`pathlib.Path`), bytes, a PIL image, a waveform, a
                `Term`, or a list of these, which combine.
            k: how many hits at most, 1 to 1000.
            modalities: only segments of these; all if None.
            where: a filter over metadata, as text or as a mapping.
            min_score: only hits of at least this score.
            per_modality_k: at most so many hits of each modality.
            offset: leave out so many of the best; with k, at most 1000. Pages fit together if they
                have the same k and state.
            state: of an earlier page: search what the collection held then, whatever has been
                added since. Items that were removed since are left out.
            fusion: ``calibrated``, ``rrf`` or ``round_robin``: how the modalities' lists merge.
            collapse: of segments of one modality whose cosine is at least this, only the best one
                counts; an item may still be found by another of its segments.
            match: ``both``, ``vector`` or ``words``: by what texts are found. The words are those
                of the query's texts that are not subtracted, in passages, captions and the names of
                files (not with `collapse`); with ``words`` no model is used, and only they count.
            kinds: only items of these: ``text``, ``image``, ``audio``, ``video``, ``document``.

        Raises:
            UsageError: an argument is wrong.
            StateGoneError: `state` is of a search that too many others have come after.
            MediaError: a file of the query cannot be read.
            NoRouteError: no encoder of the collection connects the query to any item.
            ServiceError: the service does not answer.
        """
        options = SearchOptions(
            k=k,
            modalities=modalities,
            where=where,
            min_score=min_score,
            per_modality_k=per_modality_k,
            offset=offset,
            state=state,
            fusion=fusion,
            collapse=collapse,
            match=match,
            kinds=kinds,
        )
        return self._ask(query, options)

    def explain(self, query: Query, item_id: str, **options: Any) -> Explanation:
        """Why a search finds an item: its score beside what chance gives, and each term's share.

        Args:
            query: as for `retrieve`.
            item_id: the id of the item.
            options: those of `retrieve`; with the same `k` and the `state` of the hits, the score
                is that of the item's hit on whichever page it stands.

        Raises:
            ItemNotFoundError: there is no such item.
            NoHitError: the search may not find it, as it is of another kind, say.
            AnysenseError: as for `retrieve`.
        """
        return self._ask_why(query, item_id, SearchOptions(**options))

    async def aretrieve(self, query: Query, **options: Any) -> Hits:
        """What `retrieve` does, in a thread; if it is cancelled, it stops at its next batch."""
        from anysense.embed.waiting import Waiter, waited_for_by

        waiter = Waiter()

        def retrieve() -> Hits:
            with waited_for_by(waiter):
                return self.retrieve(query, **options)

        try:
            return await asyncio.to_thread(retrieve)
        except asyncio.CancelledError:
            waiter.leave()
            raise
