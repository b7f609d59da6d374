"""Whisper: speech written down, by models of transformers' format."""
