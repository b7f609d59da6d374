"""The files of items as answers: in whole or in ranges, and only where a client needs them."""
