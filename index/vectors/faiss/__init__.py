"""The one FAISS index of a collection; faiss is imported in this room alone."""
