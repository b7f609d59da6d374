"""A collection on disk, without its encoders: opened, locked, described, verified."""
