"""What a collection keeps of how its files are to be read, for all builds to come."""
