"""The outer layer: command line and HTTP service."""
