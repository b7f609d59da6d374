"""Several processes behind one port: those that read, the one that writes, and their parent."""
