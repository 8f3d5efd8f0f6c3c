"""Orders to fills: brokers, fees, settlement."""
