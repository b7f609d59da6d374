"""What is known of models before they are loaded: cards, and profiles, which name sets."""
