"""The past, by the same loop."""
