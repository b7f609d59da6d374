"""Objects in storage services: their addresses, listed in pages, read by ranges, read once."""
