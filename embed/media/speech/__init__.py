"""What is said in sounds, as texts with their seconds: where there is speech, and what is in it."""
