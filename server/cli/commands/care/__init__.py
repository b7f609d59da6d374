"""Commands that look after a collection that is there: its models, its space, its soundness."""
