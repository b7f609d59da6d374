"""Encoders and media: from files, bytes and strings to vectors."""
