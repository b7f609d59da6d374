"""How people reach a collection: the command line and the HTTP service."""
