"""A file or its bytes as checked content: what kind it is, and its pixels, samples or text."""
