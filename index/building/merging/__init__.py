"""Parts and other collections as one collection."""
