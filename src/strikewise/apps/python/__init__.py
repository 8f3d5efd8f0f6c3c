"""strikewise from Python: the same verbs as the command line, in a few lines."""
