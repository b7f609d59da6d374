"""The words of texts and of names, by which SQLite's FTS5 finds them."""
