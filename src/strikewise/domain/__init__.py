"""What the words mean: frozen values and facts, on the standard library and numpy only."""
