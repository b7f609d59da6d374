"""The catalog in SQLite: items, segments, vectors and files, which are the truth."""
