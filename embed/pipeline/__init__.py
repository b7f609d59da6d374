"""From sources to vectors: decoding runs ahead in threads while the models work."""
