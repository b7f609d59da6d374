"""What a search found: hits, and what a language model can take of them."""
