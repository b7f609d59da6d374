"""RAW photos of cameras, read by LibRaw in a process of its own."""
