"""What was known, and when."""
