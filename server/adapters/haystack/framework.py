"""What the adapter uses of Haystack, or which extra brings it."""

from anysense.adapters.missing import MissingExtraError

try:
    from haystack import component, default_from_dict, default_to_dict
    from haystack.core.errors import SerializationError
    from haystack.dataclasses import ByteStream, Document, SparseEmbedding
    from haystack.document_stores.errors import DocumentStoreError, DuplicateDocumentError
    from haystack.document_stores.types import DuplicatePolicy
    from haystack.errors import FilterError
    from haystack.utils import Secret
except ImportError as error:
    raise MissingExtraError("haystack") from error

__all__ = [
    "ByteStream",
    "Document",
    "DocumentStoreError",
    "DuplicateDocumentError",
    "DuplicatePolicy",
    "FilterError",
    "Secret",
    "SerializationError",
    "SparseEmbedding",
    "component",
    "default_from_dict",
    "default_to_dict",
]
