"""A collection in two dimensions: what lies near what, drawn when it is published."""
