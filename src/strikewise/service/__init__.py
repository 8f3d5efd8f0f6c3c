"""All that a person, a program or an agent may ask for."""
