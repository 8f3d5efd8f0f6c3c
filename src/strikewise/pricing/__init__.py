"""What an option is worth, and how that moves: prices, Greeks, implied volatility, carry."""
