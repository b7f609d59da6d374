"""For LlamaIndex: a retriever, and embeddings of texts, pictures and sounds."""

from anysense.adapters.llama_index.embeddings import AnysenseEmbedding
from anysense.adapters.llama_index.nodes import FoundNode, node_of, nodes_of
from anysense.adapters.llama_index.retriever import AnysenseRetriever

__all__ = ["AnysenseEmbedding", "AnysenseRetriever", "FoundNode", "node_of", "nodes_of"]
