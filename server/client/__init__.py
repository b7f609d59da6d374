"""Asking a service from Python, and one retriever for services and collections alike."""
