"""Collections of folders in the user's cache: made, kept up to date, searched together, cleared."""
