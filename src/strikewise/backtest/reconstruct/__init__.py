"""Option chains made from real closes and a volatility index where no quotes can be had."""
