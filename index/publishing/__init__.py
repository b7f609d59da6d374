"""From the state of the catalog to a generation of the FAISS index that is made current."""
