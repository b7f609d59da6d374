"""Filters over metadata: from a text or a mapping to a condition in SQL."""
