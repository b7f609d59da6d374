"""For LangChain: a retriever, embeddings, a vector store, and a tool for agents."""

from anysense.adapters.langchain.documents import document_of, documents_of
from anysense.adapters.langchain.embeddings import AnysenseEmbeddings
from anysense.adapters.langchain.retriever import AnysenseRetriever
from anysense.adapters.langchain.tool import AnysenseTool
from anysense.adapters.langchain.vectorstore import AnysenseVectorStore

__all__ = [
    "AnysenseEmbeddings",
    "AnysenseRetriever",
    "AnysenseTool",
    "AnysenseVectorStore",
    "document_of",
    "documents_of",
]
