"""Settings read, parts chosen: the only place that knows the mode."""
