"""Recordings as mono samples, whole or window by window, whichever library decodes them."""
