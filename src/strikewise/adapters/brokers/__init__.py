"""Brokers: who fills orders, translated into the port of `strikewise.execution.broker`."""
