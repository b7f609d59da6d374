"""A collection as the document store of a Haystack pipeline."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense import Collection
from anysense.adapters.haystack.documents import (
    KEPT,
    check_document,
    check_meta,
    document_of_item,
)
from anysense.adapters.haystack.fields import (
    count_unique,
    fields_info,
    min_max,
    unique_values,
)
from anysense.adapters.haystack.filters import where_of
from anysense.adapters.haystack.framework import (
    Document,
    DuplicateDocumentError,
    DuplicatePolicy,
    default_from_dict,
    default_to_dict,
)
from anysense.adapters.haystack.reading import blob_of_item, text_of_item
from anysense.adapters.haystack.writing import write
from anysense.embed.forking import new_rlock
from anysense.index.catalog.browse import list_items
from anysense.index.filters.filter import parse_filter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from anysense.index.catalog.browse import ItemRow

__all__ = ["AnysenseDocumentStore"]

_PAGE = 500
"""Items that are read at once."""


class AnysenseDocumentStore:
    """Keeps documents in a collection, which finds them by their texts, pictures and sounds.

    The collection's encoders make the vectors when documents are written. An `embedding` that a
    document brings along is kept with it, and nothing is found by it.

    >>> store = AnysenseDocumentStore("my.anysense")
    >>> store.write_documents([Document(content="The tide tables are in the blue folder.")])
    1
    """

    def __init__(
        self,
        path: str | Path | Collection,
        *,
        encoders: Sequence[str] = ("starter",),
        device: str = "auto",
        return_blobs: bool = True,
        publish_after: int = 2000,
    ) -> None:
        """Name a collection. It is opened, or made if there is none, when it is first used.

        Args:
            path: its folder; or a collection that is open, which the store does not close.
            encoders: of a collection that is made, the names of its encoders.
            device: ``auto``, ``cpu`` or ``cuda``.
            return_blobs: whether `filter_documents` reads the files of documents. They are all in
                memory then.
            publish_after: how many segments may be new or removed before a write brings the FAISS
                index up to date; a twentieth of the collection if that is more.
        """
        self.path = path.path if isinstance(path, Collection) else Path(path)
        self.encoders = list(encoders)
        self.device = device
        self.return_blobs = return_blobs
        self.publish_after = publish_after
        self._opening, self._writes = new_rlock(), new_rlock()
        self._is_own = not isinstance(path, Collection)
        self._collection = path if isinstance(path, Collection) else None

    def to_dict(self) -> dict[str, Any]:
        """The store as a pipeline's file has it: where its collection is, not what is in it."""
        return default_to_dict(
            self,
            path=str(self.path),
            encoders=self.encoders,
            device=self.device,
            return_blobs=self.return_blobs,
            publish_after=self.publish_after,
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> AnysenseDocumentStore:
        """The reverse of `to_dict`."""
        store: AnysenseDocumentStore = default_from_dict(cls, data)
        return store

    @property
    def collection(self) -> Collection:
        """The collection, opened or made when it is first asked for.

        Raises:
            CollectionError: it cannot be opened or made.
        """
        with self._opening:
            if self._collection is None:
                if Collection.exists(self.path):
                    self._collection = Collection.open(self.path, device=self.device)
                else:
                    made = Collection.create(self.path, self.encoders, device=self.device)
                    self._collection = made
            return self._collection

    def close(self) -> None:
        """Let go of the collection, if the store has opened it; the next use opens it again."""
        with self._opening:
            if self._is_own and self._collection is not None:
                self._collection.close()
                self._collection = None

    # Reading

    def count_documents(self) -> int:
        """How many documents there are."""
        return sum(self.collection.snapshot().items_by_kind().values())

    def filter_documents(self, filters: dict[str, Any] | None = None) -> list[Document]:
        """The documents that a filter selects, in the order in which they were written.

        Raises:
            FilterError: Haystack's: the filter is malformed, or anysense cannot say it.
        """
        return [self._document(row) for row in self._rows(filters)]

    def count_documents_by_filter(self, filters: dict[str, Any]) -> int:
        """How many documents a filter selects."""
        return sum(1 for _ in self._rows(filters))

    def count_unique_metadata_by_filter(
        self, filters: dict[str, Any], metadata_fields: list[str]
    ) -> dict[str, int]:
        """How many different values some fields have in the documents that a filter selects."""
        return count_unique(self._metas(filters), metadata_fields)

    def get_metadata_fields_info(self) -> dict[str, dict[str, str]]:
        """The fields of `meta`, each with its type: `boolean`, `int`, `float` or `keyword`."""
        return fields_info(self._metas())

    def get_metadata_field_min_max(self, metadata_field: str) -> dict[str, Any]:
        """The least and the greatest value of a field, as `min` and `max`."""
        return min_max(self._metas(), metadata_field)

    def get_metadata_field_unique_values(
        self,
        metadata_field: str,
        search_term: str | None = None,
        from_: int = 0,
        size: int = 10,
        filters: dict[str, Any] | None = None,
    ) -> tuple[list[Any], int]:
        """A page of the different values of a field, and how many there are in all."""
        values = unique_values(self._metas(filters), metadata_field, search_term)
        return values[from_ : from_ + size], len(values)

    def _rows(self, filters: Mapping[str, Any] | None = None) -> Iterator[ItemRow]:
        where, after = parse_filter(where_of(filters)), None
        catalog = self.collection.snapshot().catalog
        while rows := list_items(catalog, after, _PAGE, where=where):
            yield from rows
            after = rows[-1].position

    def _metas(self, filters: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        for row in self._rows(filters):
            yield {key: value for key, value in row.metadata.items() if key != KEPT}

    def _document(self, row: ItemRow) -> Document:
        folder = self.collection.folder
        blob = blob_of_item(folder, row) if self.return_blobs else None
        content = None if KEPT in row.metadata else text_of_item(folder, row)
        return document_of_item(row.id, row.metadata, content, blob)

    # Writing

    def write_documents(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """Encode documents and keep them; what was written is on the disk and can be found.

        Args:
            documents: what to write.
            policy: what becomes of a document whose id is there already, or twice among these:
                ``FAIL``, which ``NONE`` means too, writes nothing; ``SKIP`` keeps the first,
                ``OVERWRITE`` the last.

        Returns:
            How many were written; with ``OVERWRITE`` how many were given.

        Raises:
            ValueError: these are no documents.
            DuplicateDocumentError: an id is there, and `policy` does not say what then.
            DocumentStoreError: some cannot be kept. If that shows before anything is encoded,
                nothing was written; else, as of a damaged picture, all others were.
            CollectionLockedError: another process is writing.
            StorageError: the disk refused.
        """
        if not isinstance(documents, list) or not all(isinstance(d, Document) for d in documents):
            raise ValueError("Documents are written as a list of Document.")
        for document in documents:
            check_document(document)
        with self._writing() as collection:
            existing = collection.folder.existing([document.id for document in documents])
            chosen = _chosen(documents, policy, existing)
            write(collection, chosen)
        return len(documents) if policy is DuplicatePolicy.OVERWRITE else len(chosen)

    def delete_documents(self, document_ids: list[str]) -> None:
        """Remove documents; ids that are not there are left out."""
        with self._writing() as collection:
            collection.remove(document_ids)

    def delete_all_documents(self) -> None:
        """Remove every document."""
        self.delete_by_filter({})

    def delete_by_filter(self, filters: dict[str, Any]) -> int:
        """Remove the documents that a filter selects, and tell how many those were."""
        with self._writing() as collection:
            return collection.remove([row.id for row in self._rows(filters)])

    def update_by_filter(self, filters: dict[str, Any], meta: dict[str, Any]) -> int:
        """Add to the `meta` of the documents that a filter selects, and tell how many those were.

        Raises:
            DocumentStoreError: `meta` has a key that the store needs.
        """
        check_meta(meta, "to add")
        with self._writing() as collection:
            changed = {row.id: {**row.metadata, **meta} for row in self._rows(filters)}
            collection.describe(changed)
            return len(changed)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Collection]:
        """The collection, while no other thread of this store and no other process writes to it."""
        with self._writes:
            collection = self.collection
            try:
                with collection.folder.writing():
                    yield collection
                    self._publish_if_due(collection)
            finally:
                if self._is_own:
                    collection.release()

    def _publish_if_due(self, collection: Collection) -> None:
        """Bring the index up to date, so that searches need not compare with each new segment."""
        snapshot = collection.snapshot()
        changes = snapshot.unpublished + len(snapshot.tombstones)
        if changes >= max(self.publish_after, sum(snapshot.partitions.values()) // 20):
            collection.publish()

    # The same, for pipelines that do not wait

    async def count_documents_async(self) -> int:
        """As `count_documents`."""
        return await asyncio.to_thread(self.count_documents)

    async def filter_documents_async(self, filters: dict[str, Any] | None = None) -> list[Document]:
        """As `filter_documents`."""
        return await asyncio.to_thread(self.filter_documents, filters)

    async def count_documents_by_filter_async(self, filters: dict[str, Any]) -> int:
        """As `count_documents_by_filter`."""
        return await asyncio.to_thread(self.count_documents_by_filter, filters)

    async def count_unique_metadata_by_filter_async(
        self, filters: dict[str, Any], metadata_fields: list[str]
    ) -> dict[str, int]:
        """As `count_unique_metadata_by_filter`."""
        return await asyncio.to_thread(
            self.count_unique_metadata_by_filter, filters, metadata_fields
        )

    async def get_metadata_fields_info_async(self) -> dict[str, dict[str, str]]:
        """As `get_metadata_fields_info`."""
        return await asyncio.to_thread(self.get_metadata_fields_info)

    async def get_metadata_field_min_max_async(self, metadata_field: str) -> dict[str, Any]:
        """As `get_metadata_field_min_max`."""
        return await asyncio.to_thread(self.get_metadata_field_min_max, metadata_field)

    async def get_metadata_field_unique_values_async(
        self,
        metadata_field: str,
        search_term: str | None = None,
        from_: int = 0,
        size: int = 10,
        filters: dict[str, Any] | None = None,
    ) -> tuple[list[Any], int]:
        """As `get_metadata_field_unique_values`."""
        return await asyncio.to_thread(
            self.get_metadata_field_unique_values,
            metadata_field,
            search_term,
            from_,
            size,
            filters,
        )

    async def write_documents_async(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """As `write_documents`."""
        return await asyncio.to_thread(self.write_documents, documents, policy)

    async def delete_documents_async(self, document_ids: list[str]) -> None:
        """As `delete_documents`."""
        await asyncio.to_thread(self.delete_documents, document_ids)

    async def delete_all_documents_async(self) -> None:
        """As `delete_all_documents`."""
        await asyncio.to_thread(self.delete_all_documents)

    async def delete_by_filter_async(self, filters: dict[str, Any]) -> int:
        """As `delete_by_filter`."""
        return await asyncio.to_thread(self.delete_by_filter, filters)

    async def update_by_filter_async(self, filters: dict[str, Any], meta: dict[str, Any]) -> int:
        """As `update_by_filter`."""
        return await asyncio.to_thread(self.update_by_filter, filters, meta)


def _chosen(
    documents: Sequence[Document], policy: DuplicatePolicy, existing: set[str]
) -> list[Document]:
    """Those of some documents that are to be written.

    Raises:
        DuplicateDocumentError: an id is there already, or given twice, and that is not allowed.
    """
    if policy is DuplicatePolicy.OVERWRITE:
        return list({document.id: document for document in documents}.values())
    chosen: dict[str, Document] = {}
    for document in documents:
        is_known = document.id in existing or document.id in chosen
        if is_known and policy is not DuplicatePolicy.SKIP:
            raise DuplicateDocumentError(
                f"There is a document {document.id} already, and nothing was written: the policy "
                "OVERWRITE replaces it, and SKIP keeps it."
            )
        if not is_known:
            chosen[document.id] = document
    return list(chosen.values())
