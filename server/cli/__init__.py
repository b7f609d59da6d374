"""The command `anysense`: its root, its words, and what it prints."""
