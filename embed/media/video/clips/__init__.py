"""Seconds of a video as a film of their own."""
