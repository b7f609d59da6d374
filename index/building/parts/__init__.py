"""Encoded items in files of their own, which are merged into collections: a part is one of them."""
