"""A file or its bytes as checked content: what format it is in, and its pixels, samples or text."""
