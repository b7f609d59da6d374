"""Nearest vectors by a Milvus server; pymilvus is imported in this room alone."""
