"""Connections of clients: how many there are, how long they may take, and what is no HTTP."""
