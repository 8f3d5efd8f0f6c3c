"""One module for each subject that can be asked about."""
