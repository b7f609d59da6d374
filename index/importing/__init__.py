"""Vectors that were made elsewhere -> items."""
