"""The files of items, opened with care and answered in whole, in ranges, small or as a curve."""
