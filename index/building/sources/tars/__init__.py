"""Tars as sources: members are read in place, and nothing is ever extracted."""
