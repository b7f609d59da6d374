"""What a build is given: folders, globs, files and tables, and what they hold now."""
