"""One FAISS index over every vector: storing, building and searching collections."""
