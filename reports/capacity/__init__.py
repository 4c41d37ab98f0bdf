"""How many lines, seats and nodes a city needs."""
