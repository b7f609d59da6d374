"""What texts are made of, as their formats say: headings, and blocks that are of most use whole."""
