"""What people are shown of items: their files, opened with care, small pictures, curves, clips."""
