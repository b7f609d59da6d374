"""Encoders by name: the models that are known, and what all of them share."""
