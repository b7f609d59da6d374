"""The HTTP service of one collection."""
