"""Encoding on many machines: Ray's actors make parts of what a build has to encode."""
