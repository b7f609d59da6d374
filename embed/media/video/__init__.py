"""Videos: their frames and their sound, with times, in one reading of the file."""
