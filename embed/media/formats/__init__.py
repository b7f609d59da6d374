"""What tells one format of files from another where its first bytes alone do not."""
