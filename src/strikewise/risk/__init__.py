"""The only way from a wish to an order."""
