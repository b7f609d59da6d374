"""Bridges between spaces that share texts but not images and sounds."""
