"""Keeping a collection up to date as the files of its sources come and go."""
