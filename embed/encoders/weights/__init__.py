"""Weights of models: found in caches or fetched, and read without trusting them."""
