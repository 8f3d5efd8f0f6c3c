"""What people look at: an account, its positions, signals, charts and volatilities, as plain values."""
