"""Finding nearest vectors: what an index holds, where, and how much of it a search scans."""
