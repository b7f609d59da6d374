"""Other encoders for a collection that is searched and added to meanwhile."""
