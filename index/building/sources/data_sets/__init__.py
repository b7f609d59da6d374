"""Data sets of Hugging Face as sources: rows are read in place, by pyarrow alone."""
