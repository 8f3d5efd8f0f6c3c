"""Where chains, bars and facts are kept."""
