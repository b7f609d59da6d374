"""Encoders of sentence-transformers: texts, images, sounds and clips, as a model takes them."""
