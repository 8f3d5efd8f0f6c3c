"""strikewise: an options-trading system that does not fool itself."""
