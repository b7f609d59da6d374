"""The vector store of LangChain: a collection of this machine, which embeds by itself."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from langchain_core.vectorstores import VectorStore

from anysense import Collection, Modality, NewItem, Term
from anysense.adapters.embedders import text_space
from anysense.adapters.langchain.arguments import paired, refuse_unknown
from anysense.adapters.langchain.diversity import choose_diverse
from anysense.adapters.langchain.embeddings import AnysenseEmbeddings
from anysense.adapters.langchain.opening import open_collection
from anysense.adapters.langchain.queries import terms_of
from anysense.adapters.langchain.stored import (
    document_of_hit,
    document_of_item,
    kept_metadata,
    relevance,
    selected_ids,
)
from anysense.embed.errors import UsageError
from anysense.embed.forking import new_rlock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings

    from anysense.adapters.langchain.queries import LangChainQuery
    from anysense.index.hits.hits import Hits

    Where = str | Mapping[str, Any] | None

__all__ = ["AnysenseVectorStore"]

AT_ONCE = 1000
"""How many items are removed in one transaction."""


class AnysenseVectorStore(VectorStore):
    """A collection as LangChain's vector store: texts, and files of pictures and sounds.

    What is added is on the disk when the call returns. The collection's own encoders embed; a
    text comes back as it was added, with its metadata and its id.

    >>> store = AnysenseVectorStore("notes.anysense")
    >>> store.add_texts(["A red boat."], [{"year": 2021}], ids=["boat"])
    >>> store.similarity_search("ships", k=1, filter={"year": {"$gte": 2020}})
    """

    def __init__(
        self,
        collection: Collection | Path | str,
        embedding: AnysenseEmbeddings | None = None,
        *,
        files: Path | None = None,
        publish_after: int = 2000,
    ) -> None:
        """Use a collection.

        Args:
            collection: one that is open, or the path of one, which is made if it is not there.
            embedding: which model one that is made gets (``starter`` if None). It is not loaded
                twice: a collection embeds with encoders of its own.
            files: the folder that files which queries name may lie in; none is read if it is None.
            publish_after: how many segments may be new or removed before a change brings the FAISS
                index up to date; a twentieth of the collection if that is more.

        Raises:
            UsageError: the collection has other encoders than `embedding`.
            CollectionError: it cannot be opened or made.
        """
        self._files = files
        self._publish_after = publish_after
        self._writes = new_rlock()
        self._is_own = not isinstance(collection, Collection)
        self._collection = open_collection(collection, embedding)
        self._embeddings = AnysenseEmbeddings.of(self._collection)

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        path: Path | str | None = None,
        **kwargs: Any,
    ) -> AnysenseVectorStore:
        """A store of texts, in the collection at a path, which is made if it is not there.

        Args:
            texts: what to add.
            embedding: `AnysenseEmbeddings`.
            metadatas: of each text.
            ids: of each text.
            path: of the collection; must be given.
            kwargs: as of the constructor.

        Raises:
            UsageError: there is no path, or the embedding is another one.
            CollectionError: the collection cannot be opened, made, or written to.
        """
        if path is None:
            raise UsageError("A collection lies on the disk: say where, with path=.")
        store = cls(path, embedding, **kwargs)  # type: ignore[arg-type]  # which it checks
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @property
    def collection(self) -> Collection:
        """What is stored."""
        return self._collection

    @property
    def embeddings(self) -> AnysenseEmbeddings:
        """The model that the collection has for texts."""
        return self._embeddings

    def close(self) -> None:
        """Close the collection, if the store has opened it. What was added is safe without it."""
        if self._is_own:
            self._collection.close()

    # Adding and removing

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        batch_size: int | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Add texts; those of ids that are there are replaced.

        Args:
            texts: what to add.
            metadatas: of each text: anything that JSON can hold.
            ids: of each text; made where there is none.
            batch_size: how many the model takes at once; chosen by the device if None.
            kwargs: none are known.

        Returns:
            The ids.

        Raises:
            UsageError: the numbers differ; or some texts cannot be kept: the others are.
            CollectionLockedError: another process is writing.
            StorageError: the disk refused.
        """
        refuse_unknown(kwargs)
        contents = list(texts)
        given = paired(len(contents), metadatas, ids)
        encoders = self._collection.encoders()
        items = [
            NewItem(
                text,
                id=item_id or str(uuid4()),
                metadata=kept_metadata(encoders, text, metadata),
                modality=Modality.TEXT,
            )
            for text, (metadata, item_id) in zip(contents, given, strict=True)
        ]
        return self._add(items, batch_size)

    def add_files(
        self,
        paths: Iterable[Path | str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
    ) -> list[str]:
        """Add files where they lie: pictures, sounds, texts and PDFs.

        Args:
            paths: of the files.
            metadatas: of each.
            ids: of each; made of its path where there is none.

        Returns:
            The ids.

        Raises:
            UsageError: the numbers differ; or some files cannot be read: the others are added.
            CollectionLockedError, StorageError: as for `add_texts`.
        """
        files = [Path(path) for path in paths]
        given = paired(len(files), metadatas, ids)
        items = [
            NewItem(file, id=item_id, metadata=metadata)
            for file, (metadata, item_id) in zip(files, given, strict=True)
        ]
        return self._add(items)

    def _add(self, items: Sequence[NewItem], batch_size: int | None = None) -> list[str]:
        with self._writing() as collection:
            report = collection.add(items, batch_size=batch_size)
        if report.failed:
            first = report.failed[0]
            raise UsageError(
                f"{len(report.failed)} of {len(items)} could not be added, and the others were; "
                f"number {first.index}, counted from 0, {first.reason}."
            )
        return [item_id for item_id in report.ids if item_id is not None]

    @contextmanager
    def _writing(self) -> Iterator[Collection]:
        """Change the collection; one that the store has opened is then free for other processes."""
        collection = self._collection
        with self._writes:
            try:
                yield collection
                state = collection.snapshot()
                changes = state.unpublished + len(state.tombstones)
                if changes >= max(self._publish_after, sum(state.partitions.values()) // 20):
                    collection.publish()
            finally:
                if self._is_own:
                    collection.release()

    def delete(
        self,
        ids: Sequence[str] | None = None,
        *,
        filter: Where = None,  # noqa: A002 - LangChain's name for it
        **kwargs: Any,
    ) -> bool:
        """Remove items; ids that are not there are left out.

        Args:
            ids: of the items; of those that `filter` selects, or of all, if None.
            filter: see `docs/filters.md`.
            kwargs: none are known.

        Returns:
            True.

        Raises:
            UsageError: both are given, or the filter cannot be read.
            CollectionLockedError: another process is writing.
            StorageError: the disk refused.
        """
        refuse_unknown(kwargs)
        if ids is not None and filter is not None:
            raise UsageError("Give ids or a filter, not both.")
        gone = selected_ids(self._collection, filter) if ids is None else list(ids)
        with self._writing() as collection:
            for start in range(0, len(gone), AT_ONCE):
                collection.remove(gone[start : start + AT_ONCE])
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of some ids, in their order; ids that are not there are left out."""
        there = self._collection.folder.existing(list(ids))
        snapshot = self._collection.snapshot()
        return [document_of_item(snapshot.item(item_id)) for item_id in ids if item_id in there]

    # Searching

    def similarity_search(
        self,
        query: LangChainQuery,
        k: int = 4,
        filter: Where = None,  # noqa: A002 - LangChain's name for it
        **kwargs: Any,
    ) -> list[Document]:
        """The documents that match best.

        Args:
            query: a text, a message, or content blocks, which combine.
            k: how many at most.
            filter: only items that it selects; see `docs/filters.md`.
            kwargs: other options of `anysense.Retriever.retrieve`, such as `modalities`.

        Raises:
            UsageError: an argument is wrong.
            MediaError: a picture or a sound of the query cannot be read.
            NoRouteError: no encoder of the collection connects the query to any item.
        """
        return [document_of_hit(hit) for hit in self._search(query, k, filter, **kwargs)]

    def similarity_search_with_score(
        self,
        query: LangChainQuery,
        k: int = 4,
        filter: Where = None,  # noqa: A002 - LangChain's name for it
        **kwargs: Any,
    ) -> list[tuple[Document, float]]:
        """`similarity_search`, with scores: the higher, the better the match.

        A score of 2 is one that chance gives to one in 100 segments that have nothing to do with
        the query, a score of 3 one that it gives to one in 1,000.
        """
        hits = self._search(query, k, filter, **kwargs)
        return [(document_of_hit(hit), hit.score) for hit in hits]

    def similarity_search_by_vector(
        self,
        embedding: Sequence[float],
        k: int = 4,
        filter: Where = None,  # noqa: A002 - LangChain's name for it
        *,
        space: str | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The documents that match a vector best.

        Args:
            embedding: the vector.
            k: how many at most.
            filter: only items that it selects.
            space: the space of the vector; that of `embeddings` if None.
            kwargs: other options of `anysense.Retriever.retrieve`.
        """
        term = self._vector_term(embedding, space)
        return [document_of_hit(hit) for hit in self._search(term, k, filter, **kwargs)]

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Where = None,  # noqa: A002 - LangChain's name for it
        **kwargs: Any,
    ) -> list[Document]:
        """Documents that match a text and are unlike each other.

        Args:
            query: a text.
            k: how many at most.
            fetch_k: from how many of the best they are chosen.
            lambda_mult: 1 for those that match best, 0 for those that differ most.
            filter: only items that it selects.
            kwargs: other options of `anysense.Retriever.retrieve`.
        """
        hits = self._search(query, fetch_k, filter, **kwargs)
        encoders = [e for e in self._collection.encoders() if Modality.TEXT in e.space.modalities]
        found = {hit.space for hit in hits}
        queries = {
            encoder.space.id: AnysenseEmbeddings(encoder).embed_query(query)
            for encoder in encoders
            if encoder.space.id in found
        }
        chosen = choose_diverse(self._collection.snapshot(), hits, queries, k, lambda_mult)
        return [document_of_hit(hit) for hit in chosen]

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: Sequence[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Where = None,  # noqa: A002 - LangChain's name for it
        *,
        space: str | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Documents that match a vector and are unlike each other, of those in its space.

        The arguments are those of the methods above.
        """
        term = self._vector_term(embedding, space)
        of_space = {s.id: s.modalities for s in self._collection.spaces}
        options = {"modalities": sorted(of_space.get(term.space or "", ())), **kwargs}
        hits = self._search(term, fetch_k, filter, **options)
        queries = {term.space or "": list(embedding)}
        chosen = choose_diverse(self._collection.snapshot(), hits, queries, k, lambda_mult)
        return [document_of_hit(hit) for hit in chosen]

    def _search(self, query: LangChainQuery | Term, k: int, where: Where, **options: Any) -> Hits:
        terms = [query] if isinstance(query, Term) else terms_of(query, self._files)
        return self._collection.search(terms, k, where=where, **options)

    def _vector_term(self, embedding: Sequence[float], space: str | None) -> Term:
        import numpy as np

        chosen = space or text_space(self._collection).id
        return Term(vector=np.asarray(embedding, np.float32), space=chosen)

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return relevance
