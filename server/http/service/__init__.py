"""What the routes share: the collections that are served, their models, and whose turn it is."""
