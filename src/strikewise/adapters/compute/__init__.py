"""Where independent pieces of work are done."""
