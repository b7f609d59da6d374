"""Who may ask what, and how often: keys, the file that holds them, rates."""
