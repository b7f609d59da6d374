"""A collection in Haystack: the store of a pipeline's documents, and a retriever."""

from anysense.adapters.haystack.retriever import AnysenseRetriever
from anysense.adapters.haystack.store import AnysenseDocumentStore

__all__ = ["AnysenseDocumentStore", "AnysenseRetriever"]
