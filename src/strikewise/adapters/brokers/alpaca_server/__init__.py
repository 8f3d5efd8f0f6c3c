"""A local server that speaks Alpaca's protocol, the simulated broker behind it: for tests and rehearsal."""
