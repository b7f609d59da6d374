"""Encoders of sentence-transformers: text against text."""
