"""One module a strategy; they never import each other."""
