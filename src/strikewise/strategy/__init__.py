"""What to open, how large, and what to do with what is held."""
