"""Collections: the catalog of items, the FAISS index made from it, and ranking over both."""
