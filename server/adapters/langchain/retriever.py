"""The retriever of LangChain: what `anysense.Retriever` finds, as documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.documents import Document
from langchain_core.documents.base import Blob
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables.config import run_in_executor
from pydantic import ConfigDict, Field, PrivateAttr, SecretStr

from anysense import Retriever
from anysense.adapters.facts import item_in, item_uri
from anysense.adapters.langchain.blocks import blocks_of
from anysense.adapters.langchain.documents import documents_of
from anysense.adapters.langchain.queries import terms_of
from anysense.adapters.media import MESSAGE_BYTES
from anysense.adapters.sources import Source, open_retriever
from anysense.embed.errors import UsageError
from anysense.server.client.connection import TIMEOUT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_core.callbacks import (
        AsyncCallbackManagerForRetrieverRun,
        CallbackManagerForRetrieverRun,
    )
    from langchain_core.messages.content import ContentBlock

    from anysense.adapters.langchain.queries import LangChainQuery
    from anysense.index.hits.hits import Hits
    from anysense.index.hits.media import ItemReader

__all__ = ["AnysenseRetriever"]

ModalityName = Literal["text", "image", "audio"]


class AnysenseRetriever(BaseRetriever):
    """Finds texts, pictures and sounds for a chain.

    >>> retriever = AnysenseRetriever(source="my.anysense", k=5)
    >>> retriever.invoke("waves on a beach", modalities=["image"])

    A query is a text, a message, or a list of content blocks, which combine. A document's text is
    the passage that matched, or what stands for a picture or a sound: its caption, or its name.

    Attributes:
        source: an open `Collection`, the path of one, the URL of a service, a `Client`, or a
            `Retriever`.
        api_key: of the service.
        collection: the name of a collection of the service.
        timeout: how many seconds an answer of the service may take.
        k: how many items at most.
        where: a filter over metadata, as text or as a mapping.
        modalities: only segments of these; all if None.
        min_score: only hits of at least this score.
        only_matches: whether there are no documents where chance alone may have found the best.
        all_segments: whether the other segments of an item that matched well become documents too.
        search_options: others of `anysense.Retriever.retrieve`, such as ``per_modality_k``.
        files: the folder that files which queries name may lie in; none is read if it is None.

    Of these `k`, `where`, `modalities` and `min_score` are arguments of `invoke` as well.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    source: Source = Field(repr=False, exclude=True)
    api_key: SecretStr | None = Field(default=None, repr=False, exclude=True)
    collection: str | None = None
    timeout: float = TIMEOUT_SECONDS
    k: int = 10
    where: str | dict[str, Any] | None = None
    modalities: list[ModalityName] | None = None
    min_score: float | None = None
    only_matches: bool = False
    all_segments: bool = False
    search_options: dict[str, Any] = Field(default_factory=dict)
    files: Path | None = None
    _retriever: Retriever = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Open the source, so that one that cannot be opened is told of here."""
        key = None if self.api_key is None else self.api_key.get_secret_value()
        self._retriever = open_retriever(
            self.source, api_key=key, collection=self.collection, timeout=self.timeout
        )

    @property
    def reader(self) -> ItemReader:
        """Reads the files of items, by their ids."""
        return self._retriever.reader

    def content_blocks(
        self, documents: Document | Sequence[Document], *, max_bytes: int = MESSAGE_BYTES
    ) -> list[ContentBlock]:
        """Content blocks for a model: a text of each document, numbered, and what it shows.

        A picture, or a page of a PDF, is a JPEG; a sound is a WAV file of the seconds that matched.
        They are read now, and made small enough for models; what is left out is said in the text.

        Args:
            documents: what this retriever has found, be it that they were stored meanwhile.
            max_bytes: the most bytes of all media, before base64 makes them a third longer.
        """
        several = [documents] if isinstance(documents, Document) else documents
        return list(blocks_of(several, self.reader, max_bytes))

    async def acontent_blocks(
        self, documents: Document | Sequence[Document], *, max_bytes: int = MESSAGE_BYTES
    ) -> list[ContentBlock]:
        """`content_blocks`, in another thread."""
        return await run_in_executor(None, self.content_blocks, documents, max_bytes=max_bytes)

    def blob(self, document: Document) -> Blob:
        """The whole file of the item that a document is of.

        Raises:
            UsageError: the document is of no item.
            NoMediaError: the item was not made from a file.
            MediaGoneError: its file is gone, or another one by now.
        """
        item_id = item_in(str(document.metadata.get("uri", "")))
        if item_id is None:
            raise UsageError(f"The document {document.id} is of no item: it has no uri.")
        media = self.reader.media(item_id)
        metadata = {"source": media.name, "uri": item_uri(item_id)}
        return Blob.from_data(media.data, mime_type=media.mime_type, metadata=metadata)

    def close(self) -> None:
        """Let go of what it has opened itself: the collection, or the connections to a service."""
        if self._retriever is not self.source:
            self._retriever.close()

    def _get_relevant_documents(
        self,
        query: LangChainQuery,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        where: str | Mapping[str, Any] | None = None,
        modalities: Sequence[str] | None = None,
        min_score: float | None = None,
    ) -> list[Document]:
        terms = terms_of(query, self.files)
        options = self._options(k, where, modalities, min_score)
        return self._documents(self._retriever.retrieve(terms, **options))

    async def _aget_relevant_documents(
        self,
        query: LangChainQuery,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        k: int | None = None,
        where: str | Mapping[str, Any] | None = None,
        modalities: Sequence[str] | None = None,
        min_score: float | None = None,
    ) -> list[Document]:
        terms = terms_of(query, self.files)
        options = self._options(k, where, modalities, min_score)
        return self._documents(await self._retriever.aretrieve(terms, **options))

    def _options(
        self,
        k: int | None,
        where: str | Mapping[str, Any] | None,
        modalities: Sequence[str] | None,
        min_score: float | None,
    ) -> dict[str, Any]:
        """The options of a search: those of a call before those of the retriever."""
        return {
            **self.search_options,
            "k": self.k if k is None else k,
            "where": self.where if where is None else where,
            "modalities": self.modalities if modalities is None else modalities,
            "min_score": self.min_score if min_score is None else min_score,
        }

    def _documents(self, hits: Hits) -> list[Document]:
        if self.only_matches and hits.no_match:
            return []
        return documents_of(hits, no_match=hits.no_match, all_segments=self.all_segments)
