"""What helps to ask, and what tells why something was found."""
