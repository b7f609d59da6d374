"""Commands that take in vectors which were made elsewhere."""
