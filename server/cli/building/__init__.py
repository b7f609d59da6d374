"""What a command that builds does and says."""
