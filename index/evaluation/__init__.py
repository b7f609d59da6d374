"""How well a collection answers labelled queries."""
