"""What is told to whoever asks: fields to filter by, kept media, why something was found."""
